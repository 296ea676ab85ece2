//! Lists: what has room, in which order, and what is said about it.

use admin_tui::view::Target;
use crossterm::event::KeyCode;

use crate::support::{Console, demo, shown};

#[test]
fn no_amount_is_hidden_where_there_is_room() {
    for view in admin_tui::views::ALL {
        for size in [(80, 24), (120, 40), (200, 60)] {
            let text = Console::new(shown(view), size).text();
            assert!(!text.contains("###"), "{} {size:?}:\n{text}", view.name);
        }
    }
}

#[test]
fn what_is_cut_in_the_row_under_the_cursor_can_be_read() {
    let mut console = Console::new(Target::of("dead-message-groups"), (80, 24));
    let row = console.pane().row().unwrap().clone();
    let text = console.text();
    let shown: String = text.split_whitespace().collect();
    let body: Vec<String> = row.cells.iter().map(|cell| cell.show(demo().recorded_at)).collect();
    for cell in body.iter().filter(|cell| cell.len() > 20) {
        let cell: String = cell.split_whitespace().collect();
        assert!(shown.contains(&cell), "{cell} in\n{text}");
    }
}

#[test]
fn the_queue_of_an_incident_goes_with_it() {
    let mut console = Console::new(Target::of("incidents"), (120, 40));
    let row = console.find(|row| !row.id.ends_with(" database"));
    let (cause, queue) = row.id.rsplit_once(' ').unwrap();
    console.key(KeyCode::Enter);
    let pane = console.pane();
    assert_eq!(pane.trouble, None);
    assert_eq!(pane.target.params.get("queue").map(String::as_str), Some(queue));
    assert_eq!(pane.target.params.get("fingerprint").map(String::as_str), Some(cause));
    console.type_text("c");
    let text = console.text();
    assert!(text.contains("sent to the terminal's clipboard"), "{text}");
    assert!(text.contains(&format!("--queue {queue}")), "{text}");
}

#[test]
fn numbers_are_sorted_the_highest_first() {
    let mut console = Console::new(Target::of("groups"), (120, 40));
    let counts = |console: &Console| -> Vec<i64> {
        let pane = console.pane();
        let count = |at: &usize| {
            let value: serde_json::Value = serde_json::from_str(pane.rows[*at].json.get()).unwrap();
            value["count"].as_i64().unwrap()
        };
        pane.shown.iter().map(count).collect()
    };
    console.type_text("ss");
    let sorted = counts(&console);
    assert!(sorted.len() > 1 && sorted.is_sorted_by(|one, two| one >= two), "{sorted:?}");
    console.type_text("S");
    assert!(counts(&console).is_sorted());
    assert!(!console.text().contains("only what is loaded"));
    console.state.panes.last_mut().unwrap().next = Some("there is more".into());
    assert!(console.text().contains("only what is loaded is sorted"), "{}", console.text());
}

#[test]
fn what_was_read_before_is_there_while_the_server_hangs() {
    let mut console = Console::new(Target::of("groups"), (120, 40));
    let cause = console.pane().row().unwrap().id.split(' ').next().unwrap().to_owned();
    console.type_text("5");
    console.late = Some(Vec::new());
    console.type_text("3");
    console.wait(4);
    let text = console.text();
    assert!(text.contains(&cause), "{text}");
    assert!(text.contains("STALE, 4 s old: no answer for 4 s"), "{text}");
}

#[test]
fn a_trouble_can_be_read_to_its_end() {
    let long = "the database does not answer, and this is why: ".repeat(5) + "the-very-end";
    for read in [true, false] {
        let mut console = Console::new(Target::of("groups"), (80, 24));
        let pane = console.state.panes.last_mut().unwrap();
        pane.trouble = Some(long.clone());
        pane.read_at = pane.read_at.filter(|_| read);
        let text = console.text();
        assert!(text.contains("the-very-end"), "{text}");
        assert!(!text.contains("requests,"), "the cost gives way: {text}");
    }
}

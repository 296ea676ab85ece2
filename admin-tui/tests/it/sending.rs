//! While a change is under way.

use admin_tui::source::SourceError;
use admin_tui::state::Mode;
use admin_tui::view::Target;
use crossterm::event::KeyCode;

use crate::support::Console;

const SIZE: (u16, u16) = (120, 40);

/// A change that was sent and has no answer yet.
fn sent() -> Console {
    let mut console = Console::with_changes(Target::of("switches"), SIZE);
    console.find(|row| row.json.get().contains("\"on\":false"));
    console.type_text("Oa drill");
    console.late = Some(Vec::new());
    console.key(KeyCode::Enter);
    console
}

#[test]
fn the_dialog_stays_says_so_and_takes_no_keys() {
    let mut console = sent();
    console.wait(3);
    let text = console.text();
    assert!(text.contains("sending, 3 s"), "{text}");
    console.type_text("jjq:x");
    console.key(KeyCode::Enter);
    assert!(console.text().contains("a drill") && !console.text().contains("a drillj"));
    assert!(!console.state.done);
    console.catch_up();
    assert_eq!(console.changes.len(), 1, "it is sent once");
    assert!(matches!(console.state.mode, Mode::Browse));
    assert!(console.text().contains(": done"), "{}", console.text());
}

#[test]
fn who_leaves_it_is_told_the_answer() {
    let mut console = sent();
    console.key(KeyCode::Esc);
    assert!(matches!(console.state.mode, Mode::Browse));
    assert!(console.text().contains("its answer will be told here"));
    console.type_text("9");
    console.catch_up();
    assert!(console.text().contains(": done"), "{}", console.text());
    assert_eq!(console.pane().view.name, "audit", "nobody is taken away from where he is");
}

#[test]
fn what_was_written_is_offered_again_when_it_failed_after_it_was_left() {
    let mut console = sent();
    let id = console.pane().row().unwrap().id.clone();
    console.refusal = Some(SourceError::Away("recorded".into(), "connection refused".into()));
    console.key(KeyCode::Esc);
    console.catch_up();
    assert!(console.text().contains("asking again is safe"), "{}", console.text());
    assert!(matches!(console.state.mode, Mode::Browse));
    console.find(|row| row.id == id);
    console.type_text("O");
    assert!(console.text().contains("a drill"), "{}", console.text());
}

#[test]
fn of_several_those_that_failed_are_left() {
    let open = Target::of("dead-letters").with("status", "open").with("step", "screen");
    let mut console = Console::with_changes(open, SIZE);
    console.type_text("xxR");
    console.type_text("mended");
    console.key(KeyCode::Enter);
    console.type_text("redrive 2");
    console.late = Some(Vec::new());
    console.key(KeyCode::Enter);
    let late = console.late.take().unwrap();
    let [first, second] = <[_; 2]>::try_from(late).unwrap();
    console.late = Some(vec![first]);
    console.catch_up();
    assert!(console.text().contains("sending"), "{}", console.text());
    console.refusal = Some(SourceError::Away("recorded".into(), "connection refused".into()));
    console.late = Some(vec![second]);
    console.catch_up();
    let Mode::Dialog(dialog) = &console.state.mode else { panic!("{}", console.text()) };
    assert_eq!(dialog.ids.len(), 1);
    assert!(console.text().contains("1 done, 1 not"), "{}", console.text());
}

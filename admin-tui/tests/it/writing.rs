//! Lines that are written: commands and the fields of dialogs.

use admin_tui::state::Mode;
use admin_tui::view::Target;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use crate::support::Console;

const SIZE: (u16, u16) = (120, 40);

fn ctrl(console: &mut Console, letter: char) {
    console.event(Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)));
}

fn command(console: &Console) -> &str {
    let Mode::Command(line) = &console.state.mode else { panic!("{:?}", console.state.mode) };
    line.text()
}

#[test]
fn commands_of_before_come_back() {
    let mut console = Console::new(Target::of("groups"), SIZE);
    for text in [":audit", ":ledger"] {
        console.type_text(text);
        console.key(KeyCode::Enter);
    }
    console.type_text(":");
    console.key(KeyCode::Up);
    assert_eq!(command(&console), "ledger");
    console.key(KeyCode::Up);
    console.key(KeyCode::Up);
    assert_eq!(command(&console), "audit");
    console.key(KeyCode::Down);
    console.key(KeyCode::Down);
    assert_eq!(command(&console), "");
}

#[test]
fn words_that_a_filter_may_be_are_completed() {
    let mut console = Console::new(Target::of("groups"), SIZE);
    console.type_text(":transfers status=st");
    console.key(KeyCode::Tab);
    assert_eq!(command(&console), "transfers status=stuck ");
    ctrl(&mut console, 'w');
    assert_eq!(command(&console), "transfers ");
    ctrl(&mut console, 'u');
    assert_eq!(command(&console), "");
}

#[test]
fn a_number_takes_no_letters_and_a_fault_is_shown_where_it_is() {
    let mut console = Console::with_changes(Target::of("plans"), SIZE);
    console.find(|row| row.json.get().contains("\"status\":\"draft\""));
    console.key(KeyCode::Enter);
    console.type_text("A");
    console.key(KeyCode::Up);
    console.type_text("x5");
    let text = console.text();
    assert!(text.contains("is a number: digits only"), "{text}");
    let Mode::Dialog(dialog) = &console.state.mode else { panic!("{text}") };
    assert_eq!(dialog.fields[dialog.at].name, "failure_percent_max");
    assert_eq!(dialog.fields[dialog.at].line.text(), "105");
    // The reason is missing: that is where the cursor goes. The hash is not a place for it.
    while !console.text().contains("a reason is missing") {
        console.key(KeyCode::Enter);
    }
    let Mode::Dialog(dialog) = &console.state.mode else { panic!("it was sent") };
    assert_eq!(dialog.fields[dialog.at].name, "reason");
    assert!(dialog.fields.last().is_some_and(|field| field.name == "hash" && field.fixed));
}

#[test]
fn a_line_is_written_in_its_middle() {
    let mut console = Console::with_changes(Target::of("switches"), SIZE);
    console.find(|row| row.json.get().contains("\"on\":false"));
    console.type_text("Oa drill");
    ctrl(&mut console, 'a');
    console.type_text("just ");
    console.key(KeyCode::Enter);
    assert!(console.changes[0].contains("just a drill"), "{:?}", console.changes);
}

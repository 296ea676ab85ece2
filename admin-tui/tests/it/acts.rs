//! What happens on the way to a change, and when the server is away.

use admin_tui::action::Action;
use admin_tui::source::SourceError;
use admin_tui::state::Mode;
use admin_tui::view::Target;
use chrono::TimeDelta;
use crossterm::event::KeyCode;

use crate::support::{Console, demo};

const SIZE: (u16, u16) = (120, 40);

fn id_of(prefix: &str) -> String {
    let mut paths = demo().answers.keys();
    let path = paths.find(|path| path.starts_with(prefix) && path.matches('/').count() == 4);
    path.unwrap().rsplit('/').next().unwrap().to_owned()
}

fn letter() -> Target {
    Target::one("dead-letter", id_of("/admin/v1/dead-letters/0"))
}

#[test]
fn without_leave_nothing_is_changed_and_it_says_why() {
    let mut console = Console::new(letter(), SIZE);
    console.state.rights.recorded = false;
    console.type_text("R");
    assert!(console.text().contains("read-only: start with --allow-changes"));
    assert!(matches!(console.state.mode, Mode::Browse));

    let mut console = Console::with_changes(letter(), SIZE);
    console.state.rights.me =
        Some(serde_json::from_str(r#"{"name":"vera","role":"viewer"}"#).unwrap());
    console.type_text("R");
    assert!(console.text().contains("this token is a viewer's"));
    assert!(console.changes.is_empty());
}

#[test]
fn a_change_needs_a_reason_and_is_sent_with_it() {
    let mut console = Console::with_changes(letter(), SIZE);
    console.type_text("R");
    console.key(KeyCode::Enter);
    assert!(console.text().contains("a reason is missing"));
    console.type_text("mended");
    console.key(KeyCode::Enter);
    assert_eq!(console.changes.len(), 1);
    assert!(
        console.changes[0].ends_with(r#"/redrive {"reason":"mended"}"#),
        "{:?}",
        console.changes
    );
}

#[test]
fn what_is_typed_before_the_facts_are_there_is_the_reason() {
    let plan = Target::one("plan", id_of("/admin/v1/redrive-plans/"));
    let mut console = Console::with_changes(plan, SIZE);
    console.late = Some(Vec::new());
    console.type_text("Amended");
    console.catch_up();
    let screen = console.text();
    let reason = screen.lines().find(|line| line.contains("│ reason"));
    assert!(reason.is_some_and(|line| line.contains("mended")), "{screen}");
    let hash = screen.lines().rfind(|line| line.contains("│ hash"));
    assert!(hash.is_some_and(|line| !line.contains("mended")), "{screen}");
}

#[test]
fn in_production_what_cannot_be_taken_back_needs_a_word() {
    let mut console = Console::with_changes(letter(), SIZE);
    console.state.place.production = true;
    console.type_text("C");
    console.type_text("agreed");
    console.key(KeyCode::Enter);
    console.type_text("compensat");
    console.key(KeyCode::Enter);
    assert!(console.changes.is_empty());
    console.type_text("e");
    console.key(KeyCode::Enter);
    assert_eq!(console.changes.len(), 1);
}

#[test]
fn what_was_written_comes_back_when_it_was_not_heard() {
    let mut console = Console::with_changes(letter(), SIZE);
    console.refusal = Some(SourceError::Away("recorded".into(), "connection refused".into()));
    console.type_text("R");
    console.type_text("a long reason");
    console.key(KeyCode::Enter);
    assert!(matches!(console.state.mode, Mode::Dialog(_)));
    assert!(console.text().contains("a long reason"));
    console.refusal = None;
    console.key(KeyCode::Enter);
    assert_eq!(console.changes.len(), 2);
    assert!(matches!(console.state.mode, Mode::Browse));
}

#[test]
fn a_server_that_is_away_is_told_and_found_again() {
    let mut console = Console::new(Target::of("groups"), SIZE);
    let before = console.text();
    console.type_text("/time");
    console.away = true;
    console.act(Action::Tick(console.state.now + TimeDelta::seconds(2)));
    let text = console.text();
    assert!(text.contains("STALE"), "{text}");
    assert!(text.contains("/time"), "what is being written stays: {text}");
    console.away = false;
    console.act(Action::Tick(console.state.now + TimeDelta::seconds(2)));
    assert!(!console.text().contains("STALE"));
    console.key(KeyCode::Esc);
    console.key(KeyCode::Esc);
    let cause =
        |text: &str| text.lines().nth(3).map(|line| line.chars().take(40).collect::<String>());
    assert_eq!(cause(&console.text()), cause(&before));
}

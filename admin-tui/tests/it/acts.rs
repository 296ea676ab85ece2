//! What happens on the way to a change, and when the server is away.

use admin_tui::action::Action;
use admin_tui::source::SourceError;
use admin_tui::state::Mode;
use admin_tui::view::Target;
use chrono::TimeDelta;
use crossterm::event::KeyCode;

use crate::support::{Console, demo};

const SIZE: (u16, u16) = (120, 40);

#[test]
fn every_switch_is_turned_at_its_own_path() {
    let mut console = Console::with_changes(Target::of("switches"), SIZE);
    let switches: Vec<_> =
        console.pane().rows.iter().map(|row| (row.id.clone(), row.json.clone())).collect();
    assert!(switches.iter().any(|(id, _)| id.contains('/')));
    for (number, (id, json)) in switches.iter().enumerate() {
        console.find(|row| row.id == *id);
        let on = json.get().contains("\"on\":true");
        console.type_text(if on { "F" } else { "O" });
        console.type_text("a drill");
        console.key(KeyCode::Enter);
        let path = format!("/admin/v1/switches/{id} ");
        assert!(console.changes[number].starts_with(&path), "{:?}", console.changes);
    }
}

#[test]
fn what_the_act_would_do_stands_first_and_nothing_of_others() {
    for (key, act, others) in [("D", "discard", "redrive"), ("R", "redrive", "discard")] {
        let mut console = Console::with_changes(letter(), SIZE);
        console.type_text(key);
        let text = console.text();
        assert!(text.contains(&format!("balances after {act}")), "{text}");
        assert!(!text.contains(&format!("balances after {others}")), "{text}");
        let place = |word: &str| text.find(word).unwrap_or_else(|| panic!("{word} in {text}"));
        assert!(place("│ outcome") < place("│ amount"));
        assert!(place("│ amount") < place("balances after"));
    }
}

#[test]
fn of_several_the_sums_stand_first_and_the_ids_last() {
    let open = Target::of("dead-letters").with("status", "open").with("step", "screen");
    let mut console = Console::with_changes(open, SIZE);
    let rows: Vec<_> = console.pane().rows.iter().take(2).cloned().collect();
    console.type_text("xxC");
    let text = console.text();
    let place = |word: &str| text.find(word).unwrap_or_else(|| panic!("{word} in {text}"));
    assert!(place("│ marked") < place("│ amount"), "{text}");
    assert!(place("│ amount") < place("│ these"), "{text}");
    assert!(text.rfind(&rows[1].id).is_some_and(|last| place("│ these") < last), "{text}");
    assert!(text.contains("\"compensate 2\""), "{text}");
}

#[test]
fn facts_that_have_no_room_can_be_scrolled() {
    let mut console = Console::with_changes(letter(), (80, 24));
    console.type_text("R");
    let before = console.text();
    assert!(before.contains("PageDown and PageUp show the rest"), "{before}");
    for _ in 0..20 {
        console.key(KeyCode::PageDown);
    }
    let after = console.text();
    assert!(!before.contains("as of") && after.contains("as of"), "{after}");
    for _ in 0..20 {
        console.key(KeyCode::PageUp);
    }
    assert_eq!(console.text(), before);
    // The hash stands last, and once.
    let mut console = Console::with_changes(draft(), SIZE);
    console.type_text("A");
    let text = console.text();
    let inside: Vec<&str> = text.lines().filter(|line| line.contains("│ ")).collect();
    assert_eq!(inside.iter().filter(|line| line.contains("│ hash")).count(), 1, "{text}");
    assert!(inside.last().is_some_and(|line| line.contains("│ hash")), "{text}");
}

#[test]
fn what_cannot_be_done_is_not_offered_and_says_why() {
    let mut console = Console::with_changes(Target::of("plans"), SIZE);
    console.find(|row| row.json.get().contains("\"status\":\"done\""));
    console.key(KeyCode::Enter);
    let keys = console.text().lines().last().unwrap().to_owned();
    for act in ["apply", "pause", "resume", "stop"] {
        assert!(!keys.contains(act), "{keys}");
    }
    console.type_text("P");
    assert!(console.text().contains("pause: it is done, and this needs running"));
    assert!(matches!(console.state.mode, Mode::Browse));
}

#[test]
fn a_cause_is_redriven_from_the_list_of_incidents() {
    let mut console = Console::with_changes(Target::of("incidents"), SIZE);
    console.find(|row| row.id.ends_with(" database"));
    console.type_text("R");
    console.key(KeyCode::Enter);
    assert_eq!(console.changes.len(), 1, "{}", console.text());
    assert!(console.changes[0].contains(r#""filter":{"fingerprint":"#), "{:?}", console.changes);
    let mut console = Console::with_changes(Target::of("incidents"), SIZE);
    console.find(|row| !row.id.ends_with(" database"));
    console.type_text("R");
    assert!(console.text().contains("the view sqs-queues"), "{}", console.text());
}

#[test]
fn what_is_thrown_away_is_counted_and_needs_a_word_always() {
    let mut console = Console::with_changes(Target::of("sqs-queues"), SIZE);
    console.find(|row| !row.json.get().contains("\"source_queue\":null"));
    console.type_text("Z");
    let text = console.text();
    assert!(text.contains("│ dead "), "{text}");
    console.type_text("known to be harmless");
    console.key(KeyCode::Enter);
    console.key(KeyCode::Enter);
    assert!(console.changes.is_empty());
    assert!(console.text().contains("type \"purge-queue\" to go on"));
    console.type_text("purge-queue");
    console.key(KeyCode::Enter);
    assert_eq!(console.changes.len(), 1);
}

/// A dead letter that is open.
fn letter() -> Target {
    let mut console = Console::new(Target::of("dead-letters"), SIZE);
    let row = console.find(|row| {
        let options = format!("/admin/v1/dead-letters/{}/options", row.id);
        row.json.get().contains("\"status\":\"open\"") && demo().answers.contains_key(&options)
    });
    Target::one("dead-letter", row.id)
}

/// A plan that nobody has applied.
fn draft() -> Target {
    let mut console = Console::new(Target::of("plans"), SIZE);
    let row = console.find(|row| row.json.get().contains("\"status\":\"draft\""));
    Target::one("plan", row.id)
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
    let mut console = Console::with_changes(draft(), SIZE);
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

//! Pages: reading to their end, and what stands at their top.

use admin_tui::action::Action;
use admin_tui::effect::Effect;
use admin_tui::update::update;
use admin_tui::view::Target;
use crossterm::event::KeyCode;
use serde_json::json;

use crate::support::{Console, demo, shown};

#[test]
fn a_page_says_that_there_is_more_and_can_be_read_to_its_end() {
    for view in admin_tui::views::ALL {
        let mut console = Console::new(shown(view), (80, 24));
        if !console.text().contains("PageDown shows more") {
            continue;
        }
        for _ in 0..50 {
            console.key(KeyCode::PageDown);
        }
        assert!(!console.text().contains("shows more"), "{}:\n{}", view.name, console.text());
        console.type_text("g");
        assert!(console.text().contains("lines 1-"), "{}", view.name);
    }
    let mut console = Console::new(Target::of("overview"), (80, 24));
    assert!(console.text().contains("PageDown shows more"));
    for _ in 0..100 {
        console.type_text("j");
    }
    assert!(!console.text().contains("shows more"), "{}", console.text());
    for _ in 0..100 {
        console.type_text("k");
    }
    assert!(console.text().contains("lines 1-"), "{}", console.text());
}

#[test]
fn maintenance_is_told_in_every_view() {
    let overview = demo().answers.get("/admin/v1/overview").unwrap();
    let mut overview: serde_json::Value = serde_json::from_str(overview.get()).unwrap();
    overview["switches"] = json!([{
        "kind": "maintenance", "subject": "", "on": true, "on_by_default": false,
        "reason": "a drill", "changed_by": "olga", "changed_at": null,
    }]);
    for view in admin_tui::views::ALL {
        let mut console = Console::new(shown(view), (80, 24));
        assert!(!console.text().contains("MAINTENANCE"), "{}", view.name);
        let pulse = serde_json::from_value(overview.clone()).unwrap();
        console.act(Action::Pulse(Ok(Box::new(pulse))));
        assert!(console.text().contains("MAINTENANCE"), "{}", view.name);
    }
}

#[test]
fn the_server_goes_on_measuring_while_something_else_is_looked_at() {
    let mut console = Console::with_changes(Target::of("wallets"), (120, 40));
    let mut asked = 0;
    for _ in 0..20 {
        let now = console.state.now + chrono::TimeDelta::seconds(1);
        let effects = update(&mut console.state, Action::Tick(now));
        asked += effects.iter().filter(|effect| **effect == Effect::Pulse).count();
    }
    // Without being asked for ten seconds it measures no more.
    assert_eq!(asked, 4);
}

#[test]
fn the_overview_itself_says_whether_holdfast_is_under_maintenance() {
    let mut console = Console::with_changes(Target::of("overview"), (120, 40));
    console.state.maintenance = true;
    for second in 1..=20 {
        let now = console.state.now + chrono::TimeDelta::seconds(1);
        let effects = update(&mut console.state, Action::Tick(now));
        assert!(!effects.contains(&Effect::Pulse), "in second {second}");
        console.late = Some(effects);
        console.catch_up();
        assert!(!console.state.maintenance, "what is read says that it is not");
    }
}

#[test]
fn an_entry_of_the_audit_is_opened_with_before_and_after() {
    let mut console = Console::new(Target::of("audit"), (120, 40));
    let row = console.pane().row().unwrap().clone();
    let entry: serde_json::Value = serde_json::from_str(row.json.get()).unwrap();
    console.key(KeyCode::Enter);
    let text = console.text();
    assert_eq!(console.pane().trouble, None, "{text}");
    for word in ["before", "after", entry["action"].as_str().unwrap()] {
        assert!(text.contains(word), "{word} in {text}");
    }
}

#[test]
fn the_help_is_read_to_its_end_and_searched() {
    let mut console = Console::new(Target::of("groups"), (80, 24));
    console.type_text("?G");
    assert!(console.text().contains(":ctx NAME"), "{}", console.text());
    console.type_text("k/clipboard");
    assert!(!console.text().contains(":ctx NAME"));
    for _ in 0.."clipboard".len() {
        console.key(KeyCode::Backspace);
    }
    console.type_text("dead-letter-options");
    let text = console.text();
    let line = text.lines().find(|line| line.contains(":dead-letter-options")).unwrap();
    assert!(!line.contains("optionswhat"), "{line}");
}

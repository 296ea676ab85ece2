//! Every view on three sizes of screen and in three themes, as snapshots.

use admin_tui::theme::ThemeName;
use admin_tui::view::Target;

use crate::support::{Console, shown};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];
const THEMES: [(&str, ThemeName); 3] =
    [("dark", ThemeName::Dark), ("light", ThemeName::Light), ("NO_COLOR", ThemeName::Plain)];

fn snapshot(name: &str, console: &mut Console) {
    let mut shown = console.text();
    for (theme_name, theme) in THEMES {
        let styles = console.styles(theme);
        shown.extend(["---- ", theme_name, "\n", &styles]);
        assert!(shown.starts_with(&console.text()), "a theme changes colours, not words");
    }
    insta::assert_snapshot!(name, shown);
}

#[test]
fn every_view_looks_as_it_did() {
    for view in admin_tui::views::ALL {
        for (width, height) in SIZES {
            let mut console = Console::new(shown(view), (width, height));
            assert!(console.state.pane().unwrap().trouble.is_none(), "{}", view.name);
            snapshot(&format!("{}_{width}x{height}", view.name), &mut console);
        }
    }
}

#[test]
fn dialogs_help_and_messages_look_as_they_did() {
    for size in SIZES {
        let (width, height) = size;
        let mut console = Console::new(Target::of("groups"), size);
        console.type_text("?");
        snapshot(&format!("help_{width}x{height}"), &mut console);
        let mut console = Console::with_changes(Target::of("plans"), size);
        console.key(crossterm::event::KeyCode::Enter);
        console.type_text("A");
        snapshot(&format!("dialog_{width}x{height}"), &mut console);
        let mut console = Console::new(Target::of("groups"), size);
        console.type_text("R");
        snapshot(&format!("refused_{width}x{height}"), &mut console);
    }
}

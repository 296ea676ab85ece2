//! The one table of keys: input is looked up in it, and the help is made from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::action::Action;

/// A key, what it does, and what the help says.
pub struct Binding {
    /// The keys that do it, as the help writes them; the first is the one to learn.
    pub keys: &'static [&'static str],
    /// What it does.
    pub action: fn() -> Action,
    /// For the help.
    pub about: &'static str,
}

const fn bind(
    keys: &'static [&'static str],
    action: fn() -> Action,
    about: &'static str,
) -> Binding {
    Binding { keys, action, about }
}

/// Keys that mean the same in every view. Keys of acts are upper case and stand with the act.
pub const KEYS: &[Binding] = &[
    bind(&["j", "down"], || Action::Move(1), "down"),
    bind(&["k", "up"], || Action::Move(-1), "up"),
    bind(
        &["ctrl-d", "pagedown"],
        || Action::Page(1),
        "a page down, past the last row that leads somewhere",
    ),
    bind(&["ctrl-u", "pageup"], || Action::Page(-1), "a page up"),
    bind(&["g", "home"], || Action::Top, "to the top"),
    bind(&["G", "end"], || Action::Bottom, "to the end of what is loaded"),
    bind(&["enter", "l", "right"], || Action::Open, "open what the cursor is on"),
    bind(&["esc", "h", "left"], || Action::Back, "back; also ends a filter or a dialog"),
    bind(&["/"], || Action::StartFilter, "show only rows with these words; !word without"),
    bind(&[":"], || Action::StartCommand, "go to a view, or do something, by name"),
    bind(&["?"], || Action::Help, "this help"),
    bind(&["s"], || Action::Sort, "sort by the next column, numbers and times the highest first"),
    bind(&["S"], || Action::Reverse, "turn the order round"),
    bind(&["x", "space"], || Action::Mark, "mark a row for an act on several"),
    bind(&["X"], || Action::Unmark, "take all marks away"),
    bind(&["n"], || Action::More, "load the next page of the list"),
    bind(&["r", "ctrl-r", "f5"], || Action::Refresh, "read again now"),
    bind(&["f"], || Action::Freeze, "stop reading again by itself, or go on"),
    bind(&["y"], || Action::CopyId, "copy the id"),
    bind(&["Y"], || Action::CopyJson, "copy the row as JSON"),
    bind(&["c"], || Action::CopyCommand, "copy the command that shows the same"),
    bind(&["-"], || Action::Last, "the view before this one"),
    bind(&["t"], || Action::Theme, "the next theme"),
    bind(&["q", "ctrl-c"], || Action::Quit, "leave"),
];

/// What a key does in a list or a page; none when it means nothing there.
pub fn action(key: KeyEvent) -> Option<Action> {
    let name = name(key)?;
    let bound = KEYS.iter().find(|binding| binding.keys.contains(&name.as_str()));
    if let Some(binding) = bound {
        return Some((binding.action)());
    }
    match key.code {
        _ if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => None,
        KeyCode::Char(digit @ '0'..='9') => Some(Action::Jump(digit)),
        KeyCode::Char(letter) if letter.is_uppercase() => Some(Action::Act(letter)),
        _ => None,
    }
}

/// A key as the table and the help write it.
pub fn name(key: KeyEvent) -> Option<String> {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let plain = match key.code {
        KeyCode::Char(' ') => "space".to_owned(),
        KeyCode::Char(letter) if ctrl => letter.to_ascii_lowercase().to_string(),
        KeyCode::Char(letter) => letter.to_string(),
        KeyCode::Enter => "enter".to_owned(),
        KeyCode::Esc => "esc".to_owned(),
        KeyCode::Tab => "tab".to_owned(),
        KeyCode::BackTab => "backtab".to_owned(),
        KeyCode::Backspace => "backspace".to_owned(),
        KeyCode::Delete => "delete".to_owned(),
        KeyCode::Up => "up".to_owned(),
        KeyCode::Down => "down".to_owned(),
        KeyCode::Left => "left".to_owned(),
        KeyCode::Right => "right".to_owned(),
        KeyCode::Home => "home".to_owned(),
        KeyCode::End => "end".to_owned(),
        KeyCode::PageUp => "pageup".to_owned(),
        KeyCode::PageDown => "pagedown".to_owned(),
        KeyCode::F(number) => format!("f{number}"),
        _ => return None,
    };
    Some(match (ctrl, alt) {
        (true, _) => format!("ctrl-{plain}"),
        (false, true) => format!("alt-{plain}"),
        (false, false) => plain,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_key_means_two_things() {
        let mut seen = BTreeSet::new();
        for key in KEYS.iter().flat_map(|binding| binding.keys) {
            assert!(seen.insert(*key), "{key}");
        }
        for view in crate::views::ALL {
            let mut seen = seen.clone();
            for act in view.acts {
                let key: &str = &act.key.to_string();
                assert!(act.key.is_uppercase(), "{} of {}", act.name, view.name);
                assert!(!seen.contains(key), "{} of {}", act.name, view.name);
                seen.insert(Box::leak(key.to_owned().into_boxed_str()));
            }
        }
    }
}

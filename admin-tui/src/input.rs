//! All input: what the terminal reports, as actions.

use crossterm::event::{Event, KeyEvent, KeyEventKind, MouseButton, MouseEventKind};

use crate::action::Action;
use crate::keymap;
use crate::line::Edit;
use crate::state::Mode;

/// What an event of the terminal means in this mode; none when nothing.
pub fn action(event: Event, mode: &Mode) -> Option<Action> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => match mode {
            Mode::Browse => keymap::action(key),
            Mode::Help(_) => helping(key),
            Mode::Filter(_) | Mode::Command(_) | Mode::Search(_) | Mode::Dialog(_) => writing(key),
        },
        Event::Paste(text) => Some(Action::Paste(text)),
        Event::Resize(width, height) => Some(Action::Resize { width, height }),
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                Some(Action::Click { x: mouse.column, y: mouse.row })
            }
            MouseEventKind::ScrollDown => Some(Action::Move(3)),
            MouseEventKind::ScrollUp => Some(Action::Move(-3)),
            _ => None,
        },
        _ => None,
    }
}

fn helping(key: KeyEvent) -> Option<Action> {
    match keymap::name(key)?.as_str() {
        "?" | "q" => Some(Action::Back),
        _ => keymap::action(key),
    }
}

/// While a line is written, letters are letters.
fn writing(key: KeyEvent) -> Option<Action> {
    Some(match keymap::name(key)?.as_str() {
        "ctrl-c" => Action::Quit,
        "enter" => Action::Submit,
        "esc" => Action::Back,
        "tab" => Action::Complete,
        "backspace" | "ctrl-h" => Action::Erase,
        "down" => Action::Move(1),
        "up" | "backtab" => Action::Move(-1),
        "pagedown" => Action::Page(1),
        "pageup" => Action::Page(-1),
        "left" | "ctrl-b" => Action::Edit(Edit::Left),
        "right" | "ctrl-f" => Action::Edit(Edit::Right),
        "home" | "ctrl-a" => Action::Edit(Edit::Start),
        "end" | "ctrl-e" => Action::Edit(Edit::End),
        "ctrl-w" | "alt-backspace" => Action::Edit(Edit::EraseWord),
        "ctrl-u" => Action::Edit(Edit::EraseBefore),
        "ctrl-k" => Action::Edit(Edit::EraseAfter),
        "delete" | "ctrl-d" => Action::Edit(Edit::Delete),
        "space" => Action::Type(' '),
        name => {
            let mut letters = name.chars();
            let (Some(letter), None) = (letters.next(), letters.next()) else { return None };
            Action::Type(letter)
        }
    })
}

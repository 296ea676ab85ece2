//! All input: what the terminal reports, as actions.

use crossterm::event::{Event, KeyEvent, KeyEventKind, MouseButton, MouseEventKind};

use crate::action::Action;
use crate::keymap;
use crate::state::Mode;

/// What an event of the terminal means in this mode; none when nothing.
pub fn action(event: Event, mode: &Mode) -> Option<Action> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => match mode {
            Mode::Browse => keymap::action(key),
            Mode::Help(_) => helping(key),
            Mode::Filter(_) | Mode::Command(_) | Mode::Dialog(_) => writing(key),
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
    match keymap::name(key)?.as_str() {
        "ctrl-c" => Some(Action::Quit),
        "enter" => Some(Action::Submit),
        "esc" => Some(Action::Back),
        "tab" => Some(Action::Complete),
        "backspace" | "ctrl-h" => Some(Action::Erase),
        "down" => Some(Action::Move(1)),
        "up" => Some(Action::Move(-1)),
        "space" => Some(Action::Type(' ')),
        name => {
            let mut letters = name.chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) => Some(Action::Type(letter)),
                _ => None,
            }
        }
    }
}

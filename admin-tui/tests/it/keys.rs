//! Keys that nobody would press, on screens that nobody has.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use admin_tui::action::Action;
use admin_tui::view::Target;
use chrono::TimeDelta;
use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use crate::support::Console;

/// Steps of an ordinary run; `HOLDFAST_KEYS=1000000` for a long one.
const STEPS: u64 = 20_000;
/// The screen is drawn after so many steps, and after each change of its size.
const DRAW_EVERY: u64 = 16;

/// Always the same row of numbers, so that what fails once fails again.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 += 1;
        BuildHasherDefault::<DefaultHasher>::default().hash_one(self.0) % limit
    }

    fn size(&mut self, limit: u64) -> u16 {
        u16::try_from(self.below(limit)).unwrap()
    }

    fn event(&mut self) -> Event {
        let letter = char::from(u8::try_from(32 + self.below(95)).unwrap());
        let code = match self.below(20) {
            0 => KeyCode::Esc,
            1..=3 => KeyCode::Enter,
            4 => KeyCode::Tab,
            5 => KeyCode::Backspace,
            6 => KeyCode::Up,
            7 => KeyCode::Down,
            8 => KeyCode::PageDown,
            9 => KeyCode::PageUp,
            10 => KeyCode::Home,
            11 => KeyCode::End,
            12 => {
                KeyCode::Char(['ä', '漢', '🦀', '\u{301}', '\u{200b}'][usize::from(self.size(5))])
            }
            _ => KeyCode::Char(letter),
        };
        match self.below(40) {
            0 => Event::Resize(1 + self.size(230), 1 + self.size(70)),
            1 => Event::Paste("a\nb\u{1b}[2J漢字🦀".to_owned()),
            2 => Event::Mouse(MouseEvent {
                kind: MouseEventKind::Down(MouseButton::Left),
                column: self.size(230),
                row: self.size(70),
                modifiers: KeyModifiers::NONE,
            }),
            3 => Event::Key(KeyEvent::new(code, KeyModifiers::CONTROL)),
            _ => Event::Key(KeyEvent::new(code, KeyModifiers::NONE)),
        }
    }
}

#[test]
fn no_keys_and_no_screen_bring_it_down() {
    let steps = std::env::var("HOLDFAST_KEYS").ok().and_then(|text| text.parse().ok());
    let mut console = Console::with_changes(Target::of("overview"), (80, 24));
    let mut chance = Chance(0);
    for step in 0..steps.unwrap_or(STEPS) {
        let event = chance.event();
        if let Event::Resize(width, height) = event {
            console.resize(width, height);
            console.draw();
        } else {
            console.event(event);
        }
        if step % DRAW_EVERY == 0 {
            console.act(Action::Tick(console.state.now + TimeDelta::milliseconds(500)));
            console.draw();
        }
        console.state.done = false;
    }
}

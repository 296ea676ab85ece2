//! The terminal, taken and given back: also after a panic, so that the shell is as it was.

use std::io::{self, Stdout, Write};
use std::panic;

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::backend::CrosstermBackend;

/// Terminals cut off more than this, and some then keep the rest as input.
const COPY_BYTES_MAX: usize = 74_000;

/// The terminal while it is ours.
pub struct Terminal {
    /// Where to draw.
    pub screen: ratatui::Terminal<CrosstermBackend<Stdout>>,
}

impl Terminal {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When there is none.
    pub fn take() -> io::Result<Self> {
        enable_raw_mode()?;
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            give_back();
            before(what);
        }));
        // From here on, dropping gives it back.
        let screen = ratatui::Terminal::new(CrosstermBackend::new(io::stdout()));
        let mut terminal = Self { screen: screen.inspect_err(|_| give_back())? };
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableMouseCapture)?;
        terminal.screen.clear()?;
        Ok(terminal)
    }

    /// Puts a text on the clipboard of whoever sits at the terminal, also through ssh (OSC 52).
    ///
    /// # Errors
    /// When it is too long, or cannot be written.
    pub fn copy(text: &str) -> Result<(), String> {
        if text.len() > COPY_BYTES_MAX {
            return Err(format!("{} bytes are more than a terminal takes", text.len()));
        }
        let written = execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text));
        written.map_err(|error| error.to_string())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// Whatever fails here, the rest is still worth trying.
fn give_back() {
    let mut out = io::stdout();
    execute!(out, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show)
        .ok();
    disable_raw_mode().ok();
    out.flush().ok();
}

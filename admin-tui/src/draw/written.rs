//! A line that is being written, with its cursor.

use ratatui::style::{Modifier, Style};
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use crate::line::Line;

/// The line in this room: its beginning gives way, so that the cursor is seen.
pub(super) fn spans(line: &Line, room: usize) -> Vec<Span<'static>> {
    let (mut before, after) = line.parts();
    while before.width() >= room.max(1) {
        let mut letters = before.chars();
        letters.next();
        before = letters.as_str();
    }
    let mut letters = after.chars();
    let cursor = match letters.next() {
        Some(letter) => Span::styled(
            crate::cell::printable(&letter.to_string()),
            Style::new().add_modifier(Modifier::REVERSED),
        ),
        None => Span::raw("_"),
    };
    vec![Span::raw(before.to_owned()), cursor, Span::raw(letters.as_str().to_owned())]
}

//! Lists.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use crate::cell::{Tone, shorten};
use crate::state::{Pane, State};
use crate::view::{Body, Column};

/// Columns between two columns.
const GAP: usize = 2;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, pane: &Pane) {
    let Body::List { columns, .. } = &pane.view.body else {
        return;
    };
    let widths = widths(columns, usize::from(area.width).saturating_sub(1));
    let room = usize::from(area.height).saturating_sub(1);
    let mut lines = vec![heading(state, pane, columns, &widths)];
    for (place, &at) in pane.shown.iter().enumerate().skip(pane.offset).take(room) {
        if let Some(row) = pane.rows.get(at) {
            let marked = pane.marks.contains(&row.id);
            let mut spans = vec![Span::raw(if marked { "*" } else { " " })];
            for (column, &width) in widths.iter().enumerate().filter(|(_, width)| **width > 0) {
                let cell = row.cells.get(column).cloned().unwrap_or_default();
                let text = pad(&cell.fit(state.now, width), width, cell.is_number());
                spans.push(Span::styled(text, state.theme.tone(cell.tone())));
                spans.push(Span::raw(" ".repeat(GAP)));
            }
            let mut line = Line::from(spans);
            if place == pane.cursor {
                line = line.style(state.theme.cursor());
            }
            lines.push(line);
        }
    }
    if pane.shown.is_empty() {
        lines.push(Line::styled(empty(pane), state.theme.tone(Tone::Faint)));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn empty(pane: &Pane) -> &'static str {
    match (pane.read_at, pane.rows.is_empty()) {
        (None, _) => "",
        (Some(_), true) => " nothing here",
        (Some(_), false) => " no row has these words; Esc takes the filter away",
    }
}

fn heading(state: &State, pane: &Pane, columns: &[Column], widths: &[usize]) -> Line<'static> {
    let numbers = pane.shown.first().and_then(|&at| pane.rows.get(at));
    let mut spans = vec![Span::raw(" ")];
    for (at, (column, &width)) in columns.iter().zip(widths).enumerate() {
        if width == 0 {
            continue;
        }
        let arrow = match pane.sort {
            Some((sorted, reversed)) if sorted == at => {
                if reversed {
                    "^"
                } else {
                    "v"
                }
            }
            _ => "",
        };
        let title = shorten(&format!("{}{arrow}", column.title), width);
        let right =
            numbers.and_then(|row| row.cells.get(at)).is_some_and(crate::cell::Cell::is_number);
        spans.push(Span::raw(pad(&title, width, right)));
        spans.push(Span::raw(" ".repeat(GAP)));
    }
    Line::from(spans).style(state.theme.heading())
}

/// A text in a place of this width.
pub(super) fn pad(text: &str, width: usize, right: bool) -> String {
    let gap = " ".repeat(width.saturating_sub(text.width()));
    if right { format!("{gap}{text}") } else { format!("{text}{gap}") }
}

/// Widths of the columns in this room; 0 for one that has to go. Each has its least width
/// before any gets more.
pub fn widths(columns: &[Column], room: usize) -> Vec<usize> {
    let mut kept: Vec<bool> = vec![true; columns.len()];
    let needed = |kept: &[bool]| -> usize {
        let least = columns.iter().zip(kept).filter(|(_, kept)| **kept);
        least.map(|(column, _)| usize::from(column.width_min) + GAP).sum()
    };
    while needed(&kept) > room {
        let dropped = (0..columns.len())
            .filter(|&at| {
                kept.get(at) == Some(&true) && columns.get(at).is_some_and(|one| one.rank > 0)
            })
            .max_by_key(|&at| columns.get(at).map(|one| (one.rank, at)));
        match dropped.and_then(|at| kept.get_mut(at)) {
            Some(kept) => *kept = false,
            None => break,
        }
    }
    let mut spare = room.saturating_sub(needed(&kept));
    columns
        .iter()
        .zip(kept)
        .map(|(column, kept)| {
            if !kept {
                return 0;
            }
            let more = usize::from(column.width_max - column.width_min).min(spare);
            spare -= more;
            usize::from(column.width_min) + more
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{column, wide};

    #[test]
    fn the_least_important_columns_go_first() {
        let columns = [column("a", 10, 0), wide("b", 10, 20, 2), column("c", 10, 1)];
        assert_eq!(widths(&columns, 100), [10, 20, 10]);
        assert_eq!(widths(&columns, 40), [10, 14, 10]);
        assert_eq!(widths(&columns, 30), [10, 0, 10]);
        assert_eq!(widths(&columns, 20), [10, 0, 0]);
        assert_eq!(widths(&columns, 5), [10, 0, 0]);
    }
}

//! Lists.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use crate::cell::{Cell, Tone, shorten};
use crate::state::{Pane, State};
use crate::view::{Body, Column};

/// Columns between two columns.
const GAP: usize = 2;
/// A text that is cut shorter says nothing.
const TEXT_MIN: usize = 4;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, pane: &Pane) {
    let Body::List { columns, .. } = &pane.view.body else {
        return;
    };
    let widths = widths_of(pane, columns, usize::from(area.width));
    let room = usize::from(area.height).saturating_sub(1);
    // A message may have taken some rows: the cursor stays in sight.
    let offset = pane.offset.max((pane.cursor + 1).saturating_sub(room));
    let mut lines = vec![heading(state, pane, columns, &widths)];
    for (place, &at) in pane.shown.iter().enumerate().skip(offset).take(room) {
        if let Some(row) = pane.rows.get(at) {
            let marked = pane.marks.contains_key(&row.id);
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

fn widths_of(pane: &Pane, columns: &[Column], width: usize) -> Vec<usize> {
    widths(columns, &pane.widest, &pane.counted, width.saturating_sub(1))
}

/// What of the row under the cursor is not on the screen: first what is cut, then what had no
/// column. None when all is.
pub(super) fn cut(state: &State, pane: &Pane, width: usize) -> Option<String> {
    let Body::List { columns, .. } = &pane.view.body else {
        return None;
    };
    let row = pane.row()?;
    let widths = widths_of(pane, columns, width);
    let part = |gone: bool| {
        let cells = columns.iter().zip(&widths).zip(&row.cells);
        let cells = cells.filter(move |((_, width), _)| (**width == 0) == gone);
        cells.filter(|(_, cell)| **cell != Cell::None).filter_map(|((column, width), cell)| {
            let text = cell.show(state.now);
            (text.width() > *width).then(|| format!("{}: {text}", column.title))
        })
    };
    let parts: Vec<String> = part(false).chain(part(true)).collect();
    (!parts.is_empty()).then(|| parts.join("  "))
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
                    "v"
                } else {
                    "^"
                }
            }
            _ => "",
        };
        let title = shorten(&format!("{}{arrow}", column.title), width);
        let right = numbers.and_then(|row| row.cells.get(at)).is_some_and(Cell::is_number);
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

/// Widths of the columns in this room; 0 for one that has to go. They come from the content: what
/// is short leaves its room to what is long. A column of texts gives way down to what is of use
/// before another column has to go, and a number is never cut while a text can give way.
pub fn widths(columns: &[Column], widest: &[usize], counted: &[bool], room: usize) -> Vec<usize> {
    let is_text = |at: usize| counted.get(at) != Some(&true);
    // With the arrow that shows the order.
    let natural = |at: usize, column: &Column| {
        widest.get(at).copied().unwrap_or(0).max(column.title.width() + 1)
    };
    let useful = |at: usize, column: &Column| {
        let natural = natural(at, column);
        if is_text(at) { natural.min(usize::from(column.width_min)) } else { natural }
    };
    let of = |width: &dyn Fn(usize, &Column) -> usize| -> Vec<usize> {
        columns.iter().enumerate().map(|(at, column)| width(at, column)).collect()
    };
    let (natural, useful) = (of(&natural), of(&useful));
    let mut kept: Vec<bool> = vec![true; columns.len()];
    while taken(&masked(&useful, &kept)) > room {
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
    let wished: Vec<usize> = columns
        .iter()
        .zip(&natural)
        .map(|(column, natural)| usize::from(column.width_min).max(*natural))
        .collect();
    let mut widths = masked(&wished, &kept);
    let narrow: Vec<usize> = useful
        .iter()
        .enumerate()
        .map(|(at, useful)| if is_text(at) { (*useful).min(TEXT_MIN) } else { *useful })
        .collect();
    // In the end a number, too: it is then shown as one that has no room.
    for floor in [natural, useful, narrow, vec![1; columns.len()]] {
        shrink(&mut widths, &floor, room);
    }
    widths
}

/// The widest column that is above its floor gives way, until all fit.
fn shrink(widths: &mut [usize], floor: &[usize], room: usize) {
    while taken(widths) > room {
        let giving = widths.iter_mut().zip(floor).filter(|(width, floor)| **width > **floor);
        match giving.max_by_key(|(width, _)| **width) {
            Some((width, _)) => *width -= 1,
            None => return,
        }
    }
}

fn masked(widths: &[usize], kept: &[bool]) -> Vec<usize> {
    widths.iter().zip(kept).map(|(width, kept)| if *kept { *width } else { 0 }).collect()
}

fn taken(widths: &[usize]) -> usize {
    widths.iter().filter(|width| **width > 0).map(|width| width + GAP).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{column, wide};

    #[test]
    fn the_least_important_columns_go_first() {
        let columns = [column("a", 10, 0), wide("b", 10, 20, 2), column("c", 10, 1)];
        let widths = |room| widths(&columns, &[10, 20, 10], &[false; 3], room);
        assert_eq!(widths(100), [10, 20, 10]);
        assert_eq!(widths(40), [10, 14, 10]);
        assert_eq!(widths(30), [10, 0, 10]);
        assert_eq!(widths(20), [10, 0, 0]);
        assert_eq!(widths(5), [3, 0, 0]);
    }

    #[test]
    fn money_is_whole_while_a_text_can_give_way() {
        let columns = [wide("cause", 20, 60, 0), column("amount", 8, 0), wide("why", 10, 80, 1)];
        let widths =
            |widest: [usize; 3], room| widths(&columns, &widest, &[false, true, false], room);
        assert_eq!(widths([30, 18, 12], 100), [30, 18, 12]);
        assert_eq!(widths([30, 18, 90], 100), [30, 18, 46], "what is long gives way");
        assert_eq!(widths([30, 18, 90], 60), [20, 18, 16]);
        assert_eq!(widths([30, 18, 90], 50), [28, 18, 0]);
        assert_eq!(widths([5, 5, 5], 100), [20, 8, 10], "columns do not jump about");
    }
}

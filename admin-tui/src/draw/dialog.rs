//! The dialog before a change: what it would do first, then what has to be filled in.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use crate::cell::{Tone, lasts, shorten};
use crate::draw::{page, written};
use crate::state::{Dialog, Field, Mode, State};

/// Wider lines are hard to read.
const WIDTH_MAX: u16 = 110;
/// Columns of the names of fields.
const NAME_WIDTH: usize = 22;
/// Rows of the screen that are never the dialog's: bar, crumbs, message, status, keys.
const ROWS_OUTSIDE: u16 = 5;

/// The lines of a dialog.
struct Parts {
    head: Vec<Line<'static>>,
    facts: Vec<Line<'static>>,
    tail: Vec<Line<'static>>,
    /// Lines of the facts that there is room for. What has to be filled in is always in sight.
    room: usize,
}

impl Parts {
    /// Lines of the facts that there is no room for.
    fn hidden(&self) -> usize {
        self.facts.len().saturating_sub(self.room)
    }
}

/// How far the facts of the dialog on the screen can be scrolled.
pub(crate) fn hidden(state: &State) -> usize {
    let Mode::Dialog(dialog) = &state.mode else {
        return 0;
    };
    let height = state.height.saturating_sub(ROWS_OUTSIDE);
    parts(state, dialog, width_in(state.width), height).hidden()
}

fn width_in(width: u16) -> u16 {
    width.saturating_sub(4).min(WIDTH_MAX)
}

fn parts(state: &State, dialog: &Dialog, width: u16, height: u16) -> Parts {
    let theme = state.theme;
    let inner = usize::from(width).saturating_sub(4);
    let mut head = Vec::new();
    for line in page::wrap(dialog.act.about, inner) {
        head.push(Line::from(format!(" {line}")));
    }
    // Several stand below what they add up to.
    if let [one] = dialog.ids.as_slice() {
        let id = shorten(&crate::cell::printable(one), inner);
        head.push(Line::styled(format!(" {id}"), theme.tone(Tone::Link)));
    }
    head.push(Line::raw(""));
    let mut tail = vec![Line::raw("")];
    for (at, field) in dialog.fields.iter().enumerate() {
        tail.push(field_line(state, field, at == dialog.at && dialog.sending.is_none(), inner));
    }
    if let Some(sending) = &dialog.sending {
        let since = lasts((state.now - sending.since).num_milliseconds().max(0));
        let still = match sending.awaited {
            1 => String::new(),
            count => format!(", {count} answers to come"),
        };
        tail.push(Line::styled(format!(" sending, {since}{still}"), theme.tone(Tone::Warn)));
    }
    for line in dialog.problem.iter().flat_map(|problem| page::wrap(problem, inner)) {
        tail.push(Line::styled(format!(" {line}"), theme.tone(Tone::Bad)));
    }
    let facts = fact_lines(state, dialog, inner);
    let room = usize::from(height).saturating_sub(head.len() + tail.len() + 2);
    // The line that says how to see the rest takes one of them.
    let room = if facts.len() > room { room.saturating_sub(1) } else { room };
    Parts { head, facts, tail, room }
}

pub(super) fn draw(frame: &mut Frame<'_>, body: Rect, state: &State, dialog: &Dialog) {
    let theme = state.theme;
    let width = width_in(body.width);
    let parts = parts(state, dialog, width, body.height);
    let (hidden, room, count) = (parts.hidden(), parts.room, parts.facts.len());
    let scroll = dialog.scroll.min(hidden);
    let mut lines = parts.head;
    lines.extend(parts.facts.into_iter().skip(scroll).take(room));
    if hidden > 0 {
        let text = format!(
            " lines {}-{} of {count}, PageDown and PageUp show the rest",
            scroll + 1,
            scroll + room
        );
        lines.push(Line::styled(text, theme.tone(Tone::Faint)));
    }
    lines.extend(parts.tail);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(body.height);
    let area = Rect {
        x: body.x + (body.width - width) / 2,
        y: body.y + (body.height - height) / 2,
        width,
        height,
    };
    let title = match dialog.ids.len() {
        1 => format!(" {} ", dialog.act.name),
        count => format!(" {} {count} ", dialog.act.name),
    };
    let frame_style = theme.tone(if state.place.production { Tone::Bad } else { Tone::Warn });
    let block = Block::bordered().title(title).border_style(frame_style);
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn fact_lines(state: &State, dialog: &Dialog, width: usize) -> Vec<Line<'static>> {
    let theme = state.theme;
    let refusal = dialog.refusal.iter().flat_map(|why| {
        let text = format!("it cannot be done as things are: {why}");
        page::wrap(&text, width).into_iter().map(|line| format!(" {line}")).collect::<Vec<_>>()
    });
    let mut lines: Vec<Line<'static>> =
        refusal.map(|line| Line::styled(line, theme.tone(Tone::Bad))).collect();
    match &dialog.facts {
        Some(Ok(document)) => lines.extend(page::lines(document, state, width)),
        Some(Err(why)) => {
            let why = page::wrap(why, width).into_iter();
            lines.extend(why.map(|line| Line::styled(format!(" {line}"), theme.tone(Tone::Warn))));
        }
        None if dialog.question.is_some() => {
            lines.push(Line::styled(" working out what would come of it", theme.tone(Tone::Faint)));
        }
        None => {}
    }
    lines
}

fn field_line(state: &State, field: &Field, here: bool, width: usize) -> Line<'static> {
    let theme = state.theme;
    let faint = theme.tone(Tone::Faint);
    let style = if here { theme.heading() } else { faint };
    let mut spans = vec![Span::styled(format!(" {:<NAME_WIDTH$}", field.name), style)];
    let room = width.saturating_sub(NAME_WIDTH + 1);
    let text = field.line.text();
    match (here, field.fixed) {
        (_, true) => spans.push(Span::styled(shorten(text, room), faint)),
        (true, false) => spans.extend(written::spans(&field.line, room)),
        (false, false) => spans.push(Span::raw(shorten(text, room))),
    }
    if text.is_empty() {
        spans.push(Span::styled(format!("  {}", field.about), faint));
    }
    Line::from(spans)
}

//! The two lines above the keys: what is to be said, and how things are.

use chrono::TimeDelta;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use crate::cell::{Tone, lasts, shorten};
use crate::draw::{list, page};
use crate::state::{Pane, State};

/// What is said has at most so many lines.
const LINES_MAX: usize = 4;
/// An answer that takes longer is worth a word.
const SLOW: TimeDelta = TimeDelta::seconds(2);

/// What is to be said, in its own place above the line of the status: messages first, then a
/// trouble that has no room there, then what of the row under the cursor is cut off. One line
/// at least, so that the list does not jump.
pub(super) fn message(state: &State, pane: &Pane, width: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(2);
    let mut lines: Vec<Line<'static>> = Vec::new();
    // The newest has its room first, and stands last.
    for toast in state.toasts.iter().rev() {
        let tone = if toast.trouble { Tone::Bad } else { Tone::Good };
        let style = state.theme.tone(tone).add_modifier(Modifier::REVERSED);
        let said = page::wrap(&crate::cell::printable(&toast.text), room).into_iter();
        let said = said.map(|line| Line::styled(format!(" {line} "), style));
        let mut said: Vec<_> = said.take(LINES_MAX - lines.len()).collect();
        said.append(&mut lines);
        lines = said;
    }
    if lines.is_empty() {
        let (text, tone) = match &pane.trouble {
            Some(trouble) if pane.read_at.is_some() && left(state, pane, 0).0.width() > width => {
                (Some(trouble.clone()), Tone::Bad)
            }
            _ => (cut(state, pane, width), Tone::Faint),
        };
        let style = state.theme.tone(tone);
        let text = text.unwrap_or_default();
        lines.extend(
            page::wrap(&text, room).into_iter().map(|line| Line::styled(format!(" {line}"), style)),
        );
    }
    lines.truncate(LINES_MAX);
    lines
}

fn cut(state: &State, pane: &Pane, width: usize) -> Option<String> {
    if pane.is_list() { list::cut(state, pane, width) } else { page::cut(state, pane, width) }
}

/// How many, how old, and what it costs. Trouble has precedence over the cost.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, pane: &Pane, room: usize) {
    let theme = state.theme;
    let width = usize::from(area.width);
    let (text, tone) = left(state, pane, room);
    let cost = state.cost;
    let mean_ms = cost.waited_us / cost.requests.max(1) / 1000;
    let right = format!("{} requests, {} KB, {mean_ms} ms each ", cost.requests, cost.bytes / 1024);
    let mut spans = vec![Span::styled(shorten(&text, width), theme.tone(tone))];
    let gap = width.saturating_sub(text.width() + right.width());
    if gap > 0 && pane.trouble.is_none() {
        spans.push(Span::raw(" ".repeat(gap)));
        spans.push(Span::styled(right, theme.tone(Tone::Faint)));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

/// Where one is in it and how old it is.
fn left(state: &State, pane: &Pane, room: usize) -> (String, Tone) {
    let mut parts = if pane.is_list() { of_list(pane) } else { of_page(state, room) };
    let (age, tone) = age_of(state, pane);
    parts.push(age);
    (format!(" {}", parts.join("  ")), tone)
}

fn of_list(pane: &Pane) -> Vec<String> {
    let mut parts = Vec::new();
    let more = if pane.next.is_some() { "+" } else { "" };
    let at = (pane.cursor + 1).min(pane.shown.len());
    parts.push(format!("{at}/{}{more}", pane.shown.len()));
    if pane.shown.len() < pane.rows.len() {
        parts.push(format!("of {} read", pane.rows.len()));
    }
    if !pane.marks.is_empty() {
        parts.push(format!("{} marked", pane.marks.len()));
    }
    if !pane.filter.is_empty() {
        parts.push(format!("/{}", pane.filter));
    }
    if pane.next.is_some() && pane.sort.is_some() {
        parts.push("only what is loaded is sorted, n loads more".to_owned());
    }
    parts
}

fn of_page(state: &State, room: usize) -> Vec<String> {
    let lines = page::extent(state).lines;
    if lines <= room || room == 0 {
        return Vec::new();
    }
    let offset = state.pane().map_or(0, |pane| pane.offset.min(lines - room));
    let more = if offset + room < lines { ", PageDown shows more" } else { "" };
    vec![format!("lines {}-{} of {lines}{more}", offset + 1, offset + room)]
}

/// How old the data are, and why, when they should be newer.
fn age_of(state: &State, pane: &Pane) -> (String, Tone) {
    let age = pane.read_at.map(|at| lasts((state.now - at).num_milliseconds().max(0)));
    let waits = pane.question.and(pane.asked_at).map(|at| state.now - at);
    let waits = waits.filter(|waits| *waits >= SLOW).map(|waits| lasts(waits.num_milliseconds()));
    match (&pane.trouble, age, waits) {
        (Some(trouble), Some(age), _) => (format!("STALE, {age} old: {trouble}"), Tone::Bad),
        // The body says it.
        (Some(_), None, _) => ("not read".to_owned(), Tone::Bad),
        (None, None, None) => ("reading".to_owned(), Tone::Faint),
        (None, None, Some(waits)) => (format!("reading, no answer for {waits}"), Tone::Warn),
        (None, Some(age), Some(waits)) => {
            (format!("STALE, {age} old: no answer for {waits}"), Tone::Warn)
        }
        (None, Some(age), None) if state.frozen => (format!("frozen, {age} old"), Tone::Warn),
        (None, Some(age), None) if pane.grown => (format!("{age} old, r reads again"), Tone::Faint),
        (None, Some(age), None) => (format!("{age} old"), Tone::Faint),
    }
}

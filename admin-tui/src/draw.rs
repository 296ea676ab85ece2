//! The screen: a function of the state.

mod dialog;
mod help;
mod list;
mod page;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use crate::cell::{Tone, lasts, shorten};
use crate::state::{Mode, Pane, State};
use crate::update::candidates;

/// Below this nothing sensible can be drawn.
const WIDTH_MIN: u16 = 40;
const HEIGHT_MIN: u16 = 10;

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, state: &State) {
    let area = frame.area();
    if area.width < WIDTH_MIN || area.height < HEIGHT_MIN {
        let text = format!("at least {WIDTH_MIN}x{HEIGHT_MIN}, please");
        frame.render_widget(Paragraph::new(text), area);
        return;
    }
    let rows = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
        Constraint::Length(1),
    ]);
    let [bar, crumbs, body, status, keys] = rows.areas(area);
    draw_bar(frame, bar, state);
    draw_crumbs(frame, crumbs, state);
    if let Some(pane) = state.pane() {
        if pane.is_list() {
            list::draw(frame, body, state, pane);
        } else {
            page::draw(frame, body, state, pane);
        }
        draw_status(frame, status, state, pane);
    }
    draw_keys(frame, keys, state);
    match &state.mode {
        Mode::Help(offset) => help::draw(frame, body, state, *offset),
        Mode::Dialog(dialog) => dialog::draw(frame, body, state, dialog),
        _ => {}
    }
    draw_toasts(frame, body, state);
}

/// Where this is, and who looks.
fn draw_bar(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let place = &state.place;
    let production = if place.production { "  PRODUCTION" } else { "" };
    let left = format!(" holdfast  {}{production}  {}", place.name, place.address);
    let who = state
        .rights
        .me
        .as_ref()
        .map_or_else(|| "not known yet".to_owned(), |me| format!("{} ({})", me.name, me.role));
    let lock = if state.locked().is_some() { "read-only" } else { "CHANGES ALLOWED" };
    let right = format!("{who}  {lock} ");
    draw_ends(frame, area, &left, &right, state.theme.bar(place.production));
}

/// Two texts at the ends of a line; the left one gives way.
fn draw_ends(
    frame: &mut Frame<'_>,
    area: Rect,
    left: &str,
    right: &str,
    style: ratatui::style::Style,
) {
    let width = usize::from(area.width);
    let room = width.saturating_sub(right.chars().count() + 1);
    let left = shorten(left, room);
    let gap = width.saturating_sub(left.chars().count() + right.chars().count());
    let text = format!("{left}{}{right}", " ".repeat(gap));
    frame.render_widget(Paragraph::new(text).style(style), area);
}

/// How one came here.
fn draw_crumbs(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let theme = state.theme;
    let mut spans = Vec::new();
    let count = state.panes.len();
    for (at, pane) in state.panes.iter().enumerate() {
        let last = at + 1 == count;
        let style = if last { theme.heading() } else { theme.tone(Tone::Faint) };
        let id = pane.target.id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
        let params: Vec<String> =
            pane.target.params.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        let params = params.concat();
        let text = if last {
            format!("{}{id}{params}", pane.view.name)
        } else {
            pane.view.name.to_owned()
        };
        spans.push(Span::styled(format!(" {text} "), style));
        if !last {
            spans.push(Span::styled(">", theme.tone(Tone::Faint)));
        }
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

/// How many, how old, and what it costs.
fn draw_status(frame: &mut Frame<'_>, area: Rect, state: &State, pane: &Pane) {
    let theme = state.theme;
    let mut left = Vec::new();
    if pane.is_list() {
        let more = if pane.next.is_some() { "+" } else { "" };
        let at = (pane.cursor + 1).min(pane.shown.len());
        left.push(format!("{at}/{}{more}", pane.shown.len()));
        if pane.shown.len() < pane.rows.len() {
            left.push(format!("of {} read", pane.rows.len()));
        }
        if !pane.marks.is_empty() {
            left.push(format!("{} marked", pane.marks.len()));
        }
        if !pane.filter.is_empty() {
            left.push(format!("/{}", pane.filter));
        }
    }
    let (age, tone) = age_of(state, pane);
    let cost = state.cost;
    let mean_ms = cost.waited_us / cost.requests.max(1) / 1000;
    let right = format!("{} requests, {} KB, {mean_ms} ms each ", cost.requests, cost.bytes / 1024);
    let room = usize::from(area.width).saturating_sub(right.len() + 1);
    let spans =
        vec![Span::raw(format!(" {}  ", left.join("  "))), Span::styled(age, theme.tone(tone))];
    let [start, end] = Layout::horizontal([
        Constraint::Length(u16::try_from(room).unwrap_or(0)),
        Constraint::Min(0),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(Line::from(spans)), start);
    frame.render_widget(Paragraph::new(right).style(theme.tone(Tone::Faint)), end);
}

/// How old the data are, and why, when they should be newer.
fn age_of(state: &State, pane: &Pane) -> (String, Tone) {
    let age = pane.read_at.map(|at| (state.now - at).num_milliseconds().max(0));
    match (&pane.trouble, age) {
        (Some(trouble), Some(age)) => (format!("STALE, {} old: {trouble}", lasts(age)), Tone::Bad),
        (Some(trouble), None) => (trouble.clone(), Tone::Bad),
        (None, None) => ("reading".to_owned(), Tone::Faint),
        (None, Some(age)) if state.frozen => (format!("frozen, {} old", lasts(age)), Tone::Warn),
        (None, Some(age)) if pane.grown => {
            (format!("{} old, r reads again", lasts(age)), Tone::Faint)
        }
        (None, Some(age)) => (format!("{} old", lasts(age)), Tone::Faint),
    }
}

/// The line at the bottom: what is being written, or the keys that matter here.
fn draw_keys(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let theme = state.theme;
    let line = match &state.mode {
        Mode::Filter(line) => Line::from(format!("/{}_", line.text())),
        Mode::Command(line) => {
            let candidates = candidates(state, line.text()).join("  ");
            Line::from(vec![
                Span::raw(format!(":{}_  ", line.text())),
                Span::styled(candidates, theme.tone(Tone::Faint)),
            ])
        }
        Mode::Dialog(_) => Line::from(" Enter next, then do it   Tab next field   Esc leave it"),
        Mode::Help(_) => Line::from(" j/k scroll   Esc back"),
        Mode::Browse => keys(state),
    };
    frame.render_widget(Paragraph::new(line), area);
}

fn keys(state: &State) -> Line<'static> {
    let theme = state.theme;
    let mut spans = Vec::new();
    let mut add = |key: String, about: &str, tone: Tone| {
        spans.push(Span::styled(format!(" {key}"), theme.tone(tone).add_modifier(Modifier::BOLD)));
        spans.push(Span::styled(format!(" {about} "), theme.tone(Tone::Faint)));
    };
    let acts = state.pane().map(|pane| pane.view.acts).unwrap_or_default();
    if state.locked().is_none() {
        for act in acts {
            add(act.key.to_string(), act.name, Tone::Warn);
        }
    }
    for (key, about) in [
        ("?", "help"),
        (":", "go"),
        ("/", "filter"),
        ("enter", "open"),
        ("esc", "back"),
        ("q", "leave"),
    ] {
        add(key.to_owned(), about, Tone::Link);
    }
    Line::from(spans)
}

/// Messages over the lower right corner; trouble stays until a key is pressed.
fn draw_toasts(frame: &mut Frame<'_>, body: Rect, state: &State) {
    let width = body.width.min(70);
    let mut bottom = body.bottom();
    for toast in state.toasts.iter().rev().take(3) {
        let inner = usize::from(width).saturating_sub(4).max(1);
        let lines = page::wrap(&toast.text, inner);
        let height = u16::try_from(lines.len()).unwrap_or(1);
        let Some(top) = bottom.checked_sub(height).filter(|top| *top > body.top()) else {
            return;
        };
        let area = Rect { x: body.right() - width, y: top, width, height };
        let tone = if toast.trouble { Tone::Bad } else { Tone::Good };
        let style = state.theme.tone(tone).add_modifier(Modifier::REVERSED);
        frame.render_widget(Clear, area);
        let lines: Vec<Line<'_>> =
            lines.into_iter().map(|line| Line::from(format!("  {line}"))).collect();
        frame.render_widget(Paragraph::new(lines).style(style), area);
        bottom = top;
    }
}

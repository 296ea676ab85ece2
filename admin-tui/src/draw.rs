//! The screen: a function of the state.

mod dialog;
mod help;
mod list;
mod page;
mod status;
mod written;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::cell::{Tone, shorten};
use crate::state::{Mode, Pane, State};
use crate::update::candidates;

pub(crate) use dialog::hidden as facts_hidden;
pub(crate) use help::extent as help_extent;
pub(crate) use page::extent;

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
    let Some(pane) = state.pane() else {
        return;
    };
    let message = status::message(state, pane, usize::from(area.width));
    let rows = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(u16::try_from(message.len()).unwrap_or(1)),
        Constraint::Length(1),
        Constraint::Length(1),
    ]);
    let [bar, crumbs, body, said, status, keys] = rows.areas(area);
    draw_bar(frame, bar, state);
    draw_crumbs(frame, crumbs, state);
    draw_body(frame, body, state, pane);
    frame.render_widget(Paragraph::new(message), said);
    status::draw(frame, status, state, pane, usize::from(body.height));
    draw_keys(frame, keys, state);
    match &state.mode {
        Mode::Help(help) => help::draw(frame, body, state, help.offset, &help.words),
        Mode::Search(line) => help::draw(frame, body, state, 0, line.text()),
        Mode::Dialog(dialog) => dialog::draw(frame, body, state, dialog),
        _ => {}
    }
}

/// Rows that a page has on the screen: all but bar, crumbs, message, status and keys.
pub(crate) fn page_room(state: &State) -> usize {
    let said =
        state.pane().map_or(1, |pane| status::message(state, pane, usize::from(state.width)).len());
    usize::from(state.height).saturating_sub(4 + said).max(1)
}

fn draw_body(frame: &mut Frame<'_>, body: Rect, state: &State, pane: &Pane) {
    match &pane.trouble {
        // There is nothing else to show, so it has room here.
        Some(trouble) if pane.read_at.is_none() => {
            let lines = page::wrap(trouble, usize::from(body.width).saturating_sub(2));
            let lines: Vec<Line<'_>> =
                lines.into_iter().map(|line| Line::from(format!(" {line}"))).collect();
            frame.render_widget(Paragraph::new(lines).style(state.theme.tone(Tone::Bad)), body);
        }
        _ if pane.is_list() => list::draw(frame, body, state, pane),
        _ => page::draw(frame, body, state, pane),
    }
}

/// Where this is, and who looks.
fn draw_bar(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let place = &state.place;
    let production = if place.production { "  PRODUCTION" } else { "" };
    let closed = if state.maintenance { "  MAINTENANCE" } else { "" };
    let left = format!(" holdfast  {}{production}{closed}  {}", place.name, place.address);
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

/// The line at the bottom: what is being written, or the keys that matter here.
fn draw_keys(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let theme = state.theme;
    let room = usize::from(area.width).saturating_sub(2);
    let after = |sign: &'static str, line: &crate::line::Line| {
        let mut spans = vec![Span::raw(sign)];
        spans.extend(written::spans(line, room));
        spans
    };
    let line = match &state.mode {
        Mode::Filter(line) | Mode::Search(line) => Line::from(after("/", line)),
        Mode::Command(line) => {
            let mut spans = after(":", line);
            let candidates = candidates(state, line.text()).join("  ");
            spans.push(Span::styled(format!("  {candidates}"), theme.tone(Tone::Faint)));
            Line::from(spans)
        }
        Mode::Dialog(dialog) if dialog.sending.is_some() => {
            Line::from(" Esc leaves it: its answer will be told")
        }
        Mode::Dialog(_) => Line::from(" Enter next, then do it   Tab next field   Esc leave it"),
        Mode::Help(_) => Line::from(" j/k scroll   G end   / search   Esc back"),
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
    if let Some(pane) = state.pane().filter(|_| state.locked().is_none()) {
        for act in pane.offered() {
            add(act.key.to_string(), act.name, Tone::Warn);
        }
    }
    for (key, about) in [
        ("?", "help"),
        ("1-0", "views"),
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

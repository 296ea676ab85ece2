//! Moving about in lists and pages.

use crate::action::Action;
use crate::effect::Effect;
use crate::line::Line;
use crate::state::{Mode, Pane, State};
use crate::update::{ask, dialog, go, read};
use crate::view::{Body, Target};

pub(super) fn browse(state: &mut State, action: &Action) -> Vec<Effect> {
    match action {
        Action::Move(rows) => step(state, i64::from(*rows)),
        Action::Page(pages) => step(state, i64::from(*pages) * rows_of(state.room())),
        Action::Top => step(state, i64::MIN / 2),
        Action::Bottom => step(state, i64::MAX / 2),
        Action::Open => return open(state),
        Action::Back => back(state),
        Action::Last => return state.left.clone().map_or_else(Vec::new, |last| go(state, last)),
        Action::Jump(digit) => return jump(state, *digit),
        Action::StartFilter => {
            let filter = state.pane().map(|pane| pane.filter.clone()).unwrap_or_default();
            state.mode = Mode::Filter(Line::new(filter));
        }
        Action::StartCommand => state.mode = Mode::Command(Line::default()),
        Action::Help => state.mode = Mode::Help(0),
        Action::Sort => sort(state, false),
        Action::Reverse => sort(state, true),
        Action::Mark => mark(state),
        Action::Unmark => {
            if let Some(pane) = state.panes.last_mut() {
                pane.marks.clear();
            }
        }
        Action::More => {
            let next = state.pane().and_then(|pane| pane.next.clone());
            return next.map_or_else(Vec::new, |cursor| ask(state, Some(cursor)));
        }
        Action::Refresh => return read(state),
        Action::Freeze => state.frozen = !state.frozen,
        Action::Theme => state.theme = state.theme.next(),
        Action::CopyId | Action::CopyJson | Action::CopyCommand => return copy(state, action),
        Action::Act(key) => return dialog::begin(state, *key),
        Action::Click { x: _, y } => click(state, *y),
        _ => {}
    }
    Vec::new()
}

fn rows_of(room: usize) -> i64 {
    i64::try_from(room).unwrap_or(1)
}

/// Moves the cursor; past the last row that is loaded, the next page is worth asking for.
fn step(state: &mut State, by: i64) {
    if let Some(pane) = state.panes.last_mut() {
        let last = pane.stops().saturating_sub(1);
        let at = i64::try_from(pane.cursor).unwrap_or(0).saturating_add(by);
        pane.cursor = usize::try_from(at.max(0)).unwrap_or(0).min(last);
        // A page without links is scrolled by the line.
        if pane.document.is_some() && pane.stops() == 0 {
            let offset = i64::try_from(pane.offset).unwrap_or(0).saturating_add(by);
            pane.offset = usize::try_from(offset.clamp(0, 10_000)).unwrap_or(0);
        }
    }
    keep_in_sight(state);
}

/// Scrolls a list so that the cursor is on the screen.
pub(super) fn keep_in_sight(state: &mut State) {
    let room = state.room();
    if let Some(pane) = state.panes.last_mut().filter(|pane| pane.is_list()) {
        let lowest = (pane.cursor + 1).saturating_sub(room);
        let fill = pane.shown.len().saturating_sub(room);
        pane.offset = pane.offset.clamp(lowest, pane.cursor).min(fill.max(lowest));
    }
}

fn open(state: &mut State) -> Vec<Effect> {
    state.pane().and_then(Pane::link).map_or_else(Vec::new, |target| go(state, target))
}

/// Out of the filter first, then out of the view.
fn back(state: &mut State) {
    let Some(pane) = state.panes.last_mut() else {
        return;
    };
    if !pane.filter.is_empty() {
        pane.filter.clear();
        pane.arrange();
    } else if !pane.marks.is_empty() {
        pane.marks.clear();
    } else if state.panes.len() > 1 {
        state.left = state.panes.pop().map(|pane| pane.target);
    }
    keep_in_sight(state);
}

fn jump(state: &mut State, digit: char) -> Vec<Effect> {
    let found = crate::views::NUMBERED.iter().find(|(number, _)| *number == digit);
    found.map_or_else(Vec::new, |(_, name)| {
        // A jump begins a new trail.
        let effects = go(state, Target::of(name));
        if let Some(pane) = state.panes.pop() {
            state.panes = vec![pane];
        }
        effects
    })
}

/// By the next column; after the last one as the server sent it.
fn sort(state: &mut State, reverse: bool) {
    if let Some(pane) = state.panes.last_mut()
        && let Body::List { columns, .. } = &pane.view.body
    {
        pane.sort = match (pane.sort, reverse) {
            (Some((column, reversed)), true) => Some((column, !reversed)),
            (None, true) => Some((0, true)),
            (None, false) => Some((0, false)),
            (Some((column, _)), false) if column + 1 < columns.len() => Some((column + 1, false)),
            (Some(_), false) => None,
        };
        pane.arrange();
    }
    keep_in_sight(state);
}

fn mark(state: &mut State) {
    if let Some(pane) = state.panes.last_mut()
        && let Some(id) = pane.row().map(|row| row.id.clone())
        && !pane.marks.remove(&id)
    {
        pane.marks.insert(id);
    }
    step(state, 1);
}

/// A click on a row puts the cursor there.
fn click(state: &mut State, y: u16) {
    if let Some(pane) = state.panes.last_mut().filter(|pane| pane.is_list()) {
        // Bar, crumbs and headings are above the first row.
        let Some(row) = usize::from(y).checked_sub(3) else {
            return;
        };
        if pane.offset + row < pane.shown.len() {
            pane.cursor = pane.offset + row;
        }
    }
}

fn copy(state: &mut State, what: &Action) -> Vec<Effect> {
    let Some(pane) = state.pane() else {
        return Vec::new();
    };
    let text = match what {
        Action::CopyId => pane.subjects().first().cloned(),
        Action::CopyJson => pane.row().map(|row| row.json.get().to_owned()),
        _ => Some(crate::cli::equivalent(&pane.target)),
    };
    text.map(Effect::Copy).into_iter().collect()
}

pub(super) fn filter(state: &mut State, action: &Action) -> Vec<Effect> {
    let Mode::Filter(line) = &mut state.mode else {
        return Vec::new();
    };
    let ended = match action {
        Action::Type(letter) => {
            line.push(*letter);
            false
        }
        Action::Paste(text) => {
            line.paste(text);
            false
        }
        Action::Erase => !line.erase(),
        Action::Submit => true,
        Action::Back => {
            *line = Line::default();
            true
        }
        _ => return Vec::new(),
    };
    let filter = line.text().to_owned();
    if ended {
        state.mode = Mode::Browse;
    }
    if let Some(pane) = state.panes.last_mut() {
        pane.filter = filter;
        pane.arrange();
    }
    keep_in_sight(state);
    Vec::new()
}

pub(super) fn help(state: &mut State, action: &Action) -> Vec<Effect> {
    let Mode::Help(offset) = &mut state.mode else {
        return Vec::new();
    };
    match action {
        Action::Move(by) | Action::Page(by) => {
            *offset = offset.saturating_add_signed(isize::try_from(*by).unwrap_or(0)).min(200);
        }
        Action::Back | Action::Help | Action::Submit | Action::Open => state.mode = Mode::Browse,
        _ => {}
    }
    Vec::new()
}

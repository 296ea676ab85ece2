//! Moving about in lists and pages.

use crate::action::Action;
use crate::effect::Effect;
use crate::line::Line;
use crate::state::{Help, Mode, Pane, State};
use crate::update::{ask, dialog, go, read};
use crate::view::{Body, Target};

pub(super) fn browse(state: &mut State, action: &Action) -> Vec<Effect> {
    match action {
        Action::Move(_) | Action::Page(_) | Action::Top | Action::Bottom => step(state, action),
        Action::Open => return open(state),
        Action::Back => back(state),
        Action::Last => return state.left.clone().map_or_else(Vec::new, |last| go(state, last)),
        Action::Jump(digit) => return jump(state, *digit),
        Action::StartFilter => {
            let filter = state.pane().map(|pane| pane.filter.clone()).unwrap_or_default();
            state.mode = Mode::Filter(Line::new(filter));
        }
        Action::StartCommand => state.mode = Mode::Command(Line::default()),
        Action::Help => state.mode = Mode::Help(Help::default()),
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

/// Moves the cursor of a list, or that of a page, which is scrolled besides.
fn step(state: &mut State, action: &Action) {
    if state.pane().is_none_or(|pane| pane.document.is_none()) {
        let by = match action {
            Action::Move(rows) => i64::from(*rows),
            Action::Page(pages) => i64::from(*pages) * i64::try_from(state.room()).unwrap_or(1),
            Action::Top => i64::MIN / 2,
            _ => i64::MAX / 2,
        };
        if let Some(pane) = state.panes.last_mut() {
            pane.cursor = moved(pane.cursor, by, pane.stops().saturating_sub(1));
        }
        keep_in_sight(state);
        return;
    }
    let (room, extent) = (crate::draw::page_room(state), crate::draw::extent(state));
    let Some(pane) = state.panes.last_mut() else {
        return;
    };
    let (most, bottom) = (pane.stops().saturating_sub(1), extent.lines.saturating_sub(room));
    let offset = pane.offset.min(bottom);
    match action {
        Action::Top => (pane.cursor, pane.offset) = (0, 0),
        Action::Bottom => (pane.cursor, pane.offset) = (most, bottom),
        Action::Page(pages) => {
            let by = i64::from(*pages) * i64::try_from(room).unwrap_or(1);
            pane.offset = moved(offset, by, bottom);
            let sight = pane.offset..pane.offset + room;
            let seen = |at: usize| extent.links.get(at).is_some_and(|line| sight.contains(line));
            if !seen(pane.cursor) {
                pane.cursor = (0..=most).find(|&at| seen(at)).unwrap_or(pane.cursor);
            }
        }
        Action::Move(by) => {
            pane.offset = offset;
            for _ in 0..by.unsigned_abs() {
                let place = (pane.cursor, pane.offset);
                (pane.cursor, pane.offset) = walked(place, *by > 0, room, bottom, &extent.links);
            }
        }
        _ => {}
    }
}

/// From link to link where the next one is in sight, else by the line, so that nothing is skipped.
fn walked(
    (cursor, offset): (usize, usize),
    down: bool,
    room: usize,
    bottom: usize,
    links: &[usize],
) -> (usize, usize) {
    let sight = offset..offset + room;
    let seen = |at: &usize| links.get(*at).is_some_and(|line| sight.contains(line));
    let next = match (seen(&cursor), down) {
        (true, true) => Some(cursor + 1),
        (true, false) => cursor.checked_sub(1),
        (false, true) => (0..links.len()).find(seen),
        (false, false) => (0..links.len()).rev().find(seen),
    };
    match (next.filter(seen), down) {
        (Some(next), _) => (next, offset),
        (None, true) => (cursor, (offset + 1).min(bottom)),
        (None, false) => (cursor, offset.saturating_sub(1)),
    }
}

/// A place so much further on, at most at the last one.
fn moved(place: usize, by: i64, last: usize) -> usize {
    let place = i64::try_from(place).unwrap_or(0).saturating_add(by);
    usize::try_from(place.max(0)).unwrap_or(0).min(last)
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
    } else if state.panes.len() > 1
        && let Some(pane) = state.panes.pop()
    {
        state.left = Some(pane.target.clone());
        state.keep(pane);
    }
    keep_in_sight(state);
}

fn jump(state: &mut State, digit: char) -> Vec<Effect> {
    let found = crate::views::NUMBERED.iter().find(|(number, _)| *number == digit);
    found.map_or_else(Vec::new, |(_, name)| {
        // A jump begins a new trail.
        let before = std::mem::take(&mut state.panes);
        let left = before.last().map(|pane| pane.target.clone());
        for pane in before {
            state.keep(pane);
        }
        let effects = go(state, Target::of(name));
        state.left = left;
        effects
    })
}

/// By the next column, numbers and times the highest first; after the last one as the server sent
/// it.
fn sort(state: &mut State, reverse: bool) {
    if let Some(pane) = state.panes.last_mut()
        && let Body::List { columns, .. } = &pane.view.body
    {
        let next = match pane.sort {
            None => 0,
            Some((column, _)) => column + 1,
        };
        pane.sort = match (pane.sort, reverse) {
            (Some((column, reversed)), true) => Some((column, !reversed)),
            (None, true) => Some((0, !pane.is_counted(0))),
            (_, false) if next < columns.len() => Some((next, pane.is_counted(next))),
            (_, false) => None,
        };
        pane.arrange();
    }
    keep_in_sight(state);
}

fn mark(state: &mut State) {
    if let Some(pane) = state.panes.last_mut() {
        pane.mark();
    }
    step(state, &Action::Move(1));
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
        Action::CopyJson => {
            let json = pane.row().map(|row| &row.json).or(pane.json.as_ref());
            json.map(|json| json.get().to_owned())
        }
        _ => Some(crate::cli::equivalent(&pane.target, &state.place.words)),
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
        Action::Edit(edit) => {
            line.edit(*edit);
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

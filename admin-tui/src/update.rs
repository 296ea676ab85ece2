//! The one place where the state changes.
//!
//! An action in, effects out: nothing here waits, reads a clock, or draws.

mod arrive;
mod browse;
mod command;
mod dialog;

use chrono::{DateTime, TimeDelta, Utc};

use crate::action::Action;
use crate::effect::Effect;
use crate::state::{Mode, Pane, State};
use crate::view::Target;

pub(crate) use arrive::Items;
pub use command::candidates;

/// How old data may become before they are read again by themselves.
const FRESH: TimeDelta = TimeDelta::seconds(1);

/// Nobody said whose token it is: ask again after this long.
const ME_AGAIN: TimeDelta = TimeDelta::seconds(5);

/// A trail that is longer loses its beginning.
const PANES_MAX: usize = 32;

/// What follows from an action.
pub fn update(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Quit => state.done = true,
        Action::Tick(now) => return tick(state, now),
        Action::Resize { width, height } => {
            (state.width, state.height) = (width, height);
            browse::keep_in_sight(state);
        }
        Action::Arrived(reply) => return arrive::arrived(state, &reply),
        Action::Changed(reply) => return arrive::changed(state, reply),
        Action::Me(Ok(me)) => state.rights.me = Some(me),
        // Without an answer the pane says so as well, and it is asked again.
        Action::Me(Err(error)) if error.is_refusal() => state.complain(error.to_string()),
        Action::Me(Err(_)) => {}
        Action::Copied(Ok(what)) => state.say(format!("copied {what}")),
        Action::Copied(Err(why)) => state.complain(format!("not copied: {why}")),
        Action::Go(target) => return go(state, target),
        action => {
            // A key was pressed: what was to be read has been seen.
            let now = state.now;
            state.toasts.retain(|toast| toast.until > now);
            return match &state.mode {
                Mode::Browse => browse::browse(state, &action),
                Mode::Filter(_) => browse::filter(state, &action),
                Mode::Command(_) => command::command(state, &action),
                Mode::Dialog(_) => dialog::dialog(state, &action),
                Mode::Help(_) => browse::help(state, &action),
            };
        }
    }
    Vec::new()
}

fn tick(state: &mut State, now: DateTime<Utc>) -> Vec<Effect> {
    state.now = now;
    state.toasts.retain(|toast| toast.trouble || toast.until > now);
    let due = state.pane().is_some_and(|pane| {
        // A list of which more than a page is loaded is read again on demand only.
        !pane.grown && pane.asked_at.is_none_or(|at| now - at >= FRESH)
    });
    let mut effects = if due && !state.frozen { read(state) } else { Vec::new() };
    if state.rights.me.is_none() && state.me_asked_at.is_none_or(|at| now - at >= ME_AGAIN) {
        state.me_asked_at = Some(now);
        effects.push(Effect::Me);
    }
    effects
}

/// Opens a view on top of the others.
pub(crate) fn go(state: &mut State, target: Target) -> Vec<Effect> {
    let Some(pane) = Pane::new(target) else {
        return Vec::new();
    };
    state.mode = Mode::Browse;
    state.left = state.pane().map(|pane| pane.target.clone());
    if state.panes.len() >= PANES_MAX {
        state.panes.remove(0);
    }
    state.panes.push(pane);
    read(state)
}

/// Reads what is shown, from its beginning.
pub(crate) fn read(state: &mut State) -> Vec<Effect> {
    ask(state, None)
}

/// Reads what is shown, or its next page, unless that is under way already.
pub(crate) fn ask(state: &mut State, cursor: Option<String>) -> Vec<Effect> {
    let (question, now) = (state.asked + 1, state.now);
    let Some(pane) = state.panes.last_mut().filter(|pane| pane.question.is_none()) else {
        return Vec::new();
    };
    let more = cursor.is_some();
    let target = match cursor {
        Some(cursor) => pane.target.clone().with("cursor", cursor),
        None => pane.target.clone(),
    };
    (pane.question, pane.asked_at) = (Some(question), Some(now));
    let path = target.path(pane.view);
    state.asked = question;
    vec![Effect::Read { question, path, more }]
}

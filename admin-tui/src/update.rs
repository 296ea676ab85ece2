//! The one place where the state changes.
//!
//! An action in, effects out: nothing here waits, reads a clock, or draws.

mod arrive;
mod browse;
mod command;
mod dialog;
mod help;

use chrono::{DateTime, TimeDelta, Utc};

use crate::action::Action;
use crate::effect::Effect;
use crate::state::{Mode, Pane, Place, State};
use crate::view::Target;

pub(crate) use arrive::Items;
pub use command::candidates;

/// How old data may become before they are read again by themselves.
const FRESH: TimeDelta = TimeDelta::seconds(1);

/// Nobody said whose token it is: ask again after this long.
const ME_AGAIN: TimeDelta = TimeDelta::seconds(5);

/// How often it is asked how Holdfast stands, whatever is shown: for the word at the top, and
/// because the server measures only while somebody looks, so that the graphs have no holes.
const PULSE: TimeDelta = TimeDelta::seconds(5);

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
        Action::Me(Err(error)) if error.is_refusal() => state.complain(error.to_string()),
        // Without an answer the pane says so as well, and it is asked again.
        Action::Me(Err(_)) | Action::Pulse(Err(_)) => {}
        Action::Pulse(Ok(overview)) => state.maintenance = is_closed(&overview),
        Action::Opened(Ok(place)) => return open(state, place),
        Action::Opened(Err(why)) => state.complain(why),
        // Whether the terminal has taken it, it does not say.
        Action::Copied(Ok(what)) => state.say(format!("sent to the terminal's clipboard: {what}")),
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
                Mode::Help(_) => help::help(state, &action),
                Mode::Search(_) => help::search(state, &action),
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
    // A recording stands still.
    let again = |at: DateTime<Utc>| !state.rights.recorded && !state.frozen && now - at >= PULSE;
    if state.pulse_asked_at.is_none_or(again) {
        state.pulse_asked_at = Some(now);
        effects.push(Effect::Pulse);
    }
    effects
}

fn is_closed(overview: &wire::Overview) -> bool {
    overview.switches.iter().any(|switch| switch.kind.to_string() == "maintenance" && switch.on)
}

/// Another system: nothing that is known of the one before holds there.
fn open(state: &mut State, place: Place) -> Vec<Effect> {
    let first = crate::views::NUMBERED.first().and_then(|(_, name)| Pane::new(Target::of(name)));
    let Some(pane) = first else {
        return Vec::new();
    };
    state.say(format!("this is {} now, {}", place.name, place.address));
    (state.place, state.panes) = (place, vec![pane]);
    (state.left, state.sent, state.mode) = (None, None, Mode::Browse);
    state.kept.clear();
    (state.rights.me, state.me_asked_at) = (None, Some(state.now));
    (state.maintenance, state.pulse_asked_at) = (false, Some(state.now));
    let mut effects = read(state);
    effects.extend([Effect::Me, Effect::Pulse]);
    effects
}

/// Opens a view on top of the others.
pub(crate) fn go(state: &mut State, target: Target) -> Vec<Effect> {
    let Some(pane) = state.fetch(target) else {
        return Vec::new();
    };
    state.mode = Mode::Browse;
    state.left = state.pane().map(|pane| pane.target.clone());
    if state.panes.len() >= PANES_MAX {
        let first = state.panes.remove(0);
        state.keep(first);
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

//! `:` and what may stand behind it: a view with id and filters, an act, or a word of the console.

use crate::action::Action;
use crate::effect::Effect;
use crate::line::Line;
use crate::state::{Mode, State};
use crate::update::{dialog, go};
use crate::view::{Body, Target, find};

pub(super) fn command(state: &mut State, action: &Action) -> Vec<Effect> {
    let Mode::Command(line) = &mut state.mode else {
        return Vec::new();
    };
    match action {
        Action::Type(letter) => line.push(*letter),
        Action::Edit(edit) => line.edit(*edit),
        Action::Move(by) => recall(state, *by),
        Action::Paste(text) => line.paste(text),
        Action::Erase if line.erase() => {}
        // An erase where nothing is left closes the line, as in vi.
        Action::Erase | Action::Back => (state.mode, state.history_at) = (Mode::Browse, None),
        Action::Complete => {
            let text = line.text().to_owned();
            if let Some(whole) = completed(state, &text) {
                state.mode = Mode::Command(Line::new(whole));
            }
        }
        Action::Submit => {
            let text = line.text().trim().to_owned();
            (state.mode, state.history_at) = (Mode::Browse, None);
            if !text.is_empty() {
                state.remember(&text);
            }
            return run(state, &text);
        }
        _ => {}
    }
    Vec::new()
}

/// A command of before, or the one after it; after the newest an empty line.
fn recall(state: &mut State, by: i32) {
    let newest = state.history.len();
    let at = state.history_at.unwrap_or(newest);
    let at = at.saturating_add_signed(isize::try_from(by.signum()).unwrap_or(0)).min(newest);
    let text = state.history.get(at).cloned().unwrap_or_default();
    state.history_at = Some(at).filter(|at| *at < newest);
    state.mode = Mode::Command(Line::new(text));
}

fn run(state: &mut State, text: &str) -> Vec<Effect> {
    let mut words = text.split_whitespace();
    let Some(first) = words.next() else {
        return Vec::new();
    };
    if ["q", "quit", "exit"].contains(&first) {
        state.done = true;
        return Vec::new();
    }
    if first == CONTEXT {
        return switch(state, words.next());
    }
    let act = state.pane().and_then(|pane| pane.view.acts.iter().find(|act| act.name == first));
    if let Some(act) = act.copied() {
        let given: Vec<String> = words.map(str::to_owned).collect();
        if given.is_empty() {
            return dialog::begin(state, act.key);
        }
        return dialog::open(state, act, given);
    }
    match target(first, words) {
        Ok(target) => go(state, target),
        Err(problem) => {
            state.complain(problem);
            Vec::new()
        }
    }
}

/// To the system of another context.
fn switch(state: &mut State, name: Option<&str>) -> Vec<Effect> {
    let known = state.contexts.join(", ");
    // The answer of a change comes from here, and would not be heard elsewhere.
    if state.sent.as_ref().is_some_and(|left| left.sending.is_some()) {
        state.complain("a change is under way: wait for its answer first");
        return Vec::new();
    }
    match name {
        Some(name) if state.contexts.iter().any(|one| one == name) => {
            return vec![Effect::Switch(name.to_owned())];
        }
        _ if state.contexts.is_empty() => {
            state.complain("the configuration file names no contexts to switch to");
        }
        Some(name) => state.complain(format!("there is no context {name}; the file has: {known}")),
        None => state.say(format!("this is {}; the file has: {known}", state.place.name)),
    }
    Vec::new()
}

/// A view by name, with an id and filters as `name=value`.
fn target<'a>(name: &str, words: impl Iterator<Item = &'a str>) -> Result<Target, String> {
    let view =
        find(name).ok_or_else(|| format!("there is no view or act called {name}; ? lists them"))?;
    let mut target = Target::of(view.name);
    for word in words {
        match word.split_once('=') {
            Some((filter, value)) => {
                if !view.filters.iter().any(|known| known.name == filter) {
                    let known: Vec<&str> = view.filters.iter().map(|known| known.name).collect();
                    return Err(format!(
                        "{name} has no filter {filter}; it has: {}",
                        known.join(", ")
                    ));
                }
                target.params.insert(filter.to_owned(), value.to_owned());
            }
            None => target.id = Some(word.to_owned()),
        }
    }
    let by_id = matches!(view.body, Body::Page { by_id: true, .. });
    match (by_id, target.id.is_some()) {
        (true, false) => Err(format!("{name} needs an id")),
        (false, true) => Err(format!("{name} takes no id; filters are written name=value")),
        _ => Ok(target),
    }
}

/// The word that switches to another system.
const CONTEXT: &str = "ctx";

/// What could stand in place of the last word.
pub fn candidates(state: &State, text: &str) -> Vec<String> {
    let (before, last) = text.rsplit_once(' ').unwrap_or(("", text));
    let matching = |names: Vec<String>| -> Vec<String> {
        names.into_iter().filter(|name| name.starts_with(last) && name != last).collect()
    };
    if before.is_empty() {
        let acts = state.pane().map(|pane| pane.view.acts).unwrap_or_default();
        let acts = acts.iter().map(|act| act.name);
        let views = crate::views::ALL.iter().map(|view| view.name);
        let own = ["quit", CONTEXT];
        return matching(views.chain(acts).chain(own).map(str::to_owned).collect());
    }
    let first = before.split_whitespace().next();
    if first == Some(CONTEXT) {
        return matching(state.contexts.clone());
    }
    let view = first.and_then(find);
    let filters = view.map(|view| view.filters).unwrap_or_default();
    if let Some((name, _)) = last.split_once('=') {
        let words = filters.iter().find(|one| one.name == name).map(|one| one.words);
        let words = words.unwrap_or_default().iter();
        return matching(words.map(|word| format!("{name}={word}")).collect());
    }
    matching(filters.iter().map(|filter| format!("{}=", filter.name)).collect())
}

/// The text with its last word completed as far as all candidates agree.
fn completed(state: &State, text: &str) -> Option<String> {
    let candidates = candidates(state, text);
    let first = candidates.first()?;
    let same = |length: &usize| {
        let start = first.get(..*length);
        start.is_some() && candidates.iter().all(|one| one.get(..*length) == start)
    };
    let length = (0..=first.len()).rev().find(same)?;
    let (before, _) = text.rsplit_once(' ').unwrap_or(("", text));
    let word = first.get(..length)?;
    let space = if candidates.len() == 1 && !word.ends_with('=') { " " } else { "" };
    Some(if before.is_empty() {
        format!("{word}{space}")
    } else {
        format!("{before} {word}{space}")
    })
}

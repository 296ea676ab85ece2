//! Before a change: facts first, then what is missing, then a word, then it is sent.

use serde_json::{Map, Value};

use crate::act::Act;
use crate::action::Action;
use crate::effect::Effect;
use crate::line::Line;
use crate::state::{Dialog, Field, Mode, State};

/// The field in which the word is typed.
const WORD: &str = "type";
/// A plan with more items asks for a word.
const WITHOUT_WORD_MAX: u64 = 20;
/// The field of the reason.
const REASON: &str = "reason";

/// Begins the act with this key on what is marked or under the cursor.
pub(super) fn begin(state: &mut State, key: char) -> Vec<Effect> {
    let Some(pane) = state.pane() else {
        return Vec::new();
    };
    let act = pane.view.acts.iter().find(|act| act.key == key).copied();
    let ids = pane.subjects();
    act.map_or_else(Vec::new, |act| open(state, act, ids))
}

/// Opens the dialog of an act.
pub(super) fn open(state: &mut State, act: &'static Act, ids: Vec<String>) -> Vec<Effect> {
    if let Some(why) = state.locked() {
        state.complain(why);
        return Vec::new();
    }
    let Some(first) = ids.first().cloned() else {
        state.complain(format!("there is nothing here to {}", act.name));
        return Vec::new();
    };
    let word = word(act, ids.len(), state.place.production);
    let mut dialog = Dialog {
        act,
        fields: fields(act, word.as_deref()),
        ids,
        at: 0,
        facts: None,
        question: None,
        word,
        problem: None,
    };
    let mut effects = Vec::new();
    if let Some(target) = act.facts(&first)
        && let Some(view) = crate::view::find(target.view)
    {
        state.asked += 1;
        dialog.question = Some(state.asked);
        let path = target.path(view);
        effects.push(Effect::Read { question: state.asked, path, more: false });
        // What is typed before the facts are there must not land in what they fill in.
        dialog.at = dialog.fields.iter().position(|field| field.name == REASON).unwrap_or(0);
    }
    state.mode = Mode::Dialog(Box::new(dialog));
    effects
}

/// What has to be typed: more than one thing at a time, and everything in production that
/// cannot be taken back, should not happen by a habit of the fingers.
fn word(act: &Act, count: usize, production: bool) -> Option<String> {
    match (count, act.harmless) {
        (1, true) => None,
        (1, false) => production.then(|| act.name.to_owned()),
        (count, _) => Some(format!("{} {count}", act.name)),
    }
}

fn fields(act: &Act, word: Option<&str>) -> Vec<Field> {
    let field = |name: &str, about: String, text: &str| Field {
        name: name.to_owned(),
        about,
        line: Line::new(text),
    };
    let mut fields: Vec<Field> = act
        .inputs
        .iter()
        .map(|input| field(input.name, input.about.to_owned(), input.default.unwrap_or("")))
        .collect();
    if act.needs_reason {
        fields.push(field(REASON, "why; goes into the audit".to_owned(), ""));
    }
    if let Some(word) = word {
        fields.push(word_field(word));
    }
    fields
}

fn word_field(word: &str) -> Field {
    let about = format!("\"{word}\", to show that it is meant");
    Field { name: WORD.to_owned(), about, line: Line::default() }
}

pub(super) fn dialog(state: &mut State, action: &Action) -> Vec<Effect> {
    let Mode::Dialog(dialog) = &mut state.mode else {
        return Vec::new();
    };
    let last = dialog.at + 1 >= dialog.fields.len();
    let line = dialog.fields.get_mut(dialog.at).map(|field| &mut field.line);
    match (action, line) {
        (Action::Type(letter), Some(line)) => line.push(*letter),
        (Action::Paste(text), Some(line)) => line.paste(text),
        (Action::Erase, Some(line)) => {
            line.erase();
        }
        (Action::Complete | Action::Move(1), _) => {
            dialog.at = (dialog.at + 1) % dialog.fields.len().max(1);
        }
        (Action::Move(-1), _) => dialog.at = dialog.at.saturating_sub(1),
        (Action::Submit, _) if !last => dialog.at += 1,
        (Action::Submit, _) => return submit(state),
        (Action::Back, _) => {
            state.mode = Mode::Browse;
            state.say("nothing was changed");
        }
        _ => {}
    }
    Vec::new()
}

fn submit(state: &mut State) -> Vec<Effect> {
    let Mode::Dialog(dialog) = &mut state.mode else {
        return Vec::new();
    };
    match changes(dialog) {
        Ok(effects) => {
            if let Mode::Dialog(dialog) = std::mem::take(&mut state.mode) {
                state.sent = Some(dialog);
            }
            if let Some(pane) = state.panes.last_mut() {
                pane.marks.clear();
            }
            effects
        }
        Err(problem) => {
            dialog.problem = Some(problem);
            Vec::new()
        }
    }
}

/// What was refused, or not heard, is shown as it was written, to be mended or sent again.
pub(super) fn reopen(state: &mut State, id: String) {
    match &mut state.mode {
        Mode::Browse => {
            if let Some(mut dialog) = state.sent.take() {
                dialog.ids = vec![id];
                state.mode = Mode::Dialog(dialog);
            }
        }
        // It is open because of another one of the same.
        Mode::Dialog(dialog) if !dialog.ids.contains(&id) => dialog.ids.push(id),
        _ => {}
    }
}

/// Fills in what the facts say, so that nobody has to copy it, and asks for a word when many
/// things are concerned.
pub(super) fn fill(dialog: &mut Dialog, known: &Map<String, Value>) {
    for field in &mut dialog.fields {
        let asked = dialog.act.inputs.iter().any(|input| input.name == field.name);
        if let Some(Value::String(text)) = known.get(&field.name)
            && asked
            && field.line.text().is_empty()
        {
            field.line = Line::new(text);
        }
    }
    let count = known.get("item_count").and_then(Value::as_u64).unwrap_or(0);
    if count > WITHOUT_WORD_MAX && dialog.word.is_none() && !dialog.act.harmless {
        let word = format!("{} {count}", dialog.act.name);
        dialog.fields.push(word_field(&word));
        dialog.word = Some(word);
    }
    if dialog.fields.get(dialog.at).is_some_and(|field| field.line.text().is_empty()) {
        let empty = dialog.fields.iter().position(|field| field.line.text().is_empty());
        dialog.at = empty.unwrap_or(0);
    }
}

/// One change for each thing, or what is missing.
fn changes(dialog: &Dialog) -> Result<Vec<Effect>, String> {
    if dialog.question.is_some() {
        return Err("wait for the facts, or leave with Esc".to_owned());
    }
    let given: Vec<(String, String)> = dialog
        .fields
        .iter()
        .map(|field| (field.name.clone(), field.line.text().to_owned()))
        .collect();
    let of = |name: &str| {
        given.iter().find(|(given, _)| given == name).map_or("", |(_, text)| text.as_str())
    };
    if dialog.word.as_ref().is_some_and(|word| of(WORD).trim() != word) {
        let word = dialog.word.as_deref().unwrap_or_default();
        return Err(format!("type \"{word}\" to go on"));
    }
    let act = dialog.act;
    let change = |id: &String| {
        Ok(Effect::Change {
            act: act.name,
            id: id.clone(),
            method: act.method,
            path: act.path(id),
            body: act.body(id, of(REASON), &given)?,
            leads_to: act.leads_to.filter(|_| dialog.ids.len() == 1),
        })
    };
    dialog.ids.iter().map(change).collect()
}

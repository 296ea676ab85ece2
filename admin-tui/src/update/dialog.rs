//! Before a change: what would come of it first, then what is missing, then a word, then it is
//! sent; and the dialog stays until the answer is there, or until it is left.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::act::{Act, Fault, REASON, Risk};
use crate::action::Action;
use crate::document::Document;
use crate::effect::Effect;
use crate::line::Line;
use crate::stake;
use crate::state::{Dialog, Field, Mode, Pane, Sending, State};
use crate::view::{Body, Row};

/// The field in which the word is typed.
const WORD: &str = "type";
/// A plan with more items asks for a word.
const WITHOUT_WORD_MAX: u64 = 20;
/// Facts are scrolled by so many lines.
const SCROLL: usize = 5;

/// Begins the act with this key on what is marked or under the cursor.
pub(super) fn begin(state: &mut State, key: char) -> Vec<Effect> {
    let Some(pane) = state.pane() else {
        return Vec::new();
    };
    let Some(act) = pane.view.acts.iter().copied().find(|act| act.key == key) else {
        return Vec::new();
    };
    let (ids, refusal) = (pane.subjects(), pane.refusal(act));
    match refusal.filter(|_| state.locked().is_none()) {
        Some(why) => {
            state.complain(format!("{}: {why}", act.name));
            Vec::new()
        }
        None => open(state, act, ids),
    }
}

/// Opens the dialog of an act.
pub(super) fn open(state: &mut State, act: &'static Act, ids: Vec<String>) -> Vec<Effect> {
    if let Some(why) = state.locked() {
        state.complain(why);
        return Vec::new();
    }
    let Some(first) = ids.first() else {
        state.complain(format!("there is nothing here to {}", act.name));
        return Vec::new();
    };
    let mut effects = Vec::new();
    let (mut facts, mut question) = (None, None);
    let page = act.facts(first).filter(|_| ids.len() == 1);
    let view = page.as_ref().and_then(|(_, target)| crate::view::find(target.view));
    if let (Some((_, target)), Some(view)) = (page, view) {
        state.asked += 1;
        question = Some(state.asked);
        effects.push(Effect::Read { question: state.asked, path: target.path(view), more: false });
    } else {
        facts = state.pane().and_then(|pane| of_list(pane, &ids)).map(Ok);
    }
    let word = word(act, ids.len(), state.place.production);
    let mut dialog = Dialog {
        act,
        fields: fields(act, word.as_deref()),
        ids,
        at: 0,
        facts,
        scroll: 0,
        refusal: None,
        question,
        word,
        problem: None,
        sending: None,
    };
    restore(&mut dialog, state.sent.as_deref());
    let empty = |field: &Field| field.line.text().is_empty() && field.name != WORD;
    dialog.at = dialog.fields.iter().position(empty).unwrap_or(0);
    state.mode = Mode::Dialog(Box::new(dialog));
    effects
}

/// What the list knows of what is marked or under the cursor.
fn of_list(pane: &Pane, ids: &[String]) -> Option<Document> {
    let Body::List { columns, .. } = &pane.view.body else {
        return None;
    };
    let wanted: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let rows: Vec<&Row> = pane.rows.iter().filter(|row| wanted.contains(row.id.as_str())).collect();
    match (rows.as_slice(), ids.len()) {
        ([row], 1) => Some(stake::of_row(columns, row)),
        (_, 1) => None,
        _ => Some(stake::of_rows(columns, &rows, ids)),
    }
}

/// What was written in a dialog that was left, and whose change failed, is there again.
fn restore(dialog: &mut Dialog, left: Option<&Dialog>) {
    let Some(left) = left.filter(|left| {
        left.act.name == dialog.act.name && left.ids.iter().any(|id| dialog.ids.contains(id))
    }) else {
        return;
    };
    for field in dialog.fields.iter_mut().filter(|field| field.name != WORD) {
        let before = left.fields.iter().find(|one| one.name == field.name && !one.fixed);
        if let Some(before) = before {
            field.line = before.line.clone();
        }
    }
}

/// What has to be typed: more than one thing at a time, everything in production that cannot be
/// taken back, and always what destroys, should not happen by a habit of the fingers.
fn word(act: &Act, count: usize, production: bool) -> Option<String> {
    match (count, act.risk) {
        (1, Risk::Harmless) => None,
        (1, Risk::Lasting) => production.then(|| act.name.to_owned()),
        (1, Risk::Destroys) => Some(act.name.to_owned()),
        (count, _) => Some(format!("{} {count}", act.name)),
    }
}

/// What is asked for, in this order: inputs, reason, word; and what the facts fill in.
fn fields(act: &Act, word: Option<&str>) -> Vec<Field> {
    let (known, asked): (Vec<_>, Vec<_>) = act.inputs.iter().partition(|input| input.from_facts);
    let field = |name: &str, about: &str, text: &str, number: bool| Field {
        name: name.to_owned(),
        about: about.to_owned(),
        line: Line::new(text),
        number,
        fixed: false,
    };
    let input = |input: &&crate::act::Input| {
        field(input.name, input.about, input.default.unwrap_or(""), input.number)
    };
    let mut fields: Vec<Field> = asked.iter().map(input).collect();
    if act.needs_reason {
        fields.push(field(REASON, "why; goes into the audit", "", false));
    }
    fields.extend(word.map(word_field));
    fields.extend(known.iter().map(input));
    fields
}

fn word_field(word: &str) -> Field {
    let about = format!("\"{word}\", to show that it is meant");
    Field { name: WORD.to_owned(), about, line: Line::default(), number: false, fixed: false }
}

pub(super) fn dialog(state: &mut State, action: &Action) -> Vec<Effect> {
    let scrolls = matches!(action, Action::Page(_));
    let most = if scrolls { crate::draw::facts_hidden(state) } else { 0 };
    let Mode::Dialog(dialog) = &mut state.mode else {
        return Vec::new();
    };
    match action {
        Action::Back => leave(state),
        Action::Page(by) if *by > 0 => dialog.scroll = (dialog.scroll + SCROLL).min(most),
        Action::Page(_) => dialog.scroll = dialog.scroll.min(most).saturating_sub(SCROLL),
        // It is under way: keys that were meant for what comes next must not change it.
        _ if dialog.sending.is_some() => {}
        Action::Complete => dialog.at = dialog.next(),
        Action::Move(by) if *by > 0 => dialog.at = dialog.next(),
        Action::Move(_) => dialog.at = dialog.previous(),
        Action::Submit if !dialog.at_last() => dialog.at = dialog.next(),
        Action::Submit => return submit(state),
        _ => write(dialog, action),
    }
    Vec::new()
}

fn write(dialog: &mut Dialog, action: &Action) {
    let Some(field) = dialog.fields.get_mut(dialog.at).filter(|field| !field.fixed) else {
        return;
    };
    match action {
        Action::Type(letter) if field.number && !letter.is_ascii_digit() => {
            dialog.problem = Some(format!("{} is a number: digits only", field.name));
        }
        Action::Type(letter) => field.line.push(*letter),
        Action::Paste(text) if field.number => {
            field.line.paste(&text.chars().filter(char::is_ascii_digit).collect::<String>());
        }
        Action::Paste(text) => field.line.paste(text),
        Action::Erase => {
            field.line.erase();
        }
        Action::Edit(edit) => field.line.edit(*edit),
        _ => {}
    }
}

/// Out of the dialog: before it was sent nothing has happened; after that it goes on.
fn leave(state: &mut State) {
    let Mode::Dialog(dialog) = std::mem::take(&mut state.mode) else {
        return;
    };
    if dialog.sending.is_some() {
        state.say(format!("{} goes on; its answer will be told here", dialog.act.name));
        state.sent = Some(dialog);
    } else {
        state.say("nothing was changed");
    }
}

fn submit(state: &mut State) -> Vec<Effect> {
    let (ticket, now) = (state.asked + 1, state.now);
    let Mode::Dialog(dialog) = &mut state.mode else {
        return Vec::new();
    };
    match changes(dialog, ticket) {
        Ok(effects) => {
            state.asked = ticket;
            dialog.problem = None;
            dialog.sending =
                Some(Sending { ticket, since: now, awaited: effects.len(), failed: Vec::new() });
            effects
        }
        Err((field, problem)) => {
            let at = field.and_then(|name| dialog.fields.iter().position(|one| one.name == name));
            dialog.at = at.unwrap_or(dialog.at);
            dialog.problem = Some(problem);
            Vec::new()
        }
    }
}

/// Whether the dialog on the screen waits for the answer with this number.
pub(super) fn awaits(state: &State, ticket: u64) -> bool {
    let Mode::Dialog(dialog) = &state.mode else {
        return false;
    };
    dialog.sending.as_ref().is_some_and(|sending| sending.ticket == ticket)
}

/// Notes an answer. When all are there and none says no, the dialog is done; returns what it was
/// done to. Else it stays as it was written, for what was refused or not heard, to be mended
/// or sent again.
pub(super) fn answered(state: &mut State, id: String, problem: Option<String>) -> Option<String> {
    let Mode::Dialog(dialog) = &mut state.mode else {
        return None;
    };
    let sending = dialog.sending.as_mut()?;
    sending.awaited = sending.awaited.saturating_sub(1);
    if let Some(problem) = problem {
        sending.failed.push(id);
        dialog.problem = Some(problem);
    }
    if sending.awaited > 0 {
        return None;
    }
    let failed = std::mem::take(&mut sending.failed);
    dialog.sending = None;
    if !failed.is_empty() {
        let done = dialog.ids.len().saturating_sub(failed.len());
        if done > 0 {
            let why = dialog.problem.take().unwrap_or_default();
            dialog.problem = Some(format!("{done} done, {} not: {why}", failed.len()));
        }
        dialog.ids = failed;
        return None;
    }
    let done = match dialog.ids.as_slice() {
        [one] => one.clone(),
        many => many.len().to_string(),
    };
    state.mode = Mode::Browse;
    state.sent = None;
    if let Some(pane) = state.panes.last_mut() {
        pane.marks.clear();
    }
    Some(done)
}

/// Fills in what the facts say, so that nobody has to copy it, and asks for a word when many
/// things are concerned.
pub(super) fn fill(dialog: &mut Dialog, known: &Map<String, Value>) {
    for field in &mut dialog.fields {
        let input = dialog.act.inputs.iter().find(|input| input.name == field.name);
        if let Some(Value::String(text)) = known.get(&field.name)
            && input.is_some_and(|input| input.from_facts)
        {
            (field.line, field.fixed) = (Line::new(text), true);
        }
    }
    let count = known.get("item_count").and_then(Value::as_u64).unwrap_or(0);
    let risky = dialog.act.risk != Risk::Harmless;
    if count > WITHOUT_WORD_MAX && dialog.word.is_none() && risky {
        let word = format!("{} {count}", dialog.act.name);
        let reason = dialog.fields.iter().position(|field| field.name == REASON);
        let place = reason.map_or(0, |place| place + 1);
        dialog.fields.insert(place, word_field(&word));
        dialog.word = Some(word);
    }
}

/// The field that is at fault, if one is, and what is wrong.
type Wrong = (Option<&'static str>, String);

/// One change for each thing; or what is missing.
fn changes(dialog: &Dialog, ticket: u64) -> Result<Vec<Effect>, Wrong> {
    if dialog.question.is_some() {
        return Err((None, "wait for the facts, or leave with Esc".to_owned()));
    }
    if let Some(why) = &dialog.refusal {
        return Err((None, format!("it cannot be done as things are: {why}")));
    }
    let given: Vec<(String, String)> = dialog
        .fields
        .iter()
        .map(|field| (field.name.clone(), field.line.text().to_owned()))
        .collect();
    let of = |name: &str| {
        given.iter().find(|(given, _)| given == name).map_or("", |(_, text)| text.as_str())
    };
    let act = dialog.act;
    let change = |id: &String| -> Result<Effect, Wrong> {
        let fault = |Fault { field, problem }| (Some(field), problem);
        Ok(Effect::Change {
            ticket,
            act: act.name,
            id: id.clone(),
            method: act.method,
            path: act.path(id),
            body: act.body(id, of(REASON), &given).map_err(fault)?,
            leads_to: act.leads_to.filter(|_| dialog.ids.len() == 1),
        })
    };
    let changes = dialog.ids.iter().map(change).collect::<Result<Vec<_>, Wrong>>()?;
    if let Some(word) = dialog.word.as_ref().filter(|word| of(WORD).trim() != word.as_str()) {
        return Err((Some(WORD), format!("type \"{word}\" to go on")));
    }
    Ok(changes)
}

//! Answers.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::action::{ChangeReply, Reply};
use crate::effect::Effect;
use crate::source::SourceError;
use crate::state::{Dialog, Mode, Pane, State};
use crate::update::{browse, dialog, go, is_closed, read};
use crate::view::{Body, Row, Target};
use crate::views::overview::OVERVIEW;

/// A page of a list, its items unread.
#[derive(Deserialize)]
pub(crate) struct Items {
    pub(crate) items: Vec<Box<RawValue>>,
    #[serde(default)]
    pub(crate) next_cursor: Option<String>,
}

impl Items {
    /// Reads a page; a short list comes without one.
    pub(crate) fn read(raw: &RawValue) -> Result<Self, serde_json::Error> {
        if raw.get().trim_start().starts_with('[') {
            return Ok(Self { items: serde_json::from_str(raw.get())?, next_cursor: None });
        }
        serde_json::from_str(raw.get())
    }
}

/// An answer to a read goes to whoever asked; whoever is gone, or has asked again, is not there.
pub(super) fn arrived(state: &mut State, reply: &Reply) -> Vec<Effect> {
    if let Mode::Dialog(dialog) = &mut state.mode
        && dialog.question == Some(reply.question)
    {
        facts(dialog, reply);
        return Vec::new();
    }
    let asked = |pane: &&mut Pane| pane.question == Some(reply.question);
    let Some(pane) = state.panes.iter_mut().find(asked) else {
        return Vec::new();
    };
    pane.question = None;
    match take(pane, reply) {
        Ok(()) => {
            pane.read_at = Some(reply.at);
            pane.trouble = None;
            if let Some(overview) = overview(pane) {
                // It says what a question about the pulse would be answered with.
                state.maintenance = is_closed(&overview);
                state.pulse_asked_at = Some(state.now);
            }
            browse::keep_in_sight(state);
        }
        // What was read stays, and its age says how old it is.
        Err(trouble) => pane.trouble = Some(trouble),
    }
    Vec::new()
}

/// The overview, when that is what a pane shows.
fn overview(pane: &Pane) -> Option<wire::Overview> {
    let raw = pane.json.as_ref().filter(|_| pane.view.name == OVERVIEW.name)?;
    serde_json::from_str(raw.get()).ok()
}

fn take(pane: &mut Pane, reply: &Reply) -> Result<(), String> {
    let raw = reply.answer.as_ref().map_err(ToString::to_string)?;
    let unreadable = |error: serde_json::Error| format!("the answer cannot be read: {error}");
    match &pane.view.body {
        Body::Page { read, .. } => {
            pane.document = Some(read(raw).map_err(unreadable)?);
            pane.json = Some(raw.clone());
            pane.arrange();
        }
        Body::List { read, .. } => {
            let Items { items, next_cursor } = Items::read(raw).map_err(unreadable)?;
            let rows = items.iter().map(|item| read(item)).collect::<Result<Vec<Row>, _>>();
            let rows = rows.map_err(unreadable)?;
            pane.take(rows, reply.more, reply.at);
            (pane.grown, pane.next) = (reply.more, next_cursor);
        }
    }
    Ok(())
}

fn facts(open: &mut Dialog, reply: &Reply) {
    open.question = None;
    let read = open.act.facts.map(|facts| facts.read);
    let found = match (&reply.answer, read) {
        (Ok(raw), Some(read)) => read(raw, open.act).map_err(|error| error.to_string()),
        (Err(error), _) => Err(error.to_string()),
        (Ok(_), None) => Err("nothing shows what would come of it".to_owned()),
    };
    open.facts = Some(found.map(|stake| {
        open.refusal = stake.refusal;
        stake.document
    }));
    if let Ok(raw) = &reply.answer
        && let Ok(Value::Object(known)) = serde_json::from_str(raw.get())
    {
        dialog::fill(open, &known);
    }
}

/// The id of what a change has made.
#[derive(Deserialize)]
struct Made {
    id: Option<Value>,
}

/// After a change: a message, and on to where its answer leads, or what is shown is read again. It
/// belongs to the dialog that waits for it, unless that was left.
pub(super) fn changed(state: &mut State, reply: ChangeReply) -> Vec<Effect> {
    let ChangeReply { ticket, act, id, leads_to, answer } = reply;
    let again =
        |error: &SourceError| if error.is_refusal() { "" } else { "; asking again is safe" };
    if !dialog::awaits(state, ticket) {
        match answer {
            Ok(_) => {
                state.sent = None;
                state.say(format!("{act} {id}: done"));
            }
            Err(error) => {
                if let Some(left) = &mut state.sent {
                    left.sending = None;
                }
                state.complain(format!("{act} {id}: {error}{}", again(&error)));
            }
        }
        return Vec::new();
    }
    let made = answer.as_ref().ok().and_then(|raw| serde_json::from_str::<Made>(raw.get()).ok());
    let problem = answer.err().map(|error| format!("{error}{}", again(&error)));
    let Some(done) = dialog::answered(state, id, problem) else {
        return Vec::new();
    };
    state.say(format!("{act} {done}: done"));
    let id = made.and_then(|made| made.id);
    let id = id.map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
    match (leads_to, id) {
        (Some(view), Some(id)) => go(state, Target::one(view, id)),
        _ => read(state),
    }
}

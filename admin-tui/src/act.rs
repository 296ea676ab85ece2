//! What can be done: every change that the console can ask for, described once for its key,
//! its dialog, and its subcommand.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::stake::Stake;
use crate::view::{Target, escape};

/// A change.
#[derive(Debug)]
pub struct Act {
    /// What the command line and `:` call it.
    pub name: &'static str,
    /// The key. Upper case, because it changes something.
    pub key: char,
    /// One line for help and dialog.
    pub about: &'static str,
    /// How it is sent.
    pub method: Method,
    /// Where it is sent, below `/admin/v1`; `{id}` stands for what it is done to, and
    /// `{kind/subject}` for an id of two parts, of which the second may be missing.
    pub path: &'static str,
    /// What shows what would come of it; none when the list says all there is to say.
    pub facts: Option<Facts>,
    /// What must be given besides the reason.
    pub inputs: &'static [Input],
    /// The part of the body that is always the same.
    pub body: fn(&str) -> Value,
    /// Where its answer leads: the view whose page shows it, by the `id` in the answer.
    pub leads_to: Option<&'static str>,
    /// Whether a reason is part of the body.
    pub needs_reason: bool,
    /// How careful one has to be.
    pub risk: Risk,
    /// Why it cannot be done to a thing of which this is known, its row or its page; none when it
    /// can. What cannot be done is not offered.
    pub refusal: fn(&Value) -> Option<String>,
}

/// What shows what would come of an act.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// The view whose page has it.
    pub view: &'static str,
    /// What on that page concerns this act, most important first.
    pub read: fn(&RawValue, &Act) -> Result<Stake, serde_json::Error>,
}

/// How careful one has to be with an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// It can be taken back, or does nothing yet: no word has to be typed for one thing.
    Harmless,
    /// It cannot be taken back: in production a word has to be typed.
    Lasting,
    /// Something is gone after it: a word has to be typed always.
    Destroys,
}

/// How a change is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

/// Something to be filled in.
#[derive(Debug, Clone, Copy)]
pub struct Input {
    /// The field of the body.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// What is sent when it is left empty; none when it must be filled in.
    pub default: Option<&'static str>,
    /// Whether it is a number.
    pub number: bool,
    /// Whether the facts fill it in, so that nobody has to write it.
    pub from_facts: bool,
}

/// What is wrong with what was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// In which field.
    pub field: &'static str,
    /// What it should be.
    pub problem: String,
}

/// The field of the reason.
pub const REASON: &str = "reason";

/// No body but what is filled in.
pub fn nothing(_: &str) -> Value {
    Value::Object(Map::new())
}

/// An act that fits whatever is known.
pub fn fits(_: &Value) -> Option<String> {
    None
}

impl Act {
    /// Path below the address of the operator API.
    pub fn path(&self, id: &str) -> String {
        let parts: Vec<String> = id.splitn(2, '/').map(escape).collect();
        let path = self.path.replace("{id}", &escape(id));
        format!("/admin/v1{}", path.replace("{kind/subject}", &parts.join("/")))
    }

    /// The way of a redrive plan that does this to every dead letter of a cause.
    pub fn way(&self) -> Option<&'static str> {
        match self.path {
            "/dead-letters/{id}/redrive" => Some("redrive"),
            "/dead-letters/{id}/compensate" => Some("compensate"),
            _ => None,
        }
    }

    /// What shows what would come of it.
    pub fn facts(&self, id: &str) -> Option<(Facts, Target)> {
        self.facts.map(|facts| (facts, Target::one(facts.view, id)))
    }

    /// The body that is sent.
    ///
    /// # Errors
    /// The field that is missing or no number, and what it should be.
    pub fn body(
        &self,
        id: &str,
        reason: &str,
        inputs: &[(String, String)],
    ) -> Result<Value, Fault> {
        let mut body = match (self.body)(id) {
            Value::Object(body) => body,
            _ => Map::new(),
        };
        for input in self.inputs {
            let fault = |problem| Fault { field: input.name, problem };
            let given = inputs.iter().find(|(name, _)| name == input.name);
            let given = given.map(|(_, text)| text.trim()).filter(|text| !text.is_empty());
            let Some(text) = given.or(input.default) else {
                return Err(fault(format!("{} is missing: {}", input.name, input.about)));
            };
            if text.is_empty() {
                continue;
            }
            let value = if input.number {
                let number: u64 = text.parse().map_err(|_| {
                    fault(format!("{} must be a whole number, not {text}", input.name))
                })?;
                json!(number)
            } else {
                json!(text)
            };
            body.insert(input.name.to_owned(), value);
        }
        if self.needs_reason {
            if reason.trim().is_empty() {
                let problem = "a reason is missing: it goes into the audit".to_owned();
                return Err(Fault { field: REASON, problem });
            }
            body.insert(REASON.to_owned(), json!(reason.trim()));
        }
        Ok(Value::Object(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACT: Act = Act {
        name: "apply",
        key: 'A',
        about: "",
        method: Method::Post,
        path: "/redrive-plans/{id}/apply",
        facts: None,
        inputs: &[
            Input {
                name: "hash",
                about: "of the plan",
                default: None,
                number: false,
                from_facts: true,
            },
            Input {
                name: "rate_per_second",
                about: "a second",
                default: Some(""),
                number: true,
                from_facts: false,
            },
        ],
        body: nothing,
        leads_to: None,
        needs_reason: true,
        risk: Risk::Lasting,
        refusal: fits,
    };

    #[test]
    fn what_is_missing_is_named() {
        let body = |reason: &str, inputs: &[(&str, &str)]| {
            let inputs: Vec<_> = inputs
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect();
            ACT.body("7", reason, &inputs)
        };
        assert_eq!(body("why", &[]).unwrap_err().field, "hash");
        assert!(
            body(" ", &[("hash", "x")]).unwrap_err().problem.starts_with("a reason is missing")
        );
        let fast = body("why", &[("hash", "x"), ("rate_per_second", "fast")]);
        assert_eq!(fast.unwrap_err().field, "rate_per_second");
        assert_eq!(body("why", &[("hash", "x")]).unwrap(), json!({"hash": "x", "reason": "why"}));
        let full = body("why", &[("hash", "x"), ("rate_per_second", "50")]).unwrap();
        assert_eq!(full, json!({"hash": "x", "reason": "why", "rate_per_second": 50}));
    }

    #[test]
    fn an_id_of_two_parts_is_two_parts_of_the_path() {
        let switch = Act { path: "/switches/{kind/subject}", ..ACT };
        assert_eq!(switch.path("pause_queue/outbox"), "/admin/v1/switches/pause_queue/outbox");
        assert_eq!(switch.path("pause_step/a b/c"), "/admin/v1/switches/pause_step/a%20b%2Fc");
        assert_eq!(switch.path("maintenance"), "/admin/v1/switches/maintenance");
        assert_eq!(ACT.path("a/b"), "/admin/v1/redrive-plans/a%2Fb/apply");
    }
}

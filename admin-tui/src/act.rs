//! What can be done: every change that the console can ask for, described once for its key,
//! its dialog, and its subcommand.

use serde_json::{Map, Value, json};

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
    /// Where it is sent, below `/admin/v1`; `{id}` stands for what it is done to.
    pub path: &'static str,
    /// The view whose page shows what would come of it; none when there is nothing to show.
    pub facts: Option<&'static str>,
    /// What must be given besides the reason.
    pub inputs: &'static [Input],
    /// The part of the body that is always the same.
    pub body: fn(&str) -> Value,
    /// Where its answer leads: the view whose page shows it, by the `id` in the answer.
    pub leads_to: Option<&'static str>,
    /// Whether a reason is part of the body.
    pub needs_reason: bool,
    /// Whether it can be taken back, or does nothing yet: then no word has to be typed.
    pub harmless: bool,
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
}

/// No body but what is filled in.
pub fn nothing(_: &str) -> Value {
    Value::Object(Map::new())
}

impl Act {
    /// Path below the address of the operator API.
    pub fn path(&self, id: &str) -> String {
        format!("/admin/v1{}", self.path.replace("{id}", &escape(id)))
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
    pub fn facts(&self, id: &str) -> Option<Target> {
        self.facts.map(|view| Target::one(view, id))
    }

    /// The body that is sent.
    ///
    /// # Errors
    /// The name of the field that is missing or no number, and what it should be.
    pub fn body(
        &self,
        id: &str,
        reason: &str,
        inputs: &[(String, String)],
    ) -> Result<Value, String> {
        let mut body = match (self.body)(id) {
            Value::Object(body) => body,
            _ => Map::new(),
        };
        for input in self.inputs {
            let given = inputs.iter().find(|(name, _)| name == input.name);
            let given = given.map(|(_, text)| text.trim()).filter(|text| !text.is_empty());
            let Some(text) = given.or(input.default) else {
                return Err(format!("{} is missing: {}", input.name, input.about));
            };
            if text.is_empty() {
                continue;
            }
            let value = if input.number {
                let number: u64 = text
                    .parse()
                    .map_err(|_| format!("{} must be a whole number, not {text}", input.name))?;
                json!(number)
            } else {
                json!(text)
            };
            body.insert(input.name.to_owned(), value);
        }
        if self.needs_reason {
            if reason.trim().is_empty() {
                return Err("a reason is missing: it goes into the audit".to_owned());
            }
            body.insert("reason".to_owned(), json!(reason.trim()));
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
            Input { name: "hash", about: "of the plan", default: None, number: false },
            Input { name: "rate_per_second", about: "a second", default: Some(""), number: true },
        ],
        body: nothing,
        leads_to: None,
        needs_reason: true,
        harmless: false,
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
        assert!(body("why", &[]).unwrap_err().starts_with("hash is missing"));
        assert!(body(" ", &[("hash", "x")]).unwrap_err().starts_with("a reason is missing"));
        assert!(body("why", &[("hash", "x"), ("rate_per_second", "fast")]).is_err());
        assert_eq!(body("why", &[("hash", "x")]).unwrap(), json!({"hash": "x", "reason": "why"}));
        let full = body("why", &[("hash", "x"), ("rate_per_second", "50")]).unwrap();
        assert_eq!(full, json!({"hash": "x", "reason": "why", "rate_per_second": 50}));
    }
}

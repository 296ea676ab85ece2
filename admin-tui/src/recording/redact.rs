//! Takes out of answers what clients and operators have written.

use std::hash::{BuildHasher, RandomState};

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// Text by clients and operators, and names of people and machines. The same text is replaced by the
/// same word within a recording, so that one can still see what belongs together.
const WORDS: [&str; 21] = [
    "actor",
    "by",
    "caller",
    "changed_by",
    "closed_by",
    "closed_reason",
    "correlation_id",
    "created_by",
    "evidence",
    "host",
    "idempotency_key",
    "instance",
    "label",
    "lock_by",
    "owner_id",
    "reference",
    "requested_by",
    "revoked_by",
    "source_arn",
    "taken_by",
    "traceparent",
];
/// Whole documents by clients.
const DOCUMENTS: [&str; 4] = ["attributes", "body", "metadata", "payload"];
/// A reason beside one of these was written by an operator; any other is one of our own words.
const BESIDE_REASON: [&str; 4] = ["actor", "changed_by", "created_by", "requested_by"];

/// Replaces words by others that only mean the same within one recording.
#[derive(Debug)]
pub struct Redactor(RandomState);

impl Redactor {
    /// With a key that nobody keeps, so that no word can be found by trying.
    #[expect(clippy::new_without_default, reason = "each is another one; none is the default")]
    pub fn new() -> Self {
        Self(RandomState::new())
    }

    /// An answer without what clients and operators have written.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn redact(&self, raw: &RawValue) -> Result<Box<RawValue>, serde_json::Error> {
        let mut value = serde_json::from_str(raw.get())?;
        self.value(&mut value);
        serde_json::value::to_raw_value(&value)
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(fields) => self.object(fields),
            _ => {}
        }
    }

    fn object(&self, fields: &mut Map<String, Value>) {
        let by_operator = BESIDE_REASON.iter().any(|name| fields.contains_key(*name));
        // Only the answers about a token and about API keys have these two.
        let is_somebody = ["role", "scopes"].iter().any(|name| fields.contains_key(*name));
        for (name, value) in fields.iter_mut() {
            let name = name.as_str();
            let word = WORDS.contains(&name)
                || (name == "reason" && by_operator)
                || (name == "name" && is_somebody);
            if DOCUMENTS.contains(&name) && !value.is_null() {
                let text = value.is_string();
                *value = if text { json!("redacted") } else { json!({"redacted": true}) };
            } else if let (true, Value::String(text)) = (word, &mut *value) {
                *text = self.word(text);
            } else {
                self.value(value);
            }
        }
    }

    fn word(&self, text: &str) -> String {
        let short = self.0.hash_one(text) & 0xffff_ffff;
        if text.is_empty() { String::new() } else { format!("redacted-{short:08x}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(value: &Value) -> Value {
        let raw = serde_json::value::to_raw_value(value).unwrap();
        serde_json::from_str(Redactor::new().redact(&raw).unwrap().get()).unwrap()
    }

    #[test]
    fn what_people_wrote_is_gone_and_what_we_say_stays() {
        let before = json!({"items": [
            {"owner_id": "ann", "label": null, "amount_minor": 5, "status": "active"},
            {"owner_id": "ann", "reference": "rent of Ann Smith", "metadata": {"iban": "DE1"}},
            {"actor": "bob", "reason": "as agreed with Ann", "action": "dead_letter.redrive"},
            {"reason": "receive_count_exceeded", "body": "{\"iban\":\"DE1\"}"},
        ]});
        let after = redacted(&before);
        let text = after.to_string().to_lowercase();
        for word in ["ann", "bob", "de1", "rent", "agreed"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
        let items = after["items"].as_array().unwrap();
        assert_eq!(items[0]["owner_id"], items[1]["owner_id"]);
        assert_eq!(items[0]["label"], Value::Null);
        assert_eq!(items[0]["amount_minor"], 5);
        assert_eq!(items[2]["action"], "dead_letter.redrive");
        assert_eq!(items[3]["reason"], "receive_count_exceeded");
        // Another recording has other words.
        assert_ne!(redacted(&before)["items"][0], items[0]);
    }
}

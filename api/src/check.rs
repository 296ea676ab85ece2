//! The rules on the fields of a body. All that is wrong is found before anything is said.

use domain::money::{Amount, Currency};
use serde_json::Value;
use wire::limits::{METADATA_BYTES_MAX, METADATA_DEPTH_MAX, TEXT_CHARS_MAX};
use wire::{FieldError, Metadata, ProblemCode};

use crate::error::ApiError;

/// Collects what is wrong.
#[derive(Default)]
pub(crate) struct Checks {
    errors: Vec<(ProblemCode, FieldError)>,
}

impl Checks {
    pub(crate) fn wrong(&mut self, code: ProblemCode, field: &str, detail: impl Into<String>) {
        self.errors.push((code, FieldError::new(field, detail)));
    }

    /// A text that must say something.
    pub(crate) fn text(&mut self, field: &str, text: &str) {
        self.bounded_text(field, text, TEXT_CHARS_MAX);
    }

    /// A text that must say something, in at most `chars_max` characters.
    pub(crate) fn bounded_text(&mut self, field: &str, text: &str, chars_max: usize) {
        if text.trim().is_empty() {
            self.wrong(ProblemCode::InvalidBody, field, "must not be empty");
        }
        self.limit_text(field, text, chars_max);
    }

    /// A text of the client's own.
    pub(crate) fn optional_text(&mut self, field: &str, text: Option<&str>) {
        self.limit_text(field, text.unwrap_or_default(), TEXT_CHARS_MAX);
    }

    fn limit_text(&mut self, field: &str, text: &str, chars_max: usize) {
        if text.chars().count() > chars_max {
            let detail = format!("must have at most {chars_max} characters");
            self.wrong(ProblemCode::InvalidBody, field, detail);
        }
        if text.contains('\0') {
            self.wrong(ProblemCode::InvalidBody, field, NUL);
        }
    }

    pub(crate) fn currency(&mut self, field: &str, text: &str) -> Option<Currency> {
        let currency = text.parse();
        currency
            .map_err(|error| self.wrong(ProblemCode::CurrencyUnknown, field, format!("{error}")))
            .ok()
    }

    pub(crate) fn amount(&mut self, field: &str, minor: i64) -> Option<Amount> {
        let amount = Amount::new(minor);
        amount
            .map_err(|error| self.wrong(ProblemCode::AmountOutOfRange, field, error.to_string()))
            .ok()
    }

    /// The client's own data: what the database can keep, and not too much of it.
    pub(crate) fn metadata(&mut self, field: &str, metadata: Option<Metadata>) -> Option<Value> {
        let value = Value::Object(metadata?);
        // Depth first: the other two walk the value to its end.
        if depth(&value) > METADATA_DEPTH_MAX {
            let detail = format!("must not be nested deeper than {METADATA_DEPTH_MAX}");
            self.wrong(ProblemCode::InvalidBody, field, detail);
        } else if let Some(path) = find_nul(&value) {
            self.wrong(ProblemCode::InvalidBody, &format!("{field}{path}"), NUL);
        } else if value.to_string().len() > METADATA_BYTES_MAX {
            let detail = format!("must have at most {METADATA_BYTES_MAX} bytes as compact JSON");
            self.wrong(ProblemCode::InvalidBody, field, detail);
        }
        Some(value)
    }

    /// Says no if anything was wrong. The code is that of all errors, or the general one.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        let Some((first, _)) = self.errors.first() else {
            return Ok(());
        };
        let same = self.errors.iter().all(|(code, _)| code == first);
        let code = if same { *first } else { ProblemCode::InvalidBody };
        Err(ApiError::fields(code, self.errors.into_iter().map(|(_, error)| error).collect()))
    }
}

/// PostgreSQL keeps every character in text and jsonb but this one.
const NUL: &str = "must not contain U+0000";

/// How many objects and arrays are inside each other.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Path of the first text with U+0000 in it, a field's own name included.
fn find_nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.contains('\0') => Some(String::new()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| find_nul(item).map(|rest| format!("[{index}]{rest}"))),
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            if name.contains('\0') {
                return Some(format!(".{}", name.replace('\0', "\\u0000")));
            }
            find_nul(field).map(|rest| format!(".{name}{rest}"))
        }),
        _ => None,
    }
}

//! What bodies look like. A test holds each example to its type, so that none can lie.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use wire::{FieldError, Problem, ProblemCode};

use super::shape::Shape;

/// By the name of the type. Where a value is `{"$example": "Wallet"}`, that one stands there.
static EXAMPLES: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

pub(super) const STREAM_REQUEST: &str = concat!(
    r#"{"idempotency_key":"payroll-2026-11-0001","source_wallet_id":"01990b6e-7a40-7cc3-9d3f-5e1f6a7b8c9d","#,
    r#""destination_wallet_id":"01990b6e-7a41-7d10-8a52-1c2d3e4f5a6b","amount_minor":250000,"currency":"EUR"}"#,
    "\n"
);

pub(super) const STREAM_ANSWER: &str = concat!(
    r#"{"line":1,"status":"accepted","transfer_id":"01990b70-1f00-7b3a-b1a5-0d9c8e7f6a5b"}"#,
    "\n",
    r#"{"end":"complete","last_line":1,"accepted":1,"replayed":0,"refused":0,"detail":"Every line has its answer."}"#,
    "\n"
);

pub(super) const METRICS: &str = concat!(
    "# TYPE holdfast_http_requests counter\n",
    "holdfast_http_requests_total{method=\"POST\",route=\"/v1/transfers\",status=\"2xx\"} 17\n",
    "# EOF\n"
);

pub(super) const EVENTS: &str = concat!(
    "event: transfer\n",
    "id: 4\n",
    r#"data: {"id":"01990b70-1f00-7b3a-b1a5-0d9c8e7f6a5b","kind":"transfer","status":"settled"}"#,
    "\n\n"
);

/// The example of a type; none when nobody has written one, which a test finds.
pub(super) fn of(shape: &Shape) -> Option<Value> {
    let name = shape.name();
    let one = match name.strip_prefix("Page_") {
        Some(item) => json!({ "items": [named(item)?], "next_cursor": null }),
        None => named(&name)?,
    };
    Some(if shape.is_list() { json!([one]) } else { one })
}

fn named(name: &str) -> Option<Value> {
    EXAMPLES.get(name).map(whole)
}

/// The value with other examples in their places.
fn whole(value: &Value) -> Value {
    match value {
        Value::Object(fields) => match fields.get("$example").and_then(Value::as_str) {
            Some(name) => named(name).unwrap_or_default(),
            None => fields.iter().map(|(name, field)| (name.clone(), whole(field))).collect(),
        },
        Value::Array(items) => items.iter().map(whole).collect(),
        other => other.clone(),
    }
}

/// A problem of this code as it is answered.
pub(super) fn problem(code: ProblemCode) -> Value {
    let problem = match field_at_fault(code) {
        Some((field, detail)) => Problem::with_errors(code, vec![FieldError::new(field, detail)]),
        None => Problem::new(code, format!("{}.", code.title())),
    };
    let problem = Problem {
        instance: Some("/v1/transfers".to_owned()),
        correlation_id: "01990b70-1f00-7b3a-b1a5-0d9c8e7f6a5b".to_owned(),
        ..problem
    };
    serde_json::to_value(problem).unwrap_or_default()
}

/// For codes that are about one field, header or parameter.
fn field_at_fault(code: ProblemCode) -> Option<(&'static str, &'static str)> {
    Some(match code {
        ProblemCode::InvalidParameter => ("limit", "must be a whole number from 1 to 200"),
        ProblemCode::InvalidHeader => {
            ("x-correlation-id", "must be 1 to 128 visible ASCII characters, sent once")
        }
        ProblemCode::InvalidBody => ("reason", "must not be empty"),
        ProblemCode::AmountOutOfRange => ("amount_minor", "must be greater than 0"),
        ProblemCode::CurrencyUnknown => {
            ("currency", "must be an ISO 4217 code of three capital letters, such as EUR")
        }
        ProblemCode::SameWallet => {
            ("destination_wallet_id", "must be another wallet than the source")
        }
        ProblemCode::IdempotencyKeyMissing => {
            ("Idempotency-Key", "is required: it makes it safe to send the request again")
        }
        _ => return None,
    })
}

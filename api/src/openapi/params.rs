//! Parameters of operations: in the path, the query and the headers.

use serde_json::{Value, json};
use wire::limits::{
    CORRELATION_ID_CHARS_MAX, PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX, WAIT_SECONDS_MAX,
};

/// Ids in paths that are UUIDs; what is not listed here is a word.
const UUIDS: &[&str] =
    &["wallet_id", "transfer_id", "dead_letter_id", "plan_id", "command_id", "key_id"];

/// What the other words in paths are, with an example.
const WORDS: &[(&str, &str, &str)] = &[
    ("provider", "Name of the provider.", "payouts"),
    ("owner_id", "The owner, in the client's words.", "customer-17"),
    ("queue", "Name of the queue.", "saga"),
    ("job_id", "Id of the job, a ULID.", "01KAK3Q8T4ZJ3V6J8D2B0T5W9R"),
    ("kind", "Kind of the switch.", "pause_queue"),
    ("subject", "What of its kind it is about.", "outbox"),
    ("seq", "Number in the chain.", "17"),
    ("message_id", "As SQS names it.", "6f1d3b1c-8f0d-4f5e-9d5e-0c9a5d1f2b3a"),
];

/// The parameters that a path names.
pub(super) fn of_path(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(in_path).collect()
}

fn in_path(name: &str) -> Value {
    let known = WORDS.iter().find(|word| word.0 == name);
    let (description, example, schema) = match known {
        Some((_, description, example)) => {
            (*description, *example, json!({ "type": "string", "minLength": 1 }))
        }
        None if UUIDS.contains(&name) => (
            "Its id.",
            "01990b6e-7a40-7cc3-9d3f-5e1f6a7b8c9d",
            json!({ "type": "string", "format": "uuid" }),
        ),
        None => ("", "", json!({ "type": "string" })),
    };
    json!({
        "name": name, "in": "path", "required": true, "description": description,
        "schema": schema, "example": example,
    })
}

/// A parameter of the query that may be left out.
pub(super) fn in_query(name: &str, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema })
}

/// `limit` and `cursor`.
pub(super) fn page() -> [Value; 2] {
    let limit = json!({
        "type": "integer", "minimum": 1, "maximum": PAGE_ITEMS_MAX, "default": PAGE_ITEMS_DEFAULT,
    });
    [
        in_query("limit", "Items on a page.", &limit),
        in_query(
            "cursor",
            "The `next_cursor` of the page before; opaque.",
            &json!({ "type": "string", "minLength": 1 }),
        ),
    ]
}

/// Schemas of parameters that are no wire types.
pub(super) fn uuid() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

/// An RFC 3339 time.
pub(super) fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

/// Any text.
pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

/// Minor units from 0.
pub(super) fn minor() -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": 0 })
}

/// Who may use letters of any sort would have to quote them.
pub(super) fn visible_ascii(chars_max: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": chars_max, "pattern": "^[!-~]+$" })
}

fn header(name: &str, required: bool, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "header", "required": required, "description": description, "schema": schema })
}

/// Of every operation.
pub(super) fn correlation_id() -> Value {
    let description = "Ties together all that the request causes, and comes back in the answer; made when absent.";
    header("X-Correlation-Id", false, description, &visible_ascii(CORRELATION_ID_CHARS_MAX))
}

/// Of operations that write.
pub(super) fn traceparent() -> Value {
    let description =
        "W3C trace context. One that is not valid is ignored, as its specification has it.";
    header("traceparent", false, description, &text())
}

/// `Idempotency-Key`.
pub(super) fn key(required: bool) -> Value {
    let description = "Makes it safe to send the request again: the same key and body have their effect once. \
                       Kept for 30 days.";
    header("Idempotency-Key", required, description, &visible_ascii(255))
}

/// `Prefer: wait=`.
pub(super) fn prefer() -> Value {
    let description = format!(
        "`wait=5` waits up to five seconds for the outcome, at most {WAIT_SECONDS_MAX}. What is not understood is ignored."
    );
    header("Prefer", false, &description, &text())
}

/// `Last-Event-ID`.
pub(super) fn last_event_id() -> Value {
    header("Last-Event-ID", false, "The event that the client saw last.", &text())
}

/// What a provider signs with.
pub(super) fn signature() -> Value {
    let description =
        "`t=<seconds since 1970>,v1=<HMAC-SHA256 of \"t.body\">`, in hexadecimal digits.";
    header(wire::signature::SIGNATURE_HEADER, true, description, &text())
}

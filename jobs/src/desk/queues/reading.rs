//! What a dead message says of itself: a decision without a clock or a queue.

use chrono::Utc;
use domain::ids::{EventId, TransferId};
use serde_json::{Map, Value};
use store::queue_desk::Found;
use uuid::Uuid;

use crate::sqs::Received;

/// The reason of a message that SQS moved by itself.
const TOO_MANY_RECEIVES: &str = "receive_count_exceeded";
/// Characters of a fingerprint: enough to tell causes apart, and an index row stays small.
const FINGERPRINT_MAX: usize = 160;

/// Reads as much as can be read; a dead message may hold anything.
pub(super) fn read(message: &Received) -> Found {
    let body: Value = serde_json::from_str(&message.body).unwrap_or_default();
    let envelopes = body.as_array().map(Vec::as_slice).unwrap_or_default();
    let id = |value: &Value| value.as_str().and_then(|text| Uuid::parse_str(text).ok());
    let mut transfer_ids: Vec<TransferId> = envelopes
        .iter()
        .filter_map(|envelope| id(&envelope["data"]["transfer_id"]).map(TransferId))
        .collect();
    transfer_ids.sort_unstable();
    transfer_ids.dedup();
    let reason = match message.reason() {
        Some(reason) => storable(reason),
        None if message.source_arn.is_some() => TOO_MANY_RECEIVES.to_owned(),
        None => "not given".to_owned(),
    };
    Found {
        message_id: message.id.clone(),
        body: storable(&message.body),
        attributes: attributes(message),
        transfer_ids,
        event_ids: envelopes.iter().filter_map(|one| id(&one["event_id"]).map(EventId)).collect(),
        fingerprint: fingerprint(&reason, envelopes),
        reason,
        source_arn: message.source_arn.clone(),
        receive_count: i32::try_from(message.receive_count).unwrap_or(i32::MAX),
        // An endpoint that does not say leaves the time at which it was found.
        sent_at: message.sent_at.unwrap_or_else(Utc::now),
    }
}

fn attributes(message: &Received) -> Map<String, Value> {
    let texts = message.texts();
    texts.map(|(name, text)| (storable(name), Value::String(storable(text)))).collect()
}

/// Same cause, same text: what differs from message to message is left out. For what SQS
/// moved the cause is unknown, and the type of its event stands for it.
fn fingerprint(reason: &str, envelopes: &[Value]) -> String {
    if reason == TOO_MANY_RECEIVES {
        let event = envelopes.first().and_then(|envelope| envelope["type"].as_str());
        return shortened(&format!("{reason}/{}", storable(event.unwrap_or("unreadable"))));
    }
    let words = reason.split(' ').map(|word| {
        let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        let varies = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
        let varies = varies || Uuid::parse_str(bare).is_ok();
        if varies { word.replace(bare, "#") } else { word.to_owned() }
    });
    shortened(&words.collect::<Vec<_>>().join(" "))
}

fn shortened(text: &str) -> String {
    text.chars().take(FINGERPRINT_MAX).collect()
}

/// Without U+0000, which PostgreSQL does not keep and SQS does not allow.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> Received {
        Received { id: "m".to_owned(), body: body.to_owned(), ..Received::default() }
    }

    #[test]
    fn envelopes_tell_which_transfers_and_events_they_are_about() {
        let body = include_str!("../../consumers/fixtures/packed.json");
        let found = read(&message(body));
        let transfers: Vec<String> = found.transfer_ids.iter().map(ToString::to_string).collect();
        assert_eq!(
            transfers,
            ["019aa4c1-7a2d-7000-8000-0000000000ab", "019aa4c1-7a2d-7000-8000-0000000000ac"]
        );
        assert_eq!(found.event_ids.len(), 3);
    }

    #[test]
    fn a_body_that_is_nothing_of_ours_is_kept_as_it_can_be() {
        for body in ["hello", "{}", "[1, null]", "[{\"event_id\":7}]", "a\0b"] {
            let found = read(&message(body));
            assert!(found.transfer_ids.is_empty() && found.event_ids.is_empty(), "{body}");
            assert!(!found.body.contains('\0') && found.reason == "not given", "{body}");
        }
    }

    #[test]
    fn what_sqs_moved_is_told_apart_by_its_event() {
        let moved = |body: &str| {
            let source_arn = Some("arn:aws:sqs:us-east-1:000000000000:wallet-audit".to_owned());
            let found = read(&Received { source_arn, ..message(body) });
            (found.reason, found.fingerprint)
        };
        let (reason, fingerprint) = moved(r#"[{"type":"transfer.settled.v1"}]"#);
        assert_eq!(reason, "receive_count_exceeded");
        assert_eq!(fingerprint, "receive_count_exceeded/transfer.settled.v1");
        assert_eq!(moved("hello").1, "receive_count_exceeded/unreadable");
    }

    #[test]
    fn a_fingerprint_leaves_out_what_varies() {
        for (reason, expected) in [
            (
                "the body is not a JSON array: expected value at line 1 column 12",
                "the body is not a JSON array: expected value at line # column #",
            ),
            (
                "envelope 3 has a type or version that this consumer does not know: a.v2",
                "envelope # has a type or version that this consumer does not know: a.v2",
            ),
            ("transfer (019aa4c1-7a2d-7000-8000-0000000000ab) is odd", "transfer (#) is odd"),
        ] {
            assert_eq!(fingerprint(reason, &[]), expected);
        }
    }
}

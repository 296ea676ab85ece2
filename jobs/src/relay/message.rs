//! Events as messages.

use std::borrow::Cow;

use serde_json::Value;
use store::relay::LoggedEvent;

use crate::sqs::{MESSAGE_BYTES_MAX, Outgoing};

/// The message of one event: a JSON array with its envelope. What the request behind it
/// brought along travels as attributes. `ordered` also works out the group.
pub(crate) fn message(event: &LoggedEvent, ordered: bool) -> Outgoing {
    let origin = [("correlation_id", &event.correlation_id), ("traceparent", &event.traceparent)];
    let attributes = origin
        .into_iter()
        // SQS refuses an empty attribute.
        .filter_map(|(name, value)| Some((name, value.clone().filter(|value| !value.is_empty())?)))
        .collect();
    Outgoing {
        body: format!("[{}]", allowed(&event.envelope)),
        attributes,
        group: if ordered { group(event) } else { String::new() },
        dedup: event.id.to_string(),
    }
}

/// Messages of up to `most` events each, in their order, none larger than SQS allows unless
/// a single event is. Returns with each how many events it holds.
///
/// A message of several has no origin, because each of its events has its own: the
/// transfer shows it. It has no group and no id for a FIFO queue either; to one, every
/// event goes alone, so that no message stands in two groups.
pub(super) fn pack(events: &[&LoggedEvent], most: usize) -> Vec<(Outgoing, usize)> {
    let mut messages = Vec::with_capacity(events.len().div_ceil(most.max(1)));
    let mut rest = events;
    while let [first, others @ ..] = rest {
        let mut body = format!("[{}", allowed(&first.envelope));
        let mut count = 1;
        for next in others.iter().take(most.saturating_sub(1)) {
            let next = allowed(&next.envelope);
            // With the comma before it and the bracket at the end.
            if body.len() + next.len() + 2 > MESSAGE_BYTES_MAX {
                break;
            }
            body.push(',');
            body.push_str(&next);
            count += 1;
        }
        if count == 1 {
            messages.push((message(first, false), 1));
        } else {
            body.push(']');
            let (attributes, group, dedup) = (Vec::new(), String::new(), String::new());
            messages.push((Outgoing { body, attributes, group, dedup }, count));
        }
        rest = rest.get(count..).unwrap_or_default();
    }
    messages
}

/// Two characters that JSON allows and SQS refuses stand in strings only, and are
/// escaped there.
fn allowed(envelope: &str) -> Cow<'_, str> {
    if !envelope.contains(['\u{fffe}', '\u{ffff}']) {
        return Cow::Borrowed(envelope);
    }
    Cow::Owned(envelope.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"))
}

/// The wallet whose order counts: the source, else the only one there is.
fn group(event: &LoggedEvent) -> String {
    let envelope: Value = serde_json::from_str(&event.envelope).unwrap_or_default();
    let wallet = ["source_wallet_id", "wallet_id", "destination_wallet_id"]
        .into_iter()
        .find_map(|name| envelope["data"][name].as_str());
    wallet.map_or_else(|| event.id.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use domain::ids::EventId;
    use uuid::Uuid;

    use super::*;

    fn event(envelope: &str) -> LoggedEvent {
        LoggedEvent {
            id: EventId(Uuid::nil()),
            event_type: "transfer.settled.v1".to_owned(),
            envelope: envelope.to_owned(),
            correlation_id: Some("c".to_owned()),
            traceparent: Some(String::new()),
        }
    }

    #[test]
    fn a_message_is_an_array_of_one_envelope_with_the_origin_as_attributes() {
        let envelope = "{\"data\":{\"source_wallet_id\":\"a\",\"note\":\"\u{ffff}\"}}";
        let event = event(envelope);
        let message = message(&event, true);
        assert_eq!(message.attributes, [("correlation_id", "c".to_owned())]);
        assert_eq!((message.group.as_str(), message.dedup), ("a", event.id.to_string()));
        assert!(!message.body.contains('\u{ffff}'));
        let body: Value = serde_json::from_str(&message.body).unwrap();
        assert_eq!(body[0], serde_json::from_str::<Value>(envelope).unwrap());
    }

    #[test]
    fn events_are_packed_in_their_order_and_the_origin_stays_with_those_alone() {
        let events: Vec<_> = (1..=7).map(|number| event(&format!("{{\"n\":{number}}}"))).collect();
        let events: Vec<_> = events.iter().collect();
        let packed = pack(&events, 3);
        let bodies: Vec<_> =
            packed.iter().map(|(message, count)| (message.body.as_str(), *count)).collect();
        let wanted = [
            (r#"[{"n":1},{"n":2},{"n":3}]"#, 3),
            (r#"[{"n":4},{"n":5},{"n":6}]"#, 3),
            (r#"[{"n":7}]"#, 1),
        ];
        assert_eq!(bodies, wanted);
        let attributes: Vec<_> =
            packed.iter().map(|(message, _)| message.attributes.len()).collect();
        assert_eq!(attributes, [0, 0, 1]);
        assert!(pack(&[], 3).is_empty() && pack(&events, 1).len() == 7);
    }

    #[test]
    fn a_packed_message_is_as_large_as_sqs_allows_and_no_larger() {
        // Three of them with their commas and brackets are exactly as much as there may be.
        let (most, third) = (MESSAGE_BYTES_MAX, (MESSAGE_BYTES_MAX - 4) / 3);
        let [fits, over] = [third, third + 1].map(|length| event(&"x".repeat(length)));
        let size = |packed: &[(Outgoing, usize)]| {
            packed.iter().map(|(one, count)| (one.body.len(), *count)).collect::<Vec<_>>()
        };
        assert_eq!(size(&pack(&[&fits; 4], 100)), [(most, 3), (third + 2, 1)]);
        assert_eq!(size(&pack(&[&fits, &fits, &over], 100))[0].1, 2);
        // What is too large by itself stays alone, for SQS to refuse.
        let (huge, small) = (event(&"x".repeat(most)), event("1"));
        let packed = pack(&[&small, &huge, &small, &small], 100);
        assert_eq!(packed.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [1, 1, 2]);
    }
}

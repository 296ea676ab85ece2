//! One event as a message.

use serde_json::Value;
use store::relay::LoggedEvent;

use crate::sqs::Outgoing;

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

/// Two characters that JSON allows and SQS refuses stand in strings only, and are
/// escaped there.
fn allowed(envelope: &str) -> String {
    envelope.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
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

    #[test]
    fn a_message_is_an_array_of_one_envelope_with_the_origin_as_attributes() {
        let envelope = "{\"data\":{\"source_wallet_id\":\"a\",\"note\":\"\u{ffff}\"}}".to_owned();
        let event = LoggedEvent {
            id: EventId(Uuid::nil()),
            event_type: "transfer.settled.v1".to_owned(),
            envelope: envelope.clone(),
            correlation_id: Some("c".to_owned()),
            traceparent: Some(String::new()),
        };
        let message = message(&event, true);
        assert_eq!(message.attributes, [("correlation_id", "c".to_owned())]);
        assert_eq!((message.group.as_str(), message.dedup), ("a", event.id.to_string()));
        assert!(!message.body.contains('\u{ffff}'));
        let body: Value = serde_json::from_str(&message.body).unwrap();
        assert_eq!(body[0], serde_json::from_str::<Value>(&envelope).unwrap());
    }
}

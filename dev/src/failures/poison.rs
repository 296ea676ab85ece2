use crate::queues::QUEUES;

/// The message with this number that no consumer can read, and the queue that it goes to: each kind goes to both.
pub(super) fn message(number: u64) -> (&'static str, String) {
    let queue = if number.is_multiple_of(2) { QUEUES[0] } else { QUEUES[1] };
    let id = format!("00000000-0000-7000-8000-{number:012x}");
    let envelope = |event_type: &str, amount_minor: i64| {
        format!(
            r#"[{{"event_id":"{id}","type":"{event_type}","occurred_at":"2026-11-21T09:30:15Z","wallet_seqs":{{}},"data":{{"transfer_id":"{id}","amount_minor":{amount_minor},"currency":"EUR"}}}}]"#
        )
    };
    let body = match number / 2 % 5 {
        0 => format!("message {number} is no JSON"),
        1 => envelope("transfer.settled.v9", 500),
        2 => envelope("transfer.settled.v1", -500),
        3 => format!(r#"[{{"event_id":"{id}"}}]"#),
        _ => "[]".to_owned(),
    };
    (queue, body)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_kind_goes_to_each_queue_and_the_same_number_is_always_the_same_message() {
        let all: BTreeSet<_> = (0..10).map(message).collect();
        assert_eq!(all.len(), 10);
        for queue in QUEUES {
            let bodies: Vec<_> = all.iter().filter(|one| one.0 == queue).collect();
            assert_eq!(bodies.len(), 5, "{bodies:?}");
            let json = bodies
                .iter()
                .filter(|one| serde_json::from_str::<serde_json::Value>(&one.1).is_ok());
            assert_eq!(json.count(), 4, "one is no JSON");
        }
        assert_eq!(message(7), message(7));
    }
}

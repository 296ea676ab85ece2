//! Cuts messages into requests that SQS takes.

use super::Outgoing;

/// Messages in one request, as SQS has it.
pub(crate) const BATCH_MAX: usize = 10;

/// Bytes in one request. SQS has allowed 1 MiB since 2025; endpoints that stand in for
/// it keep to the 256 KiB of before, and events are far from either.
const BATCH_BYTES_MAX: usize = 256 * 1024;

/// Bytes of one message with its attributes, for the same reason.
pub(crate) const MESSAGE_BYTES_MAX: usize = BATCH_BYTES_MAX;

/// What SQS counts: the body and each attribute's name, type and value.
fn bytes(message: &Outgoing) -> usize {
    let attribute = |(name, value): &(&str, String)| name.len() + "String".len() + value.len();
    message.body.len() + message.attributes.iter().map(attribute).sum::<usize>()
}

/// Cuts `messages` into runs that each fit into one request. A message that is too
/// large by itself is a run of its own; SQS refuses it.
pub(crate) fn batches(messages: &[Outgoing]) -> Vec<&[Outgoing]> {
    cut(messages, bytes)
}

/// The same for messages of any kind.
pub(super) fn cut<T>(messages: &[T], bytes: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut runs = Vec::with_capacity(messages.len().div_ceil(BATCH_MAX));
    let (mut start, mut size) = (0, 0);
    for (at, message) in messages.iter().enumerate() {
        let added = bytes(message);
        if at > start && (at - start == BATCH_MAX || size + added > BATCH_BYTES_MAX) {
            runs.push(&messages[start..at]);
            (start, size) = (at, 0);
        }
        size += added;
    }
    if start < messages.len() {
        runs.push(&messages[start..]);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: usize) -> Outgoing {
        let attributes = vec![("traceparent", "x".repeat(55))];
        let body = "x".repeat(length);
        Outgoing { body, attributes, group: String::new(), dedup: String::new() }
    }

    #[test]
    fn a_request_holds_ten_messages_and_256_kib() {
        let lengths = |messages: &[Outgoing]| {
            batches(messages).iter().map(|batch| batch.len()).collect::<Vec<_>>()
        };
        assert_eq!(lengths(&[]), [0; 0]);
        assert_eq!(lengths(&vec![message(10); 23]), [10, 10, 3]);
        assert_eq!(lengths(&vec![message(100 * 1024); 5]), [2, 2, 1]);
        // Too large even alone: its neighbours are not held back.
        assert_eq!(lengths(&[message(10), message(300 * 1024), message(10)]), [1, 1, 1]);
    }
}

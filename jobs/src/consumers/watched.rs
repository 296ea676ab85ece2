//! What a consumer did as others see it: counted, a line for each message at `debug`, and for messages
//! of traces that are recorded, a span.

use std::time::SystemTime;

use domain::trace::{TraceParent, trace_id};
use store::inbox::IncomingEvent;
use telemetry::metrics::metrics;
use telemetry::traces::{self, Kind};

use super::commit::Consumer;
use super::pile::Part;
use crate::sqs::Received;

/// These messages, with these events, are committed.
pub(super) fn committed(
    consumer: Consumer,
    queue: &str,
    messages: &[Part],
    events: &[IncomingEvent],
) {
    count(consumer, "committed", messages.len());
    let now = chrono::Utc::now();
    let delays = events.iter().map(|event| (now - event.occurred_at).as_seconds_f64().max(0.0));
    metrics().events.noted_after.all([consumer.name().into()], delays);
    let lines = tracing::enabled!(tracing::Level::DEBUG);
    if !lines && !traces::is_on() {
        return;
    }
    let now = SystemTime::now();
    for Part { message, .. } in messages {
        record(consumer, queue, message, now);
        if lines {
            let (correlation_id, context) = message.origin();
            let (id, trace_id) = (&message.id, trace_id(Some(context)));
            tracing::debug!(
                queue.name = queue, message.id = %id, correlation_id, trace_id,
                "consumer {consumer} has committed message {id} of {queue}"
            );
        }
    }
}

/// Counts what became of messages.
pub(super) fn count(consumer: Consumer, outcome: &'static str, count: usize) {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    metrics().events.messages.add([consumer.name().into(), outcome.into()], count);
}

/// From the receive to the commit. What is left, the deletion, nobody waits for.
fn record(consumer: Consumer, queue: &str, message: &Received, now: SystemTime) {
    let (_, context) = message.origin();
    let Some(parent) = TraceParent::parse(context) else { return };
    let from = message.arrived_at.unwrap_or(now);
    let name = format!("process {queue}");
    let Some(span) = traces::begin(name, Kind::Consumer, Some(&parent), from) else { return };
    span.with("messaging.system", "aws_sqs")
        .with("messaging.destination.name", queue.to_owned())
        .with("messaging.message.id", message.id.clone())
        .with("messaging.receive_count", i64::from(message.receive_count))
        .with("consumer", consumer.name())
        .end(now);
}

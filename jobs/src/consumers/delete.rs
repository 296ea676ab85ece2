//! Deletes messages that are dealt with, while the next ones are committed.

use futures::StreamExt;
use futures::stream;
use store::describe;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::commit::Consumer;
use crate::sqs::{BATCH_MAX, Queue};

/// Requests under way at a time: as SQS answers within tens of milliseconds, these delete
/// some thousand messages a second.
const IN_FLIGHT: usize = 8;

/// Messages that are dealt with.
pub(super) struct Done {
    pub(super) receipts: Vec<String>,
    /// Until then nobody else sees them.
    pub(super) deadline: Instant,
}

/// Deletes what comes, until the last sender is gone. What is not deleted comes again, and
/// its inbox rows say that it was dealt with.
pub(super) async fn run(consumer: Consumer, queue: Queue, done: mpsc::UnboundedReceiver<Done>) {
    let done = stream::unfold(done, |mut done| async move {
        let one = done.recv().await?;
        Some((one, done))
    });
    let requests = done.flat_map(|Done { receipts, deadline }| {
        let batches: Vec<_> = receipts.chunks(BATCH_MAX).map(<[String]>::to_vec).collect();
        stream::iter(batches).map(move |receipts| (receipts, deadline))
    });
    requests
        .for_each_concurrent(IN_FLIGHT, |(receipts, deadline)| {
            delete(consumer, &queue, receipts, deadline)
        })
        .await;
}

async fn delete(consumer: Consumer, queue: &Queue, receipts: Vec<String>, deadline: Instant) {
    let deleted = timeout_at(deadline, queue.delete(&receipts)).await;
    if let Err(error) = deleted.unwrap_or_else(|_| Err(queue.too_slow("deleting from"))) {
        tracing::warn!(
            error = describe(&error),
            "consumer {consumer} could not delete messages; they come again and do nothing"
        );
    }
}

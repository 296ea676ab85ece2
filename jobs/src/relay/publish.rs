//! Many messages to one queue, in requests side by side.

use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use tokio::time::{Instant, timeout_at};

use super::held::Answer;
use crate::sqs::{Outgoing, Queue, SqsError, batches};

/// Requests in flight to one queue. SQS answers within tens of milliseconds, so these
/// carry some thousand messages a second.
const IN_FLIGHT: usize = 8;

/// What came of it.
pub(crate) struct Sent {
    /// For each message what the queue says.
    pub(crate) answers: Vec<Answer>,
    /// The first request that was not answered at all.
    pub(crate) trouble: Option<SqsError>,
}

/// Sends `messages` until `deadline`; what is not answered by then counts as not sent.
///
/// To a queue that keeps the order they go one request after the other, and nothing
/// goes behind a request that was not answered.
pub(crate) async fn send_all(queue: &Queue, messages: &[Outgoing], deadline: Instant) -> Sent {
    let mut sent = Sent { answers: Vec::with_capacity(messages.len()), trouble: None };
    let in_flight = if queue.is_fifo() { 1 } else { IN_FLIGHT };
    // A loop, because the compiler cannot follow the lifetimes of a closure's future.
    let mut requests = Vec::new();
    for batch in batches(messages) {
        requests.push(send_one(queue, batch, deadline));
    }
    let mut requests = stream::iter(requests).buffered(in_flight);
    while let Some((answers, trouble)) = requests.next().await {
        sent.answers.extend(answers);
        if trouble.is_some() && queue.is_fifo() {
            sent.trouble = trouble;
            break;
        }
        sent.trouble = sent.trouble.or(trouble);
    }
    drop(requests);
    sent.answers.resize(messages.len(), Answer::None);
    sent
}

async fn send_one(
    queue: &Queue,
    batch: &[Outgoing],
    deadline: Instant,
) -> (Vec<Answer>, Option<SqsError>) {
    let answer = timeout_at(deadline, queue.send(batch)).await;
    match answer.unwrap_or_else(|_| Err(queue.too_slow("sending to"))) {
        Ok(taken) => {
            let answer = |taken| if taken { Answer::Taken } else { Answer::Refused };
            (taken.into_iter().map(answer).collect(), None)
        }
        Err(error) => (vec![Answer::None; batch.len()], Some(error)),
    }
}

/// How long one round of sending may take.
pub(crate) const PUBLISH_MAX: Duration = Duration::from_secs(10);

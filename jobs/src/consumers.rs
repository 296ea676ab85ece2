//! The consumers of our own events: `audit` chains them, `metrics` counts them.
//!
//! ```text
//! receive -> decide -> commit with an inbox row -> delete
//! ```
//!
//! * *Dies before the commit:* nothing happened; the message is seen again after the
//!   visibility timeout.
//! * *Dies between commit and delete:* the message is seen again, and its inbox rows say
//!   that it was dealt with.
//! * *Cannot be read:* it would never be, however often it came again. It goes to the
//!   dead-letter queue at once, with the reason as attribute, so that nothing is lost.
//! * *The database refuses it:* left to the visibility timeout; after `maxReceiveCount`
//!   receives SQS moves it. Its neighbours are committed without it.
//! * *The database is away:* nothing is received until it answers, so that an outage does
//!   not use up the receives of good messages.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use store::describe;
use tokio::sync::watch;

use crate::sqs::{Queue, Received, SqsError};

mod commit;
mod faults;
mod message;
mod pause;

pub use commit::Consumer;
use commit::{Committed, Readable};
pub use faults::{ConsumerFaults, NoConsumerFaults};
use pause::Pause;

/// The longest that SQS lets a receive wait. Fewer empty answers cost less.
const LONG_POLL: Duration = Duration::from_secs(20);
/// Batches in hand at a time: while one commits, the next ones travel. All appends queue
/// for the head of one chain, so more would only wait there.
pub(crate) const POLLERS: u32 = 4;

/// Why a consumer must not start.
#[derive(Debug, thiserror::Error)]
pub enum ConsumerError {
    /// Messages would be seen again while their first handler still works on them.
    #[error(
        "queue {queue} shows a message again after {visibility_s} s, but a consumer may work on it \
         for {handler_s} s; set the queue's visibility timeout to at least that"
    )]
    VisibilityTooShort {
        /// The queue's name.
        queue: String,
        /// Its visibility timeout in seconds.
        visibility_s: u64,
        /// The handler's timeout in seconds.
        handler_s: u64,
    },
    /// The queue could not be asked.
    #[error("cannot start a consumer")]
    Sqs(#[from] SqsError),
}

/// What all pollers of a consumer go by.
#[derive(Clone)]
pub(crate) struct Handling {
    /// The longest from receive to delete.
    pub(crate) timeout: Duration,
    /// Failures on purpose.
    pub(crate) faults: Arc<dyn ConsumerFaults>,
}

/// Refuses a queue whose messages come back before their handler has given up.
pub(crate) async fn check(queue: &Queue, timeout: Duration) -> Result<(), ConsumerError> {
    judge_visibility(queue.name(), queue.visibility_timeout().await?, timeout)
}

fn judge_visibility(
    queue: &str,
    visibility: Duration,
    timeout: Duration,
) -> Result<(), ConsumerError> {
    if visibility >= timeout {
        return Ok(());
    }
    Err(ConsumerError::VisibilityTooShort {
        queue: queue.to_owned(),
        visibility_s: visibility.as_secs(),
        handler_s: timeout.as_secs(),
    })
}

/// Reads `queue` until told to stop, then ends what is in hand. `pool` should have
/// [`POLLERS`] connections. Call [`check`] before.
pub(crate) async fn run(
    consumer: Consumer,
    queue: Queue,
    pool: PgPool,
    handling: Handling,
    stopping: watch::Receiver<bool>,
) {
    tracing::info!(queue.name = queue.name(), "consumer {consumer} started");
    let poller = || poll(consumer, &queue, &pool, &handling, stopping.clone());
    futures::future::join_all((0..POLLERS).map(|_| poller())).await;
    tracing::debug!("consumer {consumer} ended");
}

/// How a batch went, for the pause after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    /// Go on at once. Messages that are refused by themselves are no illness.
    Well,
    /// SQS or the database is away: go on after a pause.
    Ill,
}

async fn poll(
    consumer: Consumer,
    queue: &Queue,
    pool: &PgPool,
    handling: &Handling,
    mut stopping: watch::Receiver<bool>,
) {
    let mut pause = Pause::default();
    while !*stopping.borrow() {
        if pause.is_set() && !commit::database_answers(pool).await {
            pause.wait(&mut stopping).await;
            continue;
        }
        // A receive that is cut off may have taken messages; they are seen again later.
        let received = tokio::select! {
            received = queue.receive(LONG_POLL) => received,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        let health = match received {
            Ok(messages) if messages.is_empty() => Health::Well,
            Ok(messages) => handle_in_time(consumer, queue, pool, handling, messages).await,
            Err(error) => {
                tracing::warn!(error = describe(&error), "consumer {consumer} cannot receive");
                Health::Ill
            }
        };
        match health {
            Health::Well => pause.reset(),
            Health::Ill => pause.wait(&mut stopping).await,
        }
    }
}

async fn handle_in_time(
    consumer: Consumer,
    queue: &Queue,
    pool: &PgPool,
    handling: &Handling,
    messages: Vec<Received>,
) -> Health {
    let (count, timeout) = (messages.len(), handling.timeout);
    let work = handle(consumer, queue, pool, handling.faults.as_ref(), messages);
    tokio::time::timeout(timeout, work).await.unwrap_or_else(|_| {
        tracing::warn!(
            queue.name = queue.name(),
            "consumer {consumer} gave up on {count} messages after {} s; they come again",
            timeout.as_secs()
        );
        Health::Ill
    })
}

async fn handle(
    consumer: Consumer,
    queue: &Queue,
    pool: &PgPool,
    faults: &dyn ConsumerFaults,
    messages: Vec<Received>,
) -> Health {
    let mut readable = Vec::with_capacity(messages.len());
    let mut unreadable = Vec::new();
    for message in messages {
        match message::read(&message.body) {
            Ok(events) if faults.drops(consumer, &events) => {
                tracing::warn!(message.id = %message.id, "consumer {consumer} drops a message on purpose");
            }
            Ok(events) => readable.push(Readable { message, events }),
            Err(reason) => unreadable.push((message, reason)),
        }
    }
    let Committed { receipts, outage } = commit::commit(consumer, pool, &readable).await;
    let mut health = if outage { Health::Ill } else { Health::Well };
    if !receipts.is_empty()
        && let Err(error) = queue.delete(&receipts).await
    {
        tracing::warn!(
            error = describe(&error),
            "consumer {consumer} could not delete messages; they come again and do nothing"
        );
        health = Health::Ill;
    }
    for (message, reason) in unreadable {
        if set_aside(queue, &message, &reason.to_string()).await.is_err() {
            health = Health::Ill;
        }
    }
    health
}

/// Moves a message that no retry can make readable to the dead-letter queue.
async fn set_aside(queue: &Queue, message: &Received, reason: &str) -> Result<(), SqsError> {
    let id = &message.id;
    tracing::error!(
        queue.name = queue.name(), message.id = %id,
        "message {id} of {} cannot be read and goes to its dead-letter queue: {reason}",
        queue.name()
    );
    let moved = queue.dead_letter(message, reason).await;
    if let Err(error) = &moved {
        tracing::warn!(
            error = describe(error), message.id = %id,
            "message {id} could not be moved; it comes again"
        );
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visibility_timeout_shorter_than_the_handlers_own_is_refused_by_name() {
        let timeout = Duration::from_secs(20);
        let judge = |visibility_s| {
            judge_visibility("wallet-audit", Duration::from_secs(visibility_s), timeout)
        };
        let error = judge(19).unwrap_err();
        assert_eq!(
            error.to_string(),
            "queue wallet-audit shows a message again after 19 s, but a consumer may work on it \
             for 20 s; set the queue's visibility timeout to at least that"
        );
        assert!(judge(20).is_ok());
    }
}

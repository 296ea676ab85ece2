//! The consumers of our own events: `audit` chains them, `metrics` counts them.
//!
//! ```text
//! pollers:    receive -> read -> pile
//! committer:  all that is on the pile -> one commit with inbox rows
//! deleter:    what is committed -> delete
//! ```
//!
//! Each consumer has several pollers, one committer and one deleter. A commit costs
//! nearly the same for one event as for hundreds, and appends to the audit chain queue
//! for its head anyway; so one transaction takes whatever came while the last one was
//! committed, without a timer, and its messages are deleted while the next one runs.
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
//!   not use up the receives of good messages. What is in hand is tried again for as long
//!   as its time lasts.
//! * *Its time is up:* a message that is not committed in time is given up before others
//!   may see it; it comes again.
//! * *The consumer is behind:* pollers wait for room on the pile, so that no message waits
//!   there for longer than its time.
//! * *The queue is paused:* nothing new is received.

use std::sync::Arc;
use std::time::Duration;

use domain::switch::Switch;
use store::pool::Single;
use store::switches::Switches;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::sqs::{Queue, SqsError};

mod commit;
mod committer;
mod delete;
mod faults;
mod message;
mod pause;
mod pile;
mod poll;
mod watched;

pub use commit::Consumer;
use committer::Committer;
pub use faults::{ConsumerFaults, NoConsumerFaults};
use poll::Poller;

/// Receives under way at a time. One takes 10 messages at most, so from a queue that is 20 ms
/// away these bring 4,000 a second. With more of them each brings fewer messages: beside an
/// endpoint on the same machine, 10 cost the workers 16 % more CPU than 3.
const POLLERS: u32 = 8;

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
    /// What operators have paused.
    pub(crate) switches: Switches,
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

/// Reads `queue` until told to stop, then ends what is in hand. Commits go through
/// `connection`. Call [`check`] before.
pub(crate) async fn run(
    consumer: Consumer,
    queue: Queue,
    connection: Single,
    handling: Handling,
    stopping: watch::Receiver<bool>,
) {
    tracing::info!(queue.name = queue.name(), "consumer {consumer} started");
    let (pile, taken) = pile::new();
    let (well, healthy) = watch::channel(true);
    let (done, deletable) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    for _ in 0..POLLERS {
        let poller = Poller {
            consumer,
            queue: queue.clone(),
            handling: handling.clone(),
            pile: pile.clone(),
            healthy: healthy.clone(),
        };
        tasks.spawn(poller.run(stopping.clone()));
    }
    // Each of them ends when the one before it has let go of the channel between them.
    drop((pile, healthy));
    let name = queue.name();
    tasks.spawn(Committer::new(consumer, name, connection, taken, done, well, stopping).run());
    tasks.spawn(delete::run(consumer, queue, deletable));
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended
            && let Ok(panic) = error.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
    }
    tracing::debug!("consumer {consumer} ended");
}

/// The switch that pauses the queue of a consumer.
fn switch_of(consumer: Consumer) -> Switch {
    Switch::PauseQueue(match consumer {
        Consumer::Audit => domain::job::Queue::WalletAudit,
        Consumer::Metrics => domain::job::Queue::WalletMetrics,
    })
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

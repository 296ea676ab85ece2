//! Counts what is in the queues, for operators and for the desk itself.

use std::time::Duration;

use store::{describe, queue_desk};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{Pair, Trouble};
use crate::sqs::Status;

/// How often the queues are counted: two requests each time, of which SQS takes a
/// million for less than a coffee.
const EVERY: Duration = Duration::from_secs(2);
/// How often old rows of the index are thrown away.
const FORGET_EVERY: Duration = Duration::from_hours(1);
/// What left its queue is remembered this long: several times what SQS keeps.
const KEPT: Duration = Duration::from_hours(90 * 24);

/// How full the dead-letter queue was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Before it was asked.
    pub(super) at: Instant,
    /// What it said.
    pub(super) dead: Status,
}

/// Samples while the queue is leased, forever.
pub(super) async fn run(
    pair: &Pair,
    mut leased: watch::Receiver<bool>,
    samples: &watch::Sender<Option<Sample>>,
) {
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut forget_at = Instant::now();
    loop {
        if leased.wait_for(|leased| *leased).await.is_err() {
            return;
        }
        tick.tick().await;
        match sample(pair).await {
            Ok(sample) => _ = samples.send_replace(Some(sample)),
            Err(error) => {
                tracing::debug!(
                    error = describe(&error),
                    "queue {} is not counted",
                    pair.dead.name()
                );
            }
        }
        if forget_at <= Instant::now() {
            forget_at = Instant::now() + FORGET_EVERY;
            if let Err(error) = queue_desk::forget_closed(&pair.pool, KEPT).await {
                tracing::warn!(error = describe(&error), "old dead messages stay for now");
            }
        }
    }
}

async fn sample(pair: &Pair) -> Result<Sample, Trouble> {
    let at = Instant::now();
    let (source, dead) = (pair.source.status().await?, pair.dead.status().await?);
    let note = async |name: &str, from: Option<&str>, status: Status| {
        queue_desk::note_sample(&pair.pool, name, from, status.counts, status.retention).await
    };
    note(pair.source.name(), None, source).await?;
    note(pair.dead.name(), Some(pair.source.name()), dead).await?;
    Ok(Sample { at, dead })
}

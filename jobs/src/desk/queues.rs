//! The desk of the queues: indexes every dead-letter queue, and carries out what
//! operators want done to them.
//!
//! ```text
//! lease the queue -> commands that wait -> a look, if its counts say that there is news
//! ```
//!
//! One process at a time has a queue, by a lease in the database that it renews every second. No transaction is open while SQS is asked. Killed anywhere, it is followed by
//! another within seconds, which does again what was not written down: sent twice is
//! consumed once, because consumers drop events that they know.

use std::time::Duration;

use sqlx::PgPool;
use store::describe;
use store::queue_desk::{self, LEASE};
use store::wake::{self, Channel};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use uuid::Uuid;

mod command;
mod look;
mod purge;
mod reading;
mod redrive;
mod sampler;
mod task;

use crate::sqs::{BATCH_MAX, Queue, Received, SqsError};
use sampler::Sample;

/// The longest that a command waits when its wake-up was lost, and how often a lease is
/// renewed: five times before it would end.
const TICK: Duration = Duration::from_secs(1);
/// A renewal that takes longer counts as failed: the lease may end before the next one.
const RENEWAL_MAX: Duration = LEASE.saturating_sub(Duration::from_secs(2));
/// Pause before the connection that listens is made again.
const LISTEN_PAUSE: Duration = Duration::from_secs(1);
/// Wait of a receive: long enough that SQS asks all its servers before it says that there is
/// nothing.
const RECEIVE_WAIT: Duration = Duration::from_secs(1);
/// Receives at a time. A FIFO queue is read by one, which keeps the order of a group.
const RECEIVERS: usize = 4;

/// Something that the desk needs is away.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Sqs(#[from] SqsError),
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// Nobody knows whether it purged.
    #[error("{}", purge::ASKED)]
    Unanswered(#[source] Box<Trouble>),
}

/// One dead-letter queue with its source, tended by one process at a time.
#[derive(Clone)]
struct Pair {
    source: Queue,
    dead: Queue,
    pool: PgPool,
    /// This process, as holder of the lease.
    holder: Uuid,
    stopping: watch::Receiver<bool>,
}

/// Tends the dead-letter queues of `sources` until told to stop. `listen` is for wake-ups.
pub(crate) async fn run(
    sources: Vec<Queue>,
    pool: PgPool,
    listen: PgPool,
    stopping: watch::Receiver<bool>,
) {
    let (ring, news) = watch::channel(());
    let pairs = sources.into_iter().filter_map(|source| {
        let (pool, stopping, holder) = (pool.clone(), stopping.clone(), Uuid::now_v7());
        Some(Pair { dead: source.dead_letters()?, source, pool, holder, stopping })
    });
    let tending = pairs.map(|pair| pair.tend(news.clone()));
    tracing::info!("queue desk started");
    tokio::select! {
        _ = futures::future::join_all(tending) => {}
        () = hear(listen, ring) => {}
    }
    tracing::debug!("queue desk ended");
}

/// Passes on the wake-ups of operators.
async fn hear(pool: PgPool, ring: watch::Sender<()>) {
    loop {
        if let Ok(mut listener) = wake::listen(&pool, Channel::Desk).await {
            while listener.recv().await.is_ok() {
                ring.send_replace(());
            }
        }
        tokio::time::sleep(LISTEN_PAUSE).await;
    }
}

impl Pair {
    async fn tend(self, news: watch::Receiver<()>) {
        let (told, leased) = watch::channel(false);
        let (samples, newest) = watch::channel(None);
        // The work ends at a stop; until then the other two go on beside it.
        tokio::select! {
            () = self.keep_lease(&told) => {}
            () = sampler::run(&self, leased.clone(), &samples) => {}
            () = self.work(news, leased.clone(), newest) => {}
        }
        if *leased.borrow()
            && let Err(error) = queue_desk::let_go(&self.pool, self.dead.name(), self.holder).await
        {
            tracing::debug!(error = describe(&error), "the lease ends by itself");
        }
    }

    async fn keep_lease(&self, told: &watch::Sender<bool>) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let (dead, source) = (self.dead.name(), self.source.name());
            let taking = queue_desk::lease(&self.pool, dead, source, self.holder);
            let leased = match timeout(RENEWAL_MAX, taking).await {
                Ok(Ok(leased)) => leased,
                Ok(Err(error)) => {
                    tracing::warn!(error = describe(&error), "queue {dead} cannot be leased");
                    false
                }
                Err(_) => false,
            };
            told.send_if_modified(|known| std::mem::replace(known, leased) != leased);
        }
    }

    /// Commands and looks, one after the other, while the queue is leased.
    async fn work(
        &self,
        mut news: watch::Receiver<()>,
        mut leased: watch::Receiver<bool>,
        mut sampled: watch::Receiver<Option<Sample>>,
    ) {
        let mut stopping = self.stopping.clone();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut troubles = command::Troubles::default();
        let mut worked_at = Instant::now();
        loop {
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => return,
                _ = tick.tick() => {}
                Ok(()) = news.changed() => {}
                Ok(()) = sampled.changed() => {}
            }
            if !*leased.borrow() {
                continue;
            }
            let sample = *sampled.borrow_and_update();
            // A sample from before the last work knows nothing of it.
            let sample = sample.filter(|sample| sample.at > worked_at);
            let working = async {
                let ran = self.run_commands(&mut troubles).await?;
                Ok(match sample {
                    Some(sample) if !ran => self.look_if_due(&sample.dead).await?,
                    _ => ran,
                })
            };
            let done: Result<bool, Trouble> = tokio::select! {
                done = working => done,
                _ = leased.wait_for(|leased| !leased) => {
                    tracing::warn!("queue {} is no longer ours", self.dead.name());
                    Ok(true)
                }
            };
            match done {
                Ok(false) => {}
                Ok(true) => worked_at = Instant::now(),
                Err(error) => {
                    worked_at = Instant::now();
                    let queue = self.dead.name();
                    tracing::warn!(error = describe(&error), "the desk of {queue} tries again");
                }
            }
        }
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Receives some messages, hidden from others for `hidden`; none when the queue has none to
    /// give. Where one receive is full there is more, and several go on at a time.
    async fn receive(&self, hidden: Duration) -> Result<Vec<Received>, SqsError> {
        let mut received = self.dead.receive_dead(RECEIVE_WAIT, hidden).await?;
        if received.len() == BATCH_MAX && !self.dead.is_fifo() {
            let more = (1..RECEIVERS).map(|_| self.dead.receive_dead(Duration::ZERO, hidden));
            received.extend(futures::future::try_join_all(more).await?.into_iter().flatten());
        }
        Ok(received)
    }
}

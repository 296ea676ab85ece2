//! The relay: sends what is in the outbox to the queues of all subscribers.
//!
//! claim rows -> send to every queue -> delete the rows that every queue took, in
//! one transaction that lasts at most [`PUBLISH_MAX`] and is never open during a
//! pause. Several relays share the outbox; each skips what another has in hand.

use std::iter::repeat_n;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ids::EventId;
use domain::switch::Switch;
use futures::future::join_all;
use sqlx::PgPool;
use store::relay::{self, Claim, LoggedEvent};
use store::switches::Switches;
use store::{StoreError, describe};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use uuid::Uuid;

mod bell;
mod held;
mod message;
mod publish;
mod watched;

pub(crate) use bell::{Bell, hear};
pub(crate) use held::Answer;
use held::Held;
pub(crate) use message::message;
use message::pack;
pub(crate) use publish::{PUBLISH_MAX, send_all};

use crate::sqs::{BATCH_MAX, Outgoing, Queue, Queues, SqsConfig, SqsError, connect};

/// Rows of one claim: 64 requests to each queue.
const CLAIM_MAX: usize = 640;
/// Claims in hand at a time, so that one is sent while another is written down.
const CLAIMS: u32 = 2;
/// Connections that a relay uses: one a claim, and one to measure the lag.
pub(crate) const CONNECTIONS: u32 = CLAIMS + 1;
/// First pause while SQS or the database is away; doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// Short enough that the end of an outage is noticed soon.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Above this age of the oldest event, the lag is worth a warning.
const LAG_MAX: Duration = Duration::from_secs(30);
/// While this is on, nothing is sent.
const PAUSED: Switch = Switch::PauseQueue(domain::job::Queue::Outbox);
/// How often the lag is looked at.
const LAG_EVERY: Duration = Duration::from_secs(10);

/// What all claims of a process share.
#[derive(Clone)]
pub(crate) struct Relay {
    pool: PgPool,
    queues: Arc<[Queue]>,
    /// Rung when there are new rows.
    news: Arc<Notify>,
    held: Arc<Mutex<Held>>,
    switches: Switches,
    config: SqsConfig,
    restoring: Arc<tokio::sync::Mutex<()>>,
    /// One claim and one request at a time, because a queue keeps the order.
    in_order: bool,
}

/// What came of one claim.
enum Round {
    /// The outbox has more than was claimed.
    More(EventId),
    /// The outbox has been seen to its end.
    Done,
    /// A queue did not answer.
    Away(String),
}

impl Relay {
    pub(crate) fn new(
        pool: PgPool,
        config: SqsConfig,
        queues: &Queues,
        news: Arc<Notify>,
        switches: Switches,
    ) -> Self {
        let queues: Arc<[Queue]> = Arc::from([queues.audit.clone(), queues.metrics.clone()]);
        let in_order = queues.iter().any(Queue::is_fifo);
        let (held, restoring) = (Arc::default(), Arc::default());
        Self { pool, queues, news, held, switches, config, restoring, in_order }
    }

    /// Sends until told to stop; what is in hand then is brought to its end.
    pub(crate) async fn run(self, stopping: watch::Receiver<bool>) {
        let claims = if self.in_order { 1 } else { CLAIMS };
        tracing::info!("relay started");
        let sending = (0..claims).map(|_| self.clone().serve(stopping.clone()));
        tokio::join!(join_all(sending), self.watch_lag(stopping.clone()));
        tracing::info!("relay stopped");
    }

    async fn serve(self, mut stopping: watch::Receiver<bool>) {
        let start = EventId(Uuid::nil());
        let (mut after, mut pause) = (start, PAUSE_MIN);
        let mut away = false;
        while self.go_on(&mut stopping).await {
            // While a queue is away, one request is enough to find out that it is back.
            let row_max = if away { BATCH_MAX } else { CLAIM_MAX };
            let round = match self.round(after, row_max).await {
                Ok(round) => round,
                Err(error) => Round::Away(describe(&error)),
            };
            let wait = match round {
                Round::More(last) => {
                    (after, away, pause) = (last, false, PAUSE_MIN);
                    // There is work for the others, too.
                    self.news.notify_one();
                    continue;
                }
                Round::Done => {
                    (after, away, pause) = (start, false, PAUSE_MIN);
                    self.config.relay_tick
                }
                Round::Away(trouble) => {
                    tracing::warn!(error = trouble, "events wait in the outbox");
                    let wait = pause;
                    (after, away, pause) = (start, true, (pause * 2).min(PAUSE_MAX));
                    wait
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                // While a queue is away, news is no reason to try again sooner.
                () = self.news.notified(), if !away => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            if away {
                self.restore_queues().await;
            }
        }
    }

    /// Waits out a pause. False when the process is to stop.
    async fn go_on(&self, stopping: &mut watch::Receiver<bool>) -> bool {
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stop| *stop) => false,
            () = self.switches.until(PAUSED, false) => true,
        }
    }

    async fn round(&self, after: EventId, row_max: usize) -> Result<Round, StoreError> {
        let claim = relay::claim(&self.pool, after, row_max, self.in_order).await?;
        let next = match claim.last {
            Some(last) if claim.row_count == row_max => Round::More(last),
            _ => Round::Done,
        };
        if claim.row_count == 0 {
            claim.confirm(&[]).await?;
            return Ok(next);
        }
        let (sent, trouble) = self.publish(&claim).await;
        claim.confirm(&sent).await?;
        Ok(trouble.map_or(next, Round::Away))
    }

    /// Sends what is claimed. Returns the ids that every queue has, and what went wrong
    /// if a queue did not answer.
    async fn publish(&self, claim: &Claim) -> (Vec<EventId>, Option<String>) {
        let began = Instant::now();
        // A loop, because the compiler cannot follow the lifetimes of a closure's future.
        let mut offers = Vec::with_capacity(self.queues.len());
        for (number, queue) in self.queues.iter().enumerate() {
            offers.push(self.offer(number, queue, claim, began));
        }
        let (answers, troubles): (Vec<_>, Vec<_>) = join_all(offers).await.into_iter().unzip();
        let trouble = troubles.into_iter().flatten().next().map(|error| describe(&error));
        let ids: Vec<EventId> = claim.events.iter().map(|event| event.id).collect();
        (self.held().settle(&ids, &answers, Instant::now()), trouble)
    }

    /// Sends one queue what it has not taken yet, and says what it answers to each event.
    async fn offer(
        &self,
        number: usize,
        queue: &Queue,
        claim: &Claim,
        began: Instant,
    ) -> (Vec<Answer>, Option<SqsError>) {
        let wanted: Vec<usize> = {
            let (held, events) = (self.held(), claim.events.iter().enumerate());
            events.filter(|(_, one)| held.wants(number, one.id, began)).map(|(at, _)| at).collect()
        };
        let (mut messages, counts) = self.pack(queue, claim, &wanted);
        let under_way = watched::begin(queue, &mut messages);
        let sent = send_all(queue, &messages, began + PUBLISH_MAX).await;
        watched::end(under_way, &sent.answers);
        let mut answers = vec![Answer::None; claim.events.len()];
        // The queue's answer to a message goes for all its events.
        let of_events = sent.answers.into_iter().zip(counts).flat_map(|(answer, count)| {
            let together = count > 1 && answer == Answer::Refused;
            repeat_n(if together { Answer::RefusedTogether } else { answer }, count)
        });
        wanted.iter().zip(of_events).for_each(|(&at, answer)| answers[at] = answer);
        watched::count(queue, claim, &wanted, &answers);
        (answers, sent.trouble)
    }

    /// Messages of the `wanted` events of a claim, in their order, and how many each holds.
    fn pack(&self, queue: &Queue, claim: &Claim, wanted: &[usize]) -> (Vec<Outgoing>, Vec<usize>) {
        let most = self.config.events_per_message;
        let events: Vec<&LoggedEvent> = wanted.iter().map(|&at| &claim.events[at]).collect();
        if queue.is_fifo() || most == 1 {
            let alone = events.iter().map(|event| (message(event, queue.is_fifo()), 1));
            return alone.unzip();
        }
        let held = self.held();
        // Runs of those that may share a message, and those that may not.
        let runs = events.chunk_by(|one, next| held.is_apart(one.id) == held.is_apart(next.id));
        let packed = runs.flat_map(|run| {
            let apart = run.first().is_some_and(|event| held.is_apart(event.id));
            pack(run, if apart { 1 } else { most })
        });
        packed.unzip()
    }

    /// In development a queue may be gone because the endpoint has forgotten it.
    async fn restore_queues(&self) {
        if self.config.create_queues {
            // Two that create the same queue at once could each believe to be the first.
            let _one = self.restoring.lock().await;
            if let Err(error) = connect(&self.config).await {
                tracing::debug!(error = describe(&error), "the queues could not be looked for");
            }
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        // A panic in there can lose a note, which costs one message sent twice.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says so when events pile up.
    async fn watch_lag(&self, mut stopping: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LAG_EVERY) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            match relay::lag(&self.pool).await {
                Ok(lag) if lag.oldest > LAG_MAX => {
                    let (count, seconds) = (lag.row_count, lag.oldest.as_secs());
                    tracing::warn!("{count} events wait in the outbox, the oldest for {seconds} s");
                }
                Ok(_) => {}
                Err(error) => tracing::debug!(error = describe(&error), "the lag is not known"),
            }
        }
    }
}

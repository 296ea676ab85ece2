//! What is sampled, each part at its own pace.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use store::ledger::{self, Mode};
use store::pool::Pool;
use store::{StoreError, describe, desk, overview, queue_desk, queues, relay, switches};
use tokio::time::Instant;
use wire::TransferCounts;

use super::history::{Point, Stretch};
use super::known::{Known, Open, Pulse, Seen};
use super::latency::Latencies;
use super::pace::Sampler;

/// What was begun longer ago is committed, unless something hangs. Also more than the clocks
/// of processes, which make the ids, may differ.
const SETTLED_AFTER: TimeDelta = TimeDelta::seconds(1);
/// The stretch of a sample that has none before it.
const STRETCH: TimeDelta = TimeDelta::seconds(1);
/// A longer one is not caught up with: it would cost more than a sample may.
const STRETCH_MAX: TimeDelta = TimeDelta::seconds(10);

/// Statements of each sample.
const PULSE_STATEMENTS: u64 = 5;
const OPEN_STATEMENTS: u64 = 3;
/// With the begin and the end of its transaction.
const CHECK_STATEMENTS: u64 = 7;

/// Says once that a sample fails, and not again before one has gone well.
#[derive(Debug, Default)]
struct Trouble(bool);

impl Trouble {
    /// What was found, if anything.
    fn sort_out<T>(&mut self, what: &str, found: Result<T, StoreError>) -> Option<T> {
        let was_well = !std::mem::replace(&mut self.0, found.is_err());
        if let Err(error) = &found
            && was_well
        {
            tracing::warn!(error = describe(error), "the overview cannot sample {what}");
        }
        found.ok()
    }
}

/// Rates, queues, switches and workers.
pub(super) struct PulseSampler {
    pool: Pool,
    known: Arc<Known>,
    /// Where the last stretch ended.
    until: Option<DateTime<Utc>>,
    trouble: Trouble,
}

impl PulseSampler {
    pub(super) fn new(pool: Pool, known: Arc<Known>) -> Self {
        Self { pool, known, until: None, trouble: Trouble::default() }
    }

    /// The stretch that is settled by now and is in no sample yet.
    fn stretch(&self, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let until = now - SETTLED_AFTER;
        let follows = |from: &DateTime<Utc>| *from < until && until - *from <= STRETCH_MAX;
        (self.until.filter(follows).unwrap_or(until - STRETCH), until)
    }

    async fn read(&mut self, began: Instant) -> Result<(Pulse, Stretch), StoreError> {
        let (from, until) = self.stretch(Utc::now());
        let moved = overview::pulse(&self.pool, from, until).await?;
        let saga = queues::saga(&self.pool).await?;
        let outbox = relay::lag(&self.pool).await?;
        let settings = switches::list(&self.pool).await?;
        let workers = queues::workers(&self.pool).await?;
        // Not before all of it was read: what is thrown away is to be counted the next time.
        self.until = Some(until);
        let alive = workers.iter().filter(|worker| worker.alive).count();
        let dead = workers.len() - alive;
        let stretch = Stretch {
            read_at: began,
            length_ms: u64::try_from((until - from).num_milliseconds()).unwrap_or(0).max(1),
            counts: TransferCounts {
                accepted: moved.accepted,
                settled: moved.settled,
                rejected: moved.rejected,
                failed: moved.failed,
                stuck: moved.stuck,
            },
            latencies: Latencies::of(&moved.settled_after_ms),
        };
        let [workers_alive, workers_dead] =
            [alive, dead].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
        Ok((Pulse { saga, outbox, settings, workers_alive, workers_dead }, stretch))
    }
}

impl Sampler for PulseSampler {
    async fn sample(&mut self, due: Instant) {
        let (at, began) = (Utc::now(), Instant::now());
        let found = self.read(began).await;
        let Some((pulse, stretch)) = self.trouble.sort_out("rates and queues", found) else {
            return;
        };
        let second = due.saturating_duration_since(self.known.started).as_secs();
        let point = point(second, at, &pulse, &stretch);
        self.known.learn(|state| {
            state.history.add(point, stretch);
            let last = state.pulse.as_ref();
            state.pulse = Some(Seen::now(pulse, (at, began), PULSE_STATEMENTS, last));
        });
    }
}

fn point(second: u64, at: DateTime<Utc>, pulse: &Pulse, stretch: &Stretch) -> Point {
    let count = |count: i64| u64::try_from(count).unwrap_or(0);
    Point {
        second,
        at,
        rates: stretch.per_second(),
        p50_ms: stretch.latencies.percentile(50),
        p99_ms: stretch.latencies.percentile(99),
        runnable: count(pulse.saga.runnable),
        retrying: count(pulse.saga.retrying),
        parked: count(pulse.saga.parked),
        ready_jobs: count(pulse.saga.ready),
        outbox: count(pulse.outbox.row_count),
    }
}

/// The open work, and what is dead.
pub(super) struct OpenSampler {
    pool: Pool,
    known: Arc<Known>,
    trouble: Trouble,
}

impl OpenSampler {
    pub(super) fn new(pool: Pool, known: Arc<Known>) -> Self {
        Self { pool, known, trouble: Trouble::default() }
    }

    async fn read(&self) -> Result<Open, StoreError> {
        let steps = overview::open(&self.pool).await?;
        let dead_letters = desk::groups(&self.pool).await?;
        let queues = queue_desk::queues(&self.pool).await?;
        Ok(Open { steps, dead_letters, queues })
    }
}

impl Sampler for OpenSampler {
    async fn sample(&mut self, _: Instant) {
        let began = (Utc::now(), Instant::now());
        let found = self.read().await;
        let Some(open) = self.trouble.sort_out("the open work", found) else { return };
        self.known.learn(|state| {
            state.open = Some(Seen::now(open, began, OPEN_STATEMENTS, state.open.as_ref()));
        });
    }
}

/// The quick ledger check.
pub(super) struct CheckSampler {
    pool: Pool,
    known: Arc<Known>,
    trouble: Trouble,
}

impl CheckSampler {
    pub(super) fn new(pool: Pool, known: Arc<Known>) -> Self {
        Self { pool, known, trouble: Trouble::default() }
    }
}

impl Sampler for CheckSampler {
    async fn sample(&mut self, _: Instant) {
        let began = (Utc::now(), Instant::now());
        let found = ledger::check(&self.pool, Mode::Quick).await;
        let Some(report) = self.trouble.sort_out("the ledger", found) else { return };
        if !report.ok {
            let count = report.violations.len();
            tracing::error!("the ledger does not add up: {count} violations");
        }
        self.known.learn(|state| {
            state.check = Some(Seen::now(report, began, CHECK_STATEMENTS, state.check.as_ref()));
        });
    }
}

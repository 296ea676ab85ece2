//! Figures that need the database: queues, open work, the outbox, dead letters, the ledger.
//!
//! All processes would read the same, so one of them reads for all: whoever holds the lease, which
//! is a lock of the database and free again as soon as its holder is gone. Only a process that is
//! looked at asks for it (it was scraped within `LOOKED_AT`, or writes EMF); so nothing is read
//! that nobody sees, and `sum` over all processes counts nothing twice.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::job::CALL_QUEUE;
use store::gauges::{self, Lease, Sample};
use store::ledger::{self, LedgerReport, Mode};
use store::pool::{self, Database, Pool, Purpose, Single};
use store::{StoreError, describe};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::emf::Emf;
use crate::metrics::{Value, metrics, number};

/// From one sample to the next. Half of the usual distance of two scrapes.
const EVERY: Duration = Duration::from_secs(10);
/// After a sample there is a rest of so many times as long as it took, so that samples take at most
/// a twentieth of the time.
const REST: u32 = 19;
/// Between two checks of the ledger, which read every wallet.
const CHECK_EVERY: Duration = Duration::from_mins(1);
/// How long a scrape keeps a process interested.
const LOOKED_AT: Duration = Duration::from_mins(5);
/// A database that takes longer to answer is away.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Told of scrapes.
#[derive(Debug, Clone)]
pub struct Looks(Arc<watch::Sender<Option<Instant>>>);

impl Default for Looks {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Looks {
    /// Somebody looks now.
    pub fn note(&self) {
        self.0.send_replace(Some(Instant::now()));
    }

    fn is_recent(&self) -> bool {
        self.0.borrow().is_some_and(|at| at.elapsed() < LOOKED_AT)
    }

    /// Returns once somebody has looked lately.
    async fn until_recent(&self) {
        let mut looks = self.0.subscribe();
        while !self.is_recent() {
            // Fails only when there is no sender any more, and that is this.
            let _ = looks.changed().await;
        }
    }
}

/// Samples until the future is dropped.
pub async fn run(database: Database, looks: Looks, emf: Option<Emf>) {
    let opened = Sampler::open(&database, looks, emf);
    match opened {
        Ok(sampler) => sampler.run().await,
        Err(error) => tracing::error!(error = describe(&error), "no figures are sampled"),
    }
}

struct Sampler {
    /// For the lease, which is a lock of its connection.
    single: Single,
    reads: Pool,
    looks: Looks,
    emf: Option<Emf>,
    /// When the ledger is due again.
    check_at: Instant,
}

impl Sampler {
    fn open(database: &Database, looks: Looks, emf: Option<Emf>) -> Result<Self, StoreError> {
        let single = Single::new(database, Purpose::Maintenance)?;
        let reads = pool::open(database, Purpose::Maintenance, 1)?;
        Ok(Self { single, reads, looks, emf, check_at: Instant::now() })
    }

    async fn run(mut self) {
        loop {
            if self.emf.is_none() {
                self.looks.until_recent().await;
            }
            let leased = tokio::time::timeout(ANSWER_MAX, gauges::lease(&mut self.single)).await;
            match leased {
                Ok(Ok(Some(lease))) => self.read_for_all(lease).await,
                Ok(Ok(None)) => {}
                Ok(Err(error)) => tracing::debug!(error = describe(&error), "no lease to sample"),
                Err(_) => tracing::debug!("no lease to sample: no answer in time"),
            }
            if let Some(emf) = &mut self.emf {
                emf.write();
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Samples for as long as somebody looks and the lease holds.
    async fn read_for_all(&mut self, mut lease: Lease) {
        tracing::info!("this process reads the figures of the database for all");
        self.check_at = Instant::now();
        while self.emf.is_some() || self.looks.is_recent() {
            let began = Instant::now();
            let holds = tokio::time::timeout(ANSWER_MAX, lease.holds()).await;
            if !holds.unwrap_or(false) {
                break;
            }
            if let Err(error) = self.sample().await {
                // What is shown grows old, and its time says so.
                tracing::warn!(
                    error = describe(&error),
                    "the figures of the database are not read"
                );
            }
            if let Some(emf) = &mut self.emf {
                emf.write();
            }
            sleep_until((began + EVERY).max(Instant::now() + began.elapsed() * REST)).await;
        }
        forget();
        tracing::info!("another process may read the figures of the database");
    }

    async fn sample(&mut self) -> Result<(), StoreError> {
        show(&gauges::sample(&self.reads).await?);
        let began = Instant::now();
        if began >= self.check_at {
            let report = ledger::check(&self.reads, Mode::Quick).await?;
            show_ledger(&report);
            self.check_at = (began + CHECK_EVERY).max(Instant::now() + began.elapsed() * REST);
        }
        metrics().sampled.at.replace([([], now())]);
        Ok(())
    }
}

fn show(sample: &Sample) {
    let to = &metrics().sampled;
    let name = |queue: &gauges::JobQueue| -> Value { queue.name.clone().into() };
    to.jobs.replace(sample.jobs.iter().flat_map(|queue| {
        [
            ("ready", queue.ready),
            ("scheduled", queue.scheduled),
            ("in_hand", queue.in_hand),
            ("failed", queue.failed),
        ]
        .map(|(state, count)| ([name(queue), state.into()], number(count)))
    }));
    let jobs = || sample.jobs.iter();
    to.jobs_ready.replace(jobs().map(|queue| ([name(queue)], number(queue.ready))));
    to.jobs_oldest.replace(jobs().map(|queue| ([name(queue)], queue.oldest_ready.as_secs_f64())));
    // Nobody waits for calls where none were ever made.
    let called = jobs().filter(|queue| queue.name != CALL_QUEUE || queue.workers_alive > 0);
    to.workers.replace(called.map(|queue| ([name(queue)], number(queue.workers_alive))));
    show_open(sample);
    to.outbox.replace([([], number(sample.outbox.row_count))]);
    to.outbox_oldest.replace([([], sample.outbox.oldest.as_secs_f64())]);
    let dead = || sample.dead.iter();
    to.dead_letters.replace(dead().map(|one| ([one.class.clone().into()], number(one.count))));
    to.dead_letters_oldest
        .replace(dead().map(|one| ([one.class.clone().into()], one.oldest.as_secs_f64())));
    let money = sample.dead_money.iter();
    to.dead_letters_held
        .replace(money.map(|one| ([one.currency.clone().into()], minor(one.held_minor))));
    to.messages.replace(sample.messages.iter().flat_map(|queue| {
        let counts = [
            ("visible", queue.visible_count),
            ("in_flight", queue.in_flight_count),
            ("delayed", queue.delayed_count),
        ];
        counts.into_iter().filter_map(|(state, count)| {
            Some(([queue.name.clone().into(), state.into()], number(count?)))
        })
    }));
}

fn show_open(sample: &Sample) {
    let to = &metrics().sampled;
    let mut held = std::collections::BTreeMap::<&str, i128>::new();
    let mut states =
        [("runnable", 0), ("retrying", 0), ("paused", 0), ("waiting", 0), ("parked", 0)];
    for at in &sample.open {
        *held.entry(&at.currency).or_default() += at.held_minor;
        let counts = [at.runnable, at.retrying, at.paused, at.waiting, at.parked];
        states.iter_mut().zip(counts).for_each(|((_, sum), count)| *sum += count);
    }
    to.open.replace(states.map(|(state, count)| ([state.into()], number(count))));
    to.held.replace(
        held.into_iter().map(|(currency, sum)| ([currency.to_owned().into()], minor(sum))),
    );
    to.oldest_due.replace([([], sample.oldest_due.as_secs_f64())]);
}

fn show_ledger(report: &LedgerReport) {
    let to = &metrics().sampled;
    to.drift.replace(report.totals.iter().map(|total| {
        let sum = |text: &str| text.parse::<i128>().unwrap_or_default();
        let drift = sum(&total.debits_posted) - sum(&total.credits_posted);
        ([total.currency.clone().into()], minor(drift))
    }));
    let broken = report
        .rules
        .iter()
        .filter(|rule| report.violations.iter().any(|violation| violation.rule == **rule));
    let broken = i64::try_from(broken.count()).unwrap_or(i64::MAX);
    to.broken.replace([([], number(broken))]);
    to.checked_at.replace([([], now())]);
}

/// Shows none of it any more: another process does.
fn forget() {
    let to = &metrics().sampled;
    for one in [&to.oldest_due, &to.outbox, &to.outbox_oldest, &to.broken, &to.checked_at, &to.at] {
        one.replace([]);
    }
    for one in [
        &to.jobs_ready,
        &to.jobs_oldest,
        &to.workers,
        &to.open,
        &to.dead_letters,
        &to.dead_letters_oldest,
        &to.dead_letters_held,
        &to.held,
        &to.drift,
    ] {
        one.replace([]);
    }
    for two in [&to.jobs, &to.messages] {
        two.replace([]);
    }
}

/// Money as a gauge takes it: exact up to 2^53, and close beyond.
#[allow(clippy::cast_precision_loss)]
fn minor(sum: i128) -> f64 {
    sum as f64
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

//! What the samplers have found so far.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use store::desk::Group;
use store::ledger::LedgerReport;
use store::overview::OpenAt;
use store::queue_desk::WatchedQueue;
use store::queues::SagaQueue;
use store::relay::Lag;
use store::switches::Setting;
use tokio::sync::watch;
use tokio::time::Instant;

use super::history::History;

/// Rates and queues, besides what is in the history.
#[derive(Debug)]
pub(super) struct Pulse {
    pub saga: SagaQueue,
    pub outbox: Lag,
    pub settings: Vec<Setting>,
    pub workers_alive: i64,
    pub workers_dead: i64,
}

/// The open work, and what is dead.
#[derive(Debug)]
pub(super) struct Open {
    pub steps: Vec<OpenAt>,
    pub dead_letters: Vec<Group>,
    pub queues: Vec<WatchedQueue>,
}

/// The newest sample of one part.
#[derive(Debug)]
pub(super) struct Seen<T> {
    pub found: T,
    pub at: DateTime<Utc>,
    pub read_at: Instant,
    pub took: Duration,
    pub statement_count: u64,
    /// Samples so far, this one included.
    pub sample_count: u64,
}

/// Everything, each part none before its first sample.
#[derive(Debug, Default)]
pub(super) struct State {
    pub pulse: Option<Seen<Pulse>>,
    pub open: Option<Seen<Open>>,
    pub check: Option<Seen<LedgerReport>>,
    pub history: History,
}

/// What all samplers write and all requests read.
#[derive(Debug)]
pub(super) struct Known {
    /// Seconds of the history are counted from here.
    pub started: Instant,
    state: Mutex<State>,
    /// Told of each sample.
    news: watch::Sender<()>,
}

impl<T> Seen<T> {
    /// A sample that began at `began` and ends now, after `last`.
    pub(super) fn now(
        found: T,
        began: (DateTime<Utc>, Instant),
        statement_count: u64,
        last: Option<&Self>,
    ) -> Self {
        let (at, read_at) = began;
        let sample_count = last.map_or(0, |last| last.sample_count) + 1;
        Self { found, at, read_at, took: read_at.elapsed(), statement_count, sample_count }
    }
}

impl Known {
    pub(super) fn new() -> Self {
        let (news, _) = watch::channel(());
        Self { started: Instant::now(), state: Mutex::default(), news }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known, and tells those who wait.
    pub(super) fn learn(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.news.send_replace(());
    }

    /// Returns once the first two parts are known, and the first one was read at `since` or later.
    pub(super) async fn known_since(&self, since: Instant) {
        let mut news = self.news.subscribe();
        while !self.is_known_since(since) {
            // Fails only when there is no sender any more, and that is this.
            let _ = news.changed().await;
        }
    }

    fn is_known_since(&self, since: Instant) -> bool {
        let state = self.state();
        // The other one may rest longer, but has to be there.
        state.pulse.as_ref().is_some_and(|seen| seen.read_at >= since) && state.open.is_some()
    }
}

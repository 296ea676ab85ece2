//! Backpressure: closes the door while too much runnable work waits.
//!
//! Bulk work has a door of its own, which closes much earlier, and what waits behind it never
//! closes the door of single commands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use store::backlog::{self, Backlog};
use store::pool::Pool;
use telemetry::metrics::metrics;
use tokio::sync::Notify;

use super::IntakeError;

/// How often the backlog is sampled. One sample costs less than a thousandth of this.
const SAMPLE_EVERY: Duration = Duration::from_millis(200);
/// A sample that takes longer has lost its connection.
const SAMPLE_TIME_MAX: Duration = Duration::from_secs(2);
/// Transfers that may wait longer than allowed before the door closes: one group.
/// A single transfer that nobody can advance must not close it for all.
const OVERDUE_MAX: u32 = 256;
/// What a client is told to wait while the door is closed, in seconds.
const RETRY_AFTER_S: u32 = 1;

/// When the door closes. Only runnable work counts, over all processes: dead
/// letters, holds and schedules never close it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most runnable transfers: at 5,000/s about four seconds of work.
    pub runnable_max: u32,
    /// Longest that they may wait; a few that waited longer do not count.
    pub oldest_max: Duration,
    /// Bulk work is taken while runnable transfers, bulk work included, are fewer than this
    /// percentage of `runnable_max`.
    pub bulk_percent: u32,
}

impl Default for Limits {
    fn default() -> Self {
        // A quarter: at 10,000/s half a second of work, and more than two samples apart.
        Self { runnable_max: 20_000, oldest_max: Duration::from_secs(5), bulk_percent: 25 }
    }
}

impl Limits {
    /// Runnable transfers from which on no bulk work is taken.
    fn bulk_max(&self) -> u32 {
        let max = u64::from(self.runnable_max) * u64::from(self.bulk_percent) / 100;
        u32::try_from(max).unwrap_or(u32::MAX).max(1)
    }

    fn is_closed(&self, backlog: &Backlog) -> bool {
        backlog.runnable >= self.runnable_max || backlog.overdue > OVERDUE_MAX
    }

    /// How many commands of bulk work may be written until the next sample.
    fn room(&self, backlog: &Backlog) -> i64 {
        if self.is_closed(backlog) {
            return 0;
        }
        i64::from(self.bulk_max()) - i64::from(backlog.runnable) - i64::from(backlog.bulk)
    }
}

/// The door, as the last sample left it.
#[derive(Debug)]
pub(super) struct Gate {
    closed: AtomicBool,
    /// Commands of bulk work that have ever been taken for writing, and that have been written.
    /// What lies between the two is not in a sample yet.
    bulk_taken: AtomicI64,
    bulk_done: AtomicI64,
    /// How many may have been taken before the next sample; none at the start.
    bulk_allowed: AtomicI64,
    /// Told when there is a new sample.
    sampled: Notify,
}

impl Gate {
    pub(super) fn start(reads: Pool, limits: Limits) -> Arc<Self> {
        let gate = Arc::new(Self {
            closed: AtomicBool::new(false),
            bulk_taken: AtomicI64::new(0),
            bulk_done: AtomicI64::new(0),
            bulk_allowed: AtomicI64::new(0),
            sampled: Notify::new(),
        });
        let weak = Arc::downgrade(&gate);
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(SAMPLE_EVERY);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            // Bulk work that came before single commands must not hide them.
            let count_max = limits.runnable_max.saturating_add(limits.bulk_max());
            loop {
                tick.tick().await;
                let Some(done) = weak.upgrade().map(|gate| gate.bulk_done.load(Ordering::Acquire))
                else {
                    return;
                };
                let sampling = backlog::sample(&reads, count_max, limits.oldest_max);
                let sampled = tokio::time::timeout(SAMPLE_TIME_MAX, sampling).await;
                let Some(gate) = weak.upgrade() else { return };
                // Without an answer the door stays as it is; the intake itself then says 503.
                if let Ok(Ok(backlog)) = sampled {
                    gate.bulk_allowed.store(done + limits.room(&backlog), Ordering::Release);
                    gate.sampled.notify_one();
                    let closed = limits.is_closed(&backlog);
                    if gate.closed.swap(closed, Ordering::Relaxed) != closed {
                        let (runnable, overdue) = (backlog.runnable, backlog.overdue);
                        tracing::warn!(
                            "door closed: {closed}; {runnable} wait, {overdue} too long"
                        );
                    }
                }
            }
        });
        gate
    }

    pub(super) fn check(&self) -> Result<(), IntakeError> {
        if self.closed.load(Ordering::Relaxed) {
            metrics().intake.commands.one(["overloaded".into()]);
            return Err(IntakeError::Overloaded { retry_after_s: RETRY_AFTER_S });
        }
        Ok(())
    }

    /// Returns once bulk work may be written. For one caller at a time.
    pub(super) async fn room_for_bulk(&self) {
        let taken = || self.bulk_taken.load(Ordering::Acquire);
        while taken() >= self.bulk_allowed.load(Ordering::Acquire) {
            self.sampled.notified().await;
        }
    }

    /// Notes that so many commands of bulk work are about to be written. The last batch before a
    /// sample may be larger than the room; the next ones wait for it.
    pub(super) fn take_room(&self, count: usize) {
        self.bulk_taken.fetch_add(signed(count), Ordering::AcqRel);
    }

    /// Notes that they have been written, or will not be.
    pub(super) fn written(&self, count: usize) {
        self.bulk_done.fetch_add(signed(count), Ordering::AcqRel);
    }
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bulk_work_closes_its_own_door_and_no_other() {
        let limits = Limits { runnable_max: 1_000, ..Limits::default() };
        for (runnable, overdue, bulk, closed, room) in [
            (0, 0, 0, false, 250),
            (100, 0, 100, false, 50),
            (0, 0, 9_999, false, -9_749),
            (300, 0, 0, false, -50),
            (1_000, 0, 0, true, 0),
            (10, 257, 0, true, 0),
        ] {
            let backlog = Backlog { runnable, overdue, bulk };
            assert_eq!((limits.is_closed(&backlog), limits.room(&backlog)), (closed, room));
        }
        assert_eq!(Limits { runnable_max: 1, ..limits }.bulk_max(), 1);
    }
}

//! Backpressure: closes the door while too much runnable work waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use store::backlog;
use store::pool::Pool;

use super::IntakeError;

/// How often the backlog is sampled. One sample costs less than a thousandth of this.
const SAMPLE_EVERY: Duration = Duration::from_millis(200);
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
}

impl Default for Limits {
    fn default() -> Self {
        Self { runnable_max: 20_000, oldest_max: Duration::from_secs(5) }
    }
}

/// The door, as the last sample left it.
#[derive(Debug)]
pub(super) struct Gate {
    closed: AtomicBool,
}

impl Gate {
    pub(super) fn start(reads: Pool, limits: Limits) -> Arc<Self> {
        let gate = Arc::new(Self { closed: AtomicBool::new(false) });
        let weak = Arc::downgrade(&gate);
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(SAMPLE_EVERY);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                let sampled = backlog::sample(&reads, limits.runnable_max, limits.oldest_max).await;
                let Some(gate) = weak.upgrade() else { return };
                // Without an answer the door stays as it is; the intake itself then says 503.
                if let Ok(backlog) = sampled {
                    let closed =
                        backlog.runnable >= limits.runnable_max || backlog.overdue > OVERDUE_MAX;
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
            return Err(IntakeError::Overloaded { retry_after_s: RETRY_AFTER_S });
        }
        Ok(())
    }
}

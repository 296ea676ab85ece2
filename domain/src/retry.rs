//! When a failed step is tried again: a pure function of transfer and attempt.

use std::time::Duration;

use crate::ids::TransferId;

/// Exponential backoff with a cap. The jitter is derived from transfer and
/// attempt, so a schedule can be computed again and a test can know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySchedule {
    /// Wait after the first attempt, before jitter.
    pub backoff_base: Duration,
    /// No wait is longer than this.
    pub backoff_max: Duration,
    /// Tries in all, the first included; then a person looks.
    pub attempt_max: u32,
}

impl Default for RetrySchedule {
    /// Eight attempts over about a minute: a dependency's restart is ridden out,
    /// and a customer does not wait an hour to learn of a fault.
    fn default() -> Self {
        Self {
            backoff_base: Duration::from_millis(250),
            backoff_max: Duration::from_secs(30),
            attempt_max: 8,
        }
    }
}

impl RetrySchedule {
    /// The wait after `attempt` (counted from 1) has failed, or `None` when it was the last one.
    ///
    /// The full wait doubles each time up to the cap; the jitter takes up to half of it away.
    pub fn delay_after(&self, transfer: TransferId, attempt: u32) -> Option<Duration> {
        if attempt >= self.attempt_max {
            return None;
        }
        let doublings = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let full = self.backoff_base.saturating_mul(doublings).min(self.backoff_max);
        let half = full.checked_div(2).unwrap_or_default();
        let share = u32::from(spread(transfer, attempt));
        let jitter =
            half.saturating_mul(share).checked_div(u32::from(u16::MAX)).unwrap_or_default();
        Some(half.saturating_add(jitter))
    }
}

/// An even 16-bit number for each pair: the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
fn spread(transfer: TransferId, attempt: u32) -> u16 {
    let (high, low) = transfer.0.as_u64_pair();
    let mut x = high ^ low.rotate_left(29) ^ u64::from(attempt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let [a, b, ..] = (x ^ (x >> 31)).to_be_bytes();
    u16::from_be_bytes([a, b])
}

//! How often somebody may ask: an allowance that fills at a steady rate and holds a burst.

use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use super::config::Rate;

/// Who has not asked for so long has a full allowance again, and is forgotten.
const FORGET: Duration = Duration::from_mins(1);

/// An allowance for each that asks, by the hash of its name: nothing of it is kept.
pub(super) struct Allowances {
    limiter: Arc<DefaultKeyedRateLimiter<u64>>,
    clock: DefaultClock,
}

impl Allowances {
    /// Also starts the task that forgets; it ends with the allowances.
    pub(super) fn start(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        let limiter = Arc::new(DefaultKeyedRateLimiter::keyed(quota));
        let known = Arc::downgrade(&limiter);
        tokio::spawn(async move {
            let mut pause = tokio::time::interval(FORGET);
            loop {
                pause.tick().await;
                let Some(known) = known.upgrade() else { return };
                known.retain_recent();
                known.shrink_to_fit();
            }
        });
        Self { limiter, clock: DefaultClock::default() }
    }

    /// Takes one from somebody's allowance, or says in how many seconds there will be one.
    pub(super) fn take(&self, who: u64) -> Result<(), u32> {
        self.limiter.check_key(&who).map_err(|empty| {
            let wait = empty.wait_time_from(self.clock.now());
            u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[tokio::test]
    async fn one_that_asks_too_often_takes_nothing_from_another() {
        let rate = Rate { per_second: NonZeroU32::MIN, burst: NonZeroU32::new(3).unwrap() };
        let allowances = Allowances::start(rate);
        assert_eq!([1, 1, 1, 1].map(|who| allowances.take(who).is_ok()), [true, true, true, false]);
        assert_eq!(allowances.take(1), Err(1));
        assert_eq!(allowances.take(2), Ok(()));
    }
}

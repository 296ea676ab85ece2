//! What stands before a provider: its places, and its circuit breaker.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::breaker::{Admission, Breaker, BreakerRules};
use super::config::ProviderConfig;

/// How long a call waits for a place. It holds a place of the worker meanwhile, which calls
/// to another provider may need; so it rather comes back later.
pub(super) const PLACE_WAIT: Duration = Duration::from_millis(250);

/// Guards one provider.
#[derive(Debug)]
pub(super) struct Guard {
    name: String,
    places: Semaphore,
    breaker: Mutex<Breaker>,
}

/// Whether a call may be made.
#[derive(Debug)]
pub(super) enum Entry<'a> {
    /// Yes.
    Pass(Pass<'a>),
    /// All places are taken, and stay so for the moment.
    Busy,
    /// No, for the reason given: the request is not sent.
    Refused(String),
}

/// A place at the provider, until it is dropped.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    guard: &'a Guard,
    admission: Admission,
    _place: SemaphorePermit<'a>,
}

impl Guard {
    pub(super) fn new(config: &ProviderConfig) -> Self {
        let breaker = Breaker::new(BreakerRules::with_pause(config.pause), Instant::now());
        Self {
            name: config.name.clone(),
            places: Semaphore::new(config.concurrency),
            breaker: Mutex::new(breaker),
        }
    }

    pub(super) async fn enter(&self) -> Entry<'_> {
        let Ok(Ok(place)) = tokio::time::timeout(PLACE_WAIT, self.places.acquire()).await else {
            return Entry::Busy;
        };
        // Asked for last: an admission that then waited for a place would be used up for nothing.
        match self.breaker(|breaker| breaker.admit(Instant::now())) {
            Admission::No => {
                Entry::Refused(format!("most calls to {} fail; none is made for now", self.name))
            }
            admission => Entry::Pass(Pass { guard: self, admission, _place: place }),
        }
    }

    fn breaker<R>(&self, work: impl FnOnce(&mut Breaker) -> R) -> R {
        work(&mut self.breaker.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Pass<'_> {
    /// Notes what came of the call, and leaves.
    pub(super) fn done(self, failed: bool) {
        let (opened, closed) = self.guard.breaker(|breaker| {
            let was_closed = breaker.is_closed();
            let opened = breaker.record(Instant::now(), self.admission, failed);
            (opened, !was_closed && breaker.is_closed())
        });
        let name = &self.guard.name;
        if opened {
            tracing::warn!("most calls to {name} fail; it is left alone for a while");
        } else if closed {
            tracing::info!("calls to {name} go well again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_place() -> Guard {
        let config = ProviderConfig::new("payouts", "http://127.0.0.1:1");
        Guard::new(&ProviderConfig { concurrency: 1, ..config })
    }

    #[tokio::test]
    async fn a_call_without_a_place_does_not_wait_for_long() {
        let guard = one_place();
        let Entry::Pass(pass) = guard.enter().await else { panic!("a free place") };
        assert!(matches!(guard.enter().await, Entry::Busy));
        pass.done(false);
        assert!(matches!(guard.enter().await, Entry::Pass(_)));
    }

    #[tokio::test]
    async fn a_provider_that_fails_is_asked_no_more() {
        let guard = one_place();
        for _ in 0..BreakerRules::with_pause(Duration::ZERO).calls_min {
            let Entry::Pass(pass) = guard.enter().await else { panic!("a free place") };
            pass.done(true);
        }
        let Entry::Refused(why) = guard.enter().await else { panic!("an open breaker") };
        assert!(why.contains("payouts"), "{why}");
    }
}

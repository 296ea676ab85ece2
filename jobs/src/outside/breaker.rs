//! A circuit breaker: when most calls fail, it lets none through for a while, so that a
//! provider that is down is not asked in vain and one that struggles is left in peace.
//!
//! ```text
//!              too many of the last calls failed
//!     Closed ------------------------------------> Open
//!       ^                                          |  ^
//!       | enough trials went well     the pause    |  | a trial failed
//!       |                             is over      v  |
//!       +----------------------------------------- HalfOpen
//! ```
//!
//! It knows no clock: the time is an argument.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Parts of the window. It slides by one of them at a time.
const SLICES: u32 = 10;

/// When it opens and closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerRules {
    /// Calls that ended within this time count.
    pub window: Duration,
    /// With fewer calls than this in the window it stays closed: of two calls, one that
    /// fails says nothing.
    pub calls_min: u32,
    /// It opens when this many of a hundred have failed.
    pub failed_percent: u32,
    /// How long it stays open.
    pub pause: Duration,
    /// Trials in a row, one at a time, that must go well before it closes.
    pub trials: u32,
}

impl BreakerRules {
    /// Those of all providers, with the pause of this one.
    pub fn with_pause(pause: Duration) -> Self {
        Self {
            window: Duration::from_secs(10),
            calls_min: 10,
            failed_percent: 50,
            pause,
            trials: 3,
        }
    }
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Yes.
    Yes,
    /// Yes, and what comes of it decides what is next.
    Trial,
    /// No.
    No,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open {
        until: Instant,
    },
    HalfOpen {
        passed: u32,
        /// When the trial under way began; none when there is none.
        trial_since: Option<Instant>,
    },
}

/// Calls that ended in one part of the window.
#[derive(Debug, Clone, Copy)]
struct Slice {
    number: u128,
    ended: u32,
    failed: u32,
}

/// The breaker of one provider.
#[derive(Debug)]
pub struct Breaker {
    rules: BreakerRules,
    began: Instant,
    state: State,
    /// The oldest first.
    slices: VecDeque<Slice>,
}

impl Breaker {
    /// A closed one.
    pub fn new(rules: BreakerRules, now: Instant) -> Self {
        Self { rules, began: now, state: State::Closed, slices: VecDeque::new() }
    }

    /// Whether a call may be made now. Whoever gets [`Admission::Trial`] must
    /// [`record`](Self::record) what came of it; a trial that is not heard of for a whole
    /// pause counts as lost, and another one is admitted.
    pub fn admit(&mut self, now: Instant) -> Admission {
        if let State::Open { until } = self.state {
            if now < until {
                return Admission::No;
            }
            self.state = State::HalfOpen { passed: 0, trial_since: None };
        }
        match &mut self.state {
            State::HalfOpen { trial_since, .. } => {
                let fresh = |since: Instant| now.duration_since(since) < self.rules.pause;
                if trial_since.is_some_and(fresh) {
                    return Admission::No;
                }
                *trial_since = Some(now);
                Admission::Trial
            }
            State::Closed | State::Open { .. } => Admission::Yes,
        }
    }

    /// Notes what came of a call that was admitted. Returns whether the breaker opened by it.
    ///
    /// Calls that were admitted before it opened say nothing new when they end after it.
    pub fn record(&mut self, now: Instant, admission: Admission, failed: bool) -> bool {
        match (self.state, admission) {
            (State::Closed, Admission::Yes) => {
                self.count(now, failed);
                if self.too_many_failed() {
                    self.open(now);
                    return true;
                }
                false
            }
            (State::HalfOpen { .. }, Admission::Trial) if failed => {
                self.open(now);
                true
            }
            (State::HalfOpen { passed, .. }, Admission::Trial) => {
                let passed = passed + 1;
                self.state = if passed >= self.rules.trials {
                    State::Closed
                } else {
                    State::HalfOpen { passed, trial_since: None }
                };
                false
            }
            _ => false,
        }
    }

    /// Whether calls are let through without limit.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    fn open(&mut self, now: Instant) {
        self.state = State::Open { until: now + self.rules.pause };
        self.slices.clear();
    }

    fn count(&mut self, now: Instant, failed: bool) {
        let length = (self.rules.window / SLICES).as_nanos().max(1);
        let number = now.duration_since(self.began).as_nanos() / length;
        while self.slices.front().is_some_and(|old| old.number + u128::from(SLICES) <= number) {
            self.slices.pop_front();
        }
        if self.slices.back().is_none_or(|last| last.number < number) {
            self.slices.push_back(Slice { number, ended: 0, failed: 0 });
        }
        if let Some(last) = self.slices.back_mut() {
            last.ended = last.ended.saturating_add(1);
            last.failed = last.failed.saturating_add(u32::from(failed));
        }
    }

    fn too_many_failed(&self) -> bool {
        let ended: u64 = self.slices.iter().map(|slice| u64::from(slice.ended)).sum();
        let failed: u64 = self.slices.iter().map(|slice| u64::from(slice.failed)).sum();
        ended >= u64::from(self.rules.calls_min)
            && failed * 100 >= ended * u64::from(self.rules.failed_percent)
    }
}

#[cfg(test)]
mod tests;

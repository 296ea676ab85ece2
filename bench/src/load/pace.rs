use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

/// Hands out the instants at which requests are due, at an even rate.
///
/// Who takes an instant waits for it. When all clients are busy it is taken late, and the latency, which counts from
/// the instant, shows it.
pub(super) struct Pace {
    began: Instant,
    per_second: u32,
    taken: Cell<u64>,
}

impl Pace {
    pub(super) fn new(began: Instant, per_second: u32) -> Self {
        Self { began, per_second, taken: Cell::new(0) }
    }

    /// When the next request is due; none when no requests are.
    pub(super) fn next(&self) -> Option<Instant> {
        let number = self.taken.get();
        self.taken.set(number + 1);
        let nanos = u128::from(number) * 1_000_000_000 / u128::from(self.per_second.max(1));
        let due = self.began.checked_add(Duration::from_nanos(u64::try_from(nanos).ok()?));
        due.filter(|_| self.per_second > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_at_an_even_rate_however_late_they_are_taken() {
        let began = Instant::now();
        let pace = Pace::new(began, 5_000);
        let due: Vec<u128> =
            (0..5_001).filter_map(|_| pace.next()).map(|at| (at - began).as_micros()).collect();
        assert_eq!(due.get(..3), Some(&[0, 200, 400][..]));
        assert_eq!(due.last(), Some(&1_000_000));
    }

    #[test]
    fn without_a_rate_nothing_is_due() {
        assert_eq!(Pace::new(Instant::now(), 0).next(), None);
    }
}

use super::*;

const RULES: BreakerRules = BreakerRules {
    window: Duration::from_secs(10),
    calls_min: 4,
    failed_percent: 50,
    pause: Duration::from_secs(5),
    trials: 2,
};

/// A breaker and a clock that only moves when told to.
struct Bench {
    breaker: Breaker,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let now = Instant::now();
        Self { breaker: Breaker::new(RULES, now), now }
    }

    /// Makes a call that is let through and ends at once; tells whether it opened the breaker.
    fn call(&mut self, failed: bool) -> bool {
        let admission = self.breaker.admit(self.now);
        assert_ne!(admission, Admission::No);
        self.breaker.record(self.now, admission, failed)
    }

    fn pass(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
    }

    fn opened() -> Self {
        let mut bench = Self::new();
        assert!(!(0..3).any(|_| bench.call(true)));
        assert!(bench.call(true), "the fourth failure is enough");
        bench
    }
}

#[test]
fn it_opens_when_half_of_enough_calls_have_failed() {
    let mut bench = Bench::new();
    assert!(!bench.call(true) && !bench.call(true) && !bench.call(true), "three are too few");
    assert!(bench.call(false), "three of four failed");
    let mut bench = Bench::new();
    for _ in 0..30 {
        assert!(!bench.call(false) && !bench.call(false) && !bench.call(true), "a third");
    }
    assert!(bench.breaker.is_closed());
}

#[test]
fn what_lies_behind_the_window_does_not_count() {
    let mut bench = Bench::new();
    assert!(!(0..3).any(|_| bench.call(true)));
    bench.pass(10_000);
    assert!(!bench.call(true), "the first three are forgotten");
    bench.pass(9_000);
    assert!(!bench.call(true) && !bench.call(true));
    assert!(bench.call(true), "the one of nine seconds ago is not");
}

#[test]
fn while_it_is_open_nothing_goes_through() {
    let mut bench = Bench::opened();
    for _ in 0..50 {
        assert_eq!(bench.breaker.admit(bench.now), Admission::No);
        bench.pass(99);
    }
    bench.pass(50);
    assert_eq!(bench.breaker.admit(bench.now), Admission::Trial);
}

#[test]
fn trials_go_one_at_a_time_and_close_it_when_they_go_well() {
    let mut bench = Bench::opened();
    bench.pass(5_000);
    for _ in 0..2 {
        assert!(!bench.breaker.is_closed());
        assert_eq!(bench.breaker.admit(bench.now), Admission::Trial);
        assert_eq!(bench.breaker.admit(bench.now), Admission::No, "one is under way");
        assert!(!bench.breaker.record(bench.now, Admission::Trial, false));
    }
    assert!(bench.breaker.is_closed());
    assert!(!(0..3).any(|_| bench.call(true)), "it begins with a clean window");
}

#[test]
fn a_trial_that_fails_opens_it_for_another_pause() {
    let mut bench = Bench::opened();
    bench.pass(5_000);
    assert!(bench.call(true));
    bench.pass(4_999);
    assert_eq!(bench.breaker.admit(bench.now), Admission::No);
    bench.pass(1);
    assert_eq!(bench.breaker.admit(bench.now), Admission::Trial);
}

#[test]
fn a_trial_that_is_never_heard_of_does_not_keep_it_open() {
    let mut bench = Bench::opened();
    bench.pass(5_000);
    assert_eq!(bench.breaker.admit(bench.now), Admission::Trial);
    bench.pass(4_999);
    assert_eq!(bench.breaker.admit(bench.now), Admission::No);
    bench.pass(1);
    assert_eq!(bench.breaker.admit(bench.now), Admission::Trial);
}

#[test]
fn calls_from_before_it_opened_change_nothing_afterwards() {
    let mut bench = Bench::opened();
    assert!(!bench.breaker.record(bench.now, Admission::Yes, true));
    bench.pass(5_000);
    assert_eq!(bench.breaker.admit(bench.now), Admission::Trial);
    assert!(!bench.breaker.record(bench.now, Admission::Yes, true), "no trial");
    assert!(!bench.breaker.record(bench.now, Admission::Trial, false));
    assert_eq!(bench.breaker.admit(bench.now), Admission::Trial, "still half open");
}

//! When to sample: while somebody asks, and for a twentieth of the time at most.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// After a sample there is a rest of so many times as long as it took.
const REST: u32 = 19;

/// How often to sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// From the begin of a sample to the next, or a multiple of it after one that took long.
    pub every: Duration,
    /// How long a question keeps the samples coming.
    pub asked_for: Duration,
    /// Whether a single one that took long needs no rest: the first one on a new connection does.
    pub forgives_one: bool,
}

/// Questions that came without a long pause between them.
#[derive(Debug, Clone, Copy)]
struct Watch {
    began: Instant,
    last: Instant,
}

/// When somebody asked last.
#[derive(Debug, Default)]
pub(super) struct Asked(watch::Sender<Option<Watch>>);

impl Asked {
    /// Somebody asks now. Returns since when questions have come with no pause of `patience`.
    pub(super) fn ask(&self, patience: Duration) -> Instant {
        let now = Instant::now();
        let mut began = now;
        self.0.send_modify(|watch| {
            if let Some(watch) = watch
                && watch.last.elapsed() < patience
            {
                began = watch.began;
            }
            *watch = Some(Watch { began, last: now });
        });
        began
    }

    /// Returns once somebody has asked within the last `patience`: whether it had to wait.
    async fn within(&self, patience: Duration) -> bool {
        let lately = |watch: &Option<Watch>| watch.is_some_and(|one| one.last.elapsed() < patience);
        if lately(&self.0.borrow()) {
            return false;
        }
        // Fails only when there is no sender any more, and that is this.
        let _ = self.0.subscribe().wait_for(lately).await;
        true
    }
}

/// Takes samples of one part.
pub(super) trait Sampler: Send {
    /// Takes one. `due` is when this was to begin: samples in a row are whole intervals apart.
    fn sample(&mut self, due: Instant) -> impl Future<Output = ()> + Send;
}

/// Takes samples at this pace until it is aborted.
pub(super) async fn run(asked: Arc<Asked>, pace: Pace, mut sampler: impl Sampler) {
    let mut due = Instant::now();
    let mut last = Duration::ZERO;
    loop {
        sleep_until(due).await;
        let waited = asked.within(pace.asked_for).await;
        let began = Instant::now();
        if waited {
            due = began;
        }
        sampler.sample(due).await;
        let took = began.elapsed();
        let counted = if pace.forgives_one { took.min(last) } else { took };
        due = after(due, pace.every, began + took + counted * REST);
        last = took;
    }
}

/// The first whole interval after `due` that is not before `rested`.
fn after(due: Instant, every: Duration, rested: Instant) -> Instant {
    let behind = rested.saturating_duration_since(due + every);
    let skipped = behind.as_nanos().div_ceil(every.as_nanos().max(1));
    due + every * u32::try_from(skipped).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const EVERY: Duration = Duration::from_millis(20);
    const PACE: Pace =
        Pace { every: EVERY, asked_for: Duration::from_millis(200), forgives_one: true };

    struct Counter(Arc<AtomicU32>);

    impl Sampler for Counter {
        async fn sample(&mut self, _: Instant) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn it_samples_for_all_who_ask_together_and_not_when_nobody_does() {
        let (asked, count) = (Arc::new(Asked::default()), Arc::new(AtomicU32::new(0)));
        let samples = || count.load(Ordering::Relaxed);
        let task = tokio::spawn(run(asked.clone(), PACE, Counter(count.clone())));
        tokio::time::sleep(EVERY * 3).await;
        assert_eq!(samples(), 0, "nobody has asked");

        let began = Instant::now();
        while samples() < 5 {
            // Many at once, again and again.
            (0..100).for_each(|_| _ = asked.ask(PACE.asked_for));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let made = samples();
        let intervals = began.elapsed().as_millis() / EVERY.as_millis();
        assert!(u128::from(made) <= intervals + 1, "{made} samples in {intervals} intervals");

        tokio::time::sleep(PACE.asked_for + EVERY * 2).await;
        let then = samples();
        tokio::time::sleep(EVERY * 5).await;
        assert_eq!(samples(), then, "nobody asks any more");
        asked.ask(PACE.asked_for);
        while samples() == then {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        task.abort();
    }

    #[test]
    fn a_watch_begins_anew_after_a_pause() {
        let (asked, long) = (Asked::default(), Duration::from_hours(1));
        let began = asked.ask(long);
        assert_eq!(asked.ask(long), began);
        let again = asked.ask(Duration::ZERO);
        assert!(again > began);
        assert_eq!(asked.ask(long), again);
    }

    #[test]
    fn samples_are_whole_intervals_apart() {
        let (due, every) = (Instant::now(), Duration::from_secs(1));
        let next = |rested_ms| {
            let rested = due + Duration::from_millis(rested_ms);
            (after(due, every, rested) - due).as_millis()
        };
        assert_eq!([0, 999, 1_000, 1_001, 20_000].map(next), [1_000, 1_000, 1_000, 2_000, 20_000]);
    }

    /// Takes as long as an interval, and notes when it began.
    struct Slow(Arc<Mutex<Vec<Instant>>>);

    impl Sampler for Slow {
        async fn sample(&mut self, _: Instant) {
            self.0.lock().unwrap().push(Instant::now());
            tokio::time::sleep(EVERY).await;
        }
    }

    #[tokio::test]
    async fn what_takes_long_is_sampled_less_often_but_once_is_forgiven() {
        for (forgives_one, short) in [(true, 1), (false, 0)] {
            let (asked, began) = (Arc::new(Asked::default()), Arc::new(Mutex::new(Vec::new())));
            let pace = Pace { forgives_one, asked_for: Duration::from_mins(1), ..PACE };
            asked.ask(pace.asked_for);
            let task = tokio::spawn(run(asked, pace, Slow(began.clone())));
            while began.lock().unwrap().len() < 3 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            task.abort();
            let began = began.lock().unwrap().clone();
            let long = began.windows(2).filter(|two| two[1] - two[0] >= EVERY * REST).count();
            assert_eq!(long, 2 - short, "{began:?}");
        }
    }
}

use super::*;

fn point(second: u64) -> Point {
    let rates = TransferCounts { accepted: second, ..TransferCounts::default() };
    let (p50_ms, p99_ms) = (None, None);
    let at = DateTime::UNIX_EPOCH;
    let (runnable, retrying, parked, ready_jobs, outbox) = (1, 2, 3, 4, 5);
    Point { second, at, rates, p50_ms, p99_ms, runnable, retrying, parked, ready_jobs, outbox }
}

fn stretch(read_at: Instant, accepted: u64) -> Stretch {
    let counts = TransferCounts { accepted, ..TransferCounts::default() };
    Stretch { read_at, length_ms: 1_000, counts, latencies: Latencies::of(&[accepted]) }
}

#[test]
fn seconds_that_nobody_measured_are_null() {
    let mut history = History::default();
    assert_eq!(history.view(3).accepted, [None; 3]);
    let now = Instant::now();
    for second in [7, 8, 8, 10] {
        history.add(point(second), stretch(now, 1));
    }
    assert_eq!(history.view(5).accepted, [None, Some(7), Some(8), None, Some(10)]);
    assert_eq!(history.view(1).outbox, [Some(5)]);
    let view = history.view(20);
    assert_eq!((view.p50_ms.len(), view.accepted.iter().flatten().count()), (20, 3));
    assert_eq!(view.newest_at, Some(DateTime::UNIX_EPOCH));
}

#[test]
fn ten_minutes_are_kept() {
    let mut history = History::default();
    let now = Instant::now();
    for second in 0..1_000 {
        history.add(point(second), stretch(now, 1));
    }
    let kept = history.view(POINTS_MAX).accepted;
    assert_eq!((kept.first(), kept.last()), (Some(&Some(400)), Some(&Some(999))));
    assert_eq!((kept.len(), history.points.len()), (600, 600));
}

#[test]
fn what_is_older_than_a_minute_counts_no_more() {
    let mut history = History::default();
    let start = Instant::now();
    for second in 0..100 {
        history.add(point(second), stretch(start + Duration::from_secs(second), second));
    }
    let (rates, latency) = history.last_minute();
    assert_eq!(rates.per_second.accepted, 99);
    assert_eq!(
        (rates.last_minute.accepted, rates.last_minute_seconds),
        ((40..100_u64).sum::<u64>(), 60)
    );
    assert_eq!((latency.p50_ms, latency.count), (Some(69), 60));
}

#[test]
fn a_long_stretch_is_counted_per_second() {
    let counts = TransferCounts { accepted: 10, settled: 3, ..TransferCounts::default() };
    let (read_at, latencies) = (Instant::now(), Latencies::default());
    let rates = Stretch { read_at, length_ms: 4_000, counts, latencies }.per_second();
    assert_eq!((rates.accepted, rates.settled), (3, 1), "2.5 and 0.75");
}

//! The last ten minutes, a point a second, and the sums of the last minute.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use wire::{History as View, Latency, Rates, TransferCounts};

use super::latency::Latencies;

/// Seconds that are kept.
pub(crate) const POINTS_MAX: u64 = 600;
/// Of which rates and percentiles are.
const MINUTE: Duration = Duration::from_mins(1);

/// What happened in one stretch of time.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    /// When it was read.
    pub read_at: Instant,
    /// How long it was, in milliseconds; never 0.
    pub length_ms: u64,
    /// What happened in it.
    pub counts: TransferCounts,
    /// From accepted to settled, of those that settled in it.
    pub latencies: Latencies,
}

/// One second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    /// Number of the second since the process started.
    pub second: u64,
    /// When it was measured.
    pub at: DateTime<Utc>,
    pub rates: TransferCounts,
    pub p50_ms: Option<u64>,
    pub p99_ms: Option<u64>,
    pub runnable: u64,
    pub retrying: u64,
    pub parked: u64,
    pub ready_jobs: u64,
    pub outbox: u64,
}

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct History {
    points: VecDeque<Point>,
    minute: VecDeque<Stretch>,
}

impl Stretch {
    /// Its counts per second, rounded.
    pub(super) fn per_second(&self) -> TransferCounts {
        let TransferCounts { accepted, settled, rejected, failed, stuck } = self.counts;
        let rate = |count: u64| (count * 1_000 + self.length_ms / 2) / self.length_ms.max(1);
        TransferCounts {
            accepted: rate(accepted),
            settled: rate(settled),
            rejected: rate(rejected),
            failed: rate(failed),
            stuck: rate(stuck),
        }
    }
}

impl History {
    /// Adds a second and forgets what is too old. A second that is there already is replaced.
    pub(super) fn add(&mut self, point: Point, stretch: Stretch) {
        self.points
            .retain(|one| one.second < point.second && point.second - one.second < POINTS_MAX);
        self.points.push_back(point);
        self.minute.retain(|one| stretch.read_at.duration_since(one.read_at) < MINUTE);
        self.minute.push_back(stretch);
    }

    /// The sums of the last minute.
    pub(super) fn last_minute(&self) -> (Rates, Latency) {
        let (mut sum, mut length_ms) = (TransferCounts::default(), 0);
        let mut latencies = Latencies::default();
        for stretch in &self.minute {
            let counts = stretch.counts;
            sum.accepted += counts.accepted;
            sum.settled += counts.settled;
            sum.rejected += counts.rejected;
            sum.failed += counts.failed;
            sum.stuck += counts.stuck;
            length_ms += stretch.length_ms;
            latencies.add(&stretch.latencies);
        }
        let rates = Rates {
            per_second: self.minute.back().map(Stretch::per_second).unwrap_or_default(),
            last_minute: sum,
            last_minute_seconds: u32::try_from((length_ms + 500) / 1_000).unwrap_or(u32::MAX),
        };
        let latency = Latency {
            p50_ms: latencies.percentile(50),
            p99_ms: latencies.percentile(99),
            count: latencies.count(),
        };
        (rates, latency)
    }

    /// The last `count` seconds, the oldest first.
    pub(super) fn view(&self, count: u64) -> View {
        let newest = self.points.back();
        let seconds: Vec<Option<&Point>> = (0..count)
            .rev()
            .map(|back| {
                let second = newest?.second.checked_sub(back)?;
                let place = self.points.binary_search_by_key(&second, |one| one.second).ok()?;
                self.points.get(place)
            })
            .collect();
        let column = |read: fn(&Point) -> Option<u64>| -> Vec<Option<u64>> {
            seconds.iter().map(|point| point.and_then(read)).collect()
        };
        View {
            newest_at: newest.map(|point| point.at),
            accepted: column(|point| Some(point.rates.accepted)),
            settled: column(|point| Some(point.rates.settled)),
            rejected: column(|point| Some(point.rates.rejected)),
            failed: column(|point| Some(point.rates.failed)),
            stuck: column(|point| Some(point.rates.stuck)),
            p50_ms: column(|point| point.p50_ms),
            p99_ms: column(|point| point.p99_ms),
            runnable: column(|point| Some(point.runnable)),
            retrying: column(|point| Some(point.retrying)),
            parked: column(|point| Some(point.parked)),
            ready_jobs: column(|point| Some(point.ready_jobs)),
            outbox: column(|point| Some(point.outbox)),
        }
    }
}

#[cfg(test)]
mod tests;

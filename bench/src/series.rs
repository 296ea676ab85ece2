//! What happened in each second of a run.

use crate::histogram::Histogram;

/// One second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Second {
    /// Its number from 1, warm-up included.
    pub(crate) number: u64,
    /// Whether it belongs to the measurement, not to the warm-up.
    pub(crate) measured: bool,
    /// Transfers answered with 202.
    pub(crate) accepted: u64,
    /// Latencies of these answers in ms: half were faster, and 99 of 100.
    pub(crate) answer_ms: [f64; 2],
    /// Transfers settled, by the clock of the database.
    pub(crate) settled: u64,
    /// From acceptance to settlement in ms, of those that settled: half were faster, and 99 of 100.
    pub(crate) settle_ms: [f64; 2],
    /// Transfers that were not at their end when it ended.
    pub(crate) open: i64,
    /// How far the queues were behind; none without relay.
    pub(crate) events: Option<EventsSecond>,
    /// What everything had grown to at its end.
    pub(crate) size: Size,
}

/// What must not grow while the load stays the same.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Size {
    /// Resident memory in MB.
    pub(crate) postgres_mb: f64,
    /// Of all API processes.
    pub(crate) api_mb: f64,
    /// Of all worker processes.
    pub(crate) jobs_mb: f64,
    /// Row versions that nobody can see any more and no vacuum has taken away, in all tables.
    pub(crate) dead_rows: f64,
}

/// Events at the end of a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct EventsSecond {
    /// Still to be sent.
    pub(crate) outbox: i64,
    /// Age of the oldest of them in seconds.
    pub(crate) lag_s: f64,
    /// Written by the audit consumer so far.
    pub(crate) audited: i64,
    /// Of transfers that are at their end, and not written by the audit consumer yet.
    pub(crate) behind: i64,
    /// Of the same, not counted by the consumer of the business figures yet.
    pub(crate) uncounted: i64,
}

/// The median and the 99th percentile, in ms.
pub(crate) fn median_and_p99(histogram: &Histogram) -> [f64; 2] {
    [0.5, 0.99].map(|share| ms(histogram.quantile(share)))
}

/// Microseconds as milliseconds.
pub(crate) fn ms(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

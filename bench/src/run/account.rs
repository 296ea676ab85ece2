//! Turns what was measured into figures, and compares what clients were told with what the database holds.

use std::collections::BTreeMap;

use super::growth;
use crate::baseline::Baseline;
use crate::figures::Figures;
use crate::histogram::Histogram;
use crate::load::Tally;
use crate::measure::{MemoryUse, Snapshot};
use crate::outcome::Settled;
use crate::series::{EventsSecond, Second, ms};

/// Everything that a run has measured.
pub(super) struct Measured<'a> {
    pub(super) settled: Settled,
    pub(super) from: Snapshot,
    pub(super) until: Snapshot,
    pub(super) tally: &'a Tally,
    pub(super) statuses: &'a BTreeMap<String, i64>,
    pub(super) seconds: &'a [Second],
    pub(super) memory_at_start: MemoryUse,
    pub(super) memory: MemoryUse,
    /// Seconds from the last request to the last transfer's end.
    pub(super) drain: f64,
    /// Seconds from then to the last event at both consumers.
    pub(super) audited: Option<f64>,
    pub(super) complaints: usize,
    pub(super) ledger_seconds: f64,
    pub(super) database_mb: f64,
    pub(super) baseline: Option<Baseline>,
}

/// Quantiles that are shown, the longest apart.
const SHARES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

type Names = [(&'static str, &'static str); 5];

const ANSWER: Names = [
    ("answer_p50_ms", "202 p50, ms"),
    ("answer_p90_ms", "202 p90, ms"),
    ("answer_p99_ms", "202 p99, ms"),
    ("answer_p999_ms", "202 p99.9, ms"),
    ("answer_max_ms", "202 longest, ms"),
];
const SETTLE: Names = [
    ("settle_p50_ms", "accepted to settled p50, ms"),
    ("settle_p90_ms", "accepted to settled p90, ms"),
    ("settle_p99_ms", "accepted to settled p99, ms"),
    ("settle_p999_ms", "accepted to settled p99.9, ms"),
    ("settle_max_ms", "accepted to settled longest, ms"),
];
const OUTCOME: Names = [
    ("outcome_p50_ms", "request to outcome p50, ms"),
    ("outcome_p90_ms", "request to outcome p90, ms"),
    ("outcome_p99_ms", "request to outcome p99, ms"),
    ("outcome_p999_ms", "request to outcome p99.9, ms"),
    ("outcome_max_ms", "request to outcome longest, ms"),
];
const READ: Names = [
    ("read_p50_ms", "read p50, ms"),
    ("read_p90_ms", "read p90, ms"),
    ("read_p99_ms", "read p99, ms"),
    ("read_p999_ms", "read p99.9, ms"),
    ("read_max_ms", "read longest, ms"),
];

/// What waits at one place on the way: at the begin of the measurement, at its end, and at most.
type Lag = ([(&'static str, &'static str); 3], fn(EventsSecond) -> i64);

const LAGS: [Lag; 3] = [
    (
        [
            ("outbox_begin", "outbox rows at begin"),
            ("outbox_end", "outbox rows at end"),
            ("outbox_max", "outbox rows at most"),
        ],
        |events| events.outbox,
    ),
    (
        [
            ("behind_begin", "audit behind at begin, events"),
            ("behind_end", "audit behind at end"),
            ("behind_max", "audit behind at most"),
        ],
        |events| events.behind,
    ),
    (
        [
            ("uncounted_begin", "figures behind at begin, events"),
            ("uncounted_end", "figures behind at end"),
            ("uncounted_max", "figures behind at most"),
        ],
        |events| events.uncounted,
    ),
];

impl Measured<'_> {
    /// All figures, in the order of the table.
    pub(super) fn figures(&self) -> Figures {
        let mut figures = Figures::default();
        self.rates(&mut figures);
        latencies(&mut figures, ANSWER, &self.tally.transfers.measured);
        for ((key, label), value) in SETTLE.into_iter().zip(self.settled.latency_ms) {
            figures.push(key, label, 1, value);
        }
        latencies(&mut figures, OUTCOME, &self.tally.probes.measured);
        if self.tally.reads.measured.count() > 0 {
            let rate = self.tally.reads.measured.count() as f64 / self.elapsed();
            figures.push("reads_per_s", "reads/s", 0, rate);
            latencies(&mut figures, READ, &self.tally.reads.measured);
        }
        self.events(&mut figures);
        self.cpu(&mut figures);
        self.memory(&mut figures);
        growth::figures(self.seconds, &mut figures);
        self.counts(&mut figures);
        figures
    }

    fn elapsed(&self) -> f64 {
        (self.until.at - self.from.at).as_secs_f64()
    }

    fn rates(&self, figures: &mut Figures) {
        let per_second = self.settled.count / self.elapsed();
        figures.push("settled_per_s", "settled/s", 0, per_second);
        let accepted = self.tally.transfers.measured.count() + self.tally.probes.measured.count();
        figures.push("accepted_per_s", "accepted/s", 0, accepted as f64 / self.elapsed());
        let open = |second: Option<&Second>| second.map_or(0, |second| second.open) as f64;
        let warm = self.seconds.iter().rfind(|second| !second.measured);
        figures.push("open_begin", "open at begin of measurement", 0, open(warm));
        figures.push("open_end", "open at its end", 0, open(self.seconds.last()));
        let Some(Baseline { naive, one_call }) = self.baseline else { return };
        let ratio = |other: f64| if other > 0.0 { per_second / other } else { 0.0 };
        figures.push("ratio_naive", "times naive SQL", 2, ratio(naive.per_second));
        figures.push("ratio_one_call", "times one-call SQL", 2, ratio(one_call.per_second));
        figures.push("naive_per_s", "naive SQL/s", 0, naive.per_second);
        figures.push("naive_clients", "naive SQL, clients", 0, naive.clients.into());
        figures.push("naive_ms", "naive SQL, mean ms", 1, naive.latency_ms);
        figures.push("naive_postgres_us", "naive SQL, PostgreSQL us", 0, naive.postgres_us);
        figures.push("naive_client_us", "naive SQL, pgbench us", 0, naive.client_us);
        figures.push("naive_others", "naive SQL, cores of others", 2, naive.cores_others);
        figures.push("one_call_per_s", "one-call SQL/s", 0, one_call.per_second);
        figures.push("one_call_clients", "one-call SQL, clients", 0, one_call.clients.into());
        figures.push("one_call_ms", "one-call SQL, mean ms", 1, one_call.latency_ms);
        figures.push(
            "one_call_postgres_us",
            "one-call SQL, PostgreSQL us",
            0,
            one_call.postgres_us,
        );
        figures.push("one_call_client_us", "one-call SQL, pgbench us", 0, one_call.client_us);
        figures.push("one_call_others", "one-call SQL, cores of others", 2, one_call.cores_others);
    }

    fn events(&self, figures: &mut Figures) {
        let measured = || self.seconds.iter().filter(|second| second.measured);
        let events = || measured().filter_map(|second| second.events);
        let (Some(first), Some(last), Some(audited)) =
            (events().next(), events().next_back(), self.audited)
        else {
            return;
        };
        let seconds = (events().count() as f64 - 1.0).max(1.0);
        let rate = (last.audited - first.audited) as f64 / seconds;
        figures.push("events_per_s", "events audited/s", 0, rate);
        let warm = self.seconds.iter().rfind(|second| !second.measured);
        let begin = warm.and_then(|second| second.events).unwrap_or(first);
        for ([at_begin, at_end, most], of) in LAGS {
            let highest = events().map(of).max().unwrap_or(0);
            figures.push(at_begin.0, at_begin.1, 0, of(begin) as f64);
            figures.push(at_end.0, at_end.1, 0, of(last) as f64);
            figures.push(most.0, most.1, 0, highest as f64);
        }
        let lag = events().map(|event| event.lag_s).fold(0.0, f64::max);
        figures.push("lag_max_s", "outbox, oldest s", 1, lag);
        figures.push("events_drain_s", "last event audited after s", 1, audited);
        let load_seconds = self.seconds.len() as f64 + audited;
        let all: i64 = self.statuses.values().sum();
        figures.push("events_all_per_s", "events/s, to the last one", 0, all as f64 / load_seconds);
    }

    /// Per settled transfer: all CPU is divided by the same number, so that the parts add up.
    fn cpu(&self, figures: &mut Figures) {
        let used = self.until.used.since(&self.from.used);
        let each = |micros: u64| micros as f64 / self.settled.count.max(1.0);
        figures.push("postgres_us", "CPU PostgreSQL, us", 1, each(used.postgres));
        figures.push("api_us", "CPU API, us", 1, each(used.api));
        figures.push("jobs_us", "CPU workers, us", 1, each(used.jobs));
        if used.sqs > 0 {
            figures.push("sqs_us", "CPU SQS endpoint, us", 1, each(used.sqs));
        }
        figures.push("bench_us", "CPU load generator, us", 1, each(used.bench));
        figures.push("total_us", "CPU of all these, us", 1, each(used.ours()));
        let cores = |micros: u64| micros as f64 / 1e6 / self.elapsed();
        figures.push("cores_used", "cores used by these", 2, cores(used.ours()));
        figures.push("cores_others", "cores used by others", 2, cores(used.others()));
        figures.push("cores_stolen", "cores taken by the host", 2, cores(used.stolen));
        let log = self.until.log_position - self.from.log_position;
        figures.push("wal_bytes", "log bytes a transfer", 0, log / self.settled.count.max(1.0));
    }

    fn memory(&self, figures: &mut Figures) {
        let (start, now) = (&self.memory_at_start, &self.memory);
        figures.push("postgres_mb_start", "PostgreSQL MB at start", 0, start.postgres.now);
        figures.push("postgres_mb_end", "PostgreSQL MB at end", 0, now.postgres.now);
        figures.push("postgres_mb_peak", "PostgreSQL MB at most", 0, now.postgres.peak);
        figures.push("api_mb_start", "API MB at start", 0, start.api.now);
        figures.push("api_mb_end", "API MB at end", 0, now.api.now);
        figures.push("api_mb_peak", "API MB at most", 0, now.api.peak);
        figures.push("jobs_mb_start", "workers MB at start", 0, start.jobs.now);
        figures.push("jobs_mb_end", "workers MB at end", 0, now.jobs.now);
        figures.push("jobs_mb_peak", "workers MB at most", 0, now.jobs.peak);
        figures.push("bench_mb_peak", "load generator MB at most", 0, now.bench.peak);
        figures.push("database_mb", "database MB at end", 0, self.database_mb);
    }

    fn counts(&self, figures: &mut Figures) {
        let status = |name: &str| self.statuses.get(name).copied().unwrap_or(0) as f64;
        figures.push("accepted", "accepted, all", 0, self.tally.accepted() as f64);
        figures.push("settled", "settled, all", 0, status("settled"));
        figures.push("rejected", "rejected, all", 0, status("rejected"));
        let channels = [&self.tally.transfers, &self.tally.probes, &self.tally.reads];
        let unavailable: u64 = channels.iter().map(|channel| channel.count(503)).sum();
        let broken: u64 = channels.iter().map(|channel| channel.broken).sum();
        let others = channels.iter().flat_map(|channel| &channel.statuses);
        let others: u64 = others
            .filter(|(status, _)| !matches!(**status, 200 | 202 | 503))
            .map(|(_, count)| count)
            .sum();
        figures.push("answers_503", "answers 503", 0, unavailable as f64);
        figures.push("answers_other", "other errors", 0, others as f64);
        figures.push("answers_none", "no answer", 0, broken as f64);
        figures.push("complaints", "warnings logged", 0, self.complaints as f64);
        figures.push("drain_s", "last transfer final after s", 1, self.drain);
        figures.push("ledger_check_s", "full ledger check, s", 1, self.ledger_seconds);
    }
}

fn latencies(figures: &mut Figures, names: Names, histogram: &Histogram) {
    if histogram.count() == 0 {
        return;
    }
    let values = SHARES.map(|share| histogram.quantile(share)).into_iter().chain([histogram.max()]);
    for ((key, label), micros) in names.into_iter().zip(values) {
        figures.push(key, label, 1, ms(micros));
    }
}

/// What does not fit: transfers that were accepted and are not there, or came to no end, or were never asked for.
pub(super) fn mismatches(tally: &Tally, statuses: &BTreeMap<String, i64>) -> Vec<String> {
    let mut problems = Vec::new();
    let accepted = tally.accepted() as i64;
    let there: i64 = statuses.values().sum();
    // A request without an answer, or with 503, may have been written down all the same.
    let unknown: u64 = [&tally.transfers, &tally.probes]
        .iter()
        .map(|channel| channel.broken + channel.count(503))
        .sum();
    if there < accepted || there > accepted + unknown as i64 {
        problems.push(format!(
            "clients were told of {accepted} transfers, {unknown} fates are unknown, and {there} are there"
        ));
    }
    let open: i64 = statuses
        .iter()
        .filter(|(status, _)| !matches!(status.as_str(), "settled" | "rejected"))
        .map(|(_, count)| count)
        .sum();
    if open > 0 {
        problems.push(format!("{open} transfers are neither settled nor rejected"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(accepted: u64, unavailable: u64) -> Tally {
        let mut tally = Tally::default();
        tally.transfers.statuses = BTreeMap::from([(202, accepted), (503, unavailable)]);
        tally
    }

    fn there(settled: i64, stuck: i64) -> BTreeMap<String, i64> {
        BTreeMap::from([("settled".to_owned(), settled), ("stuck".to_owned(), stuck)])
    }

    #[test]
    fn what_was_accepted_must_be_there_and_at_its_end() {
        assert_eq!(mismatches(&told(10, 0), &there(10, 0)), [""; 0]);
        // Written down, but answered with 503.
        assert_eq!(mismatches(&told(10, 2), &there(12, 0)), [""; 0]);
        for (tally, statuses) in
            [(told(10, 0), there(9, 0)), (told(10, 0), there(11, 0)), (told(10, 0), there(9, 1))]
        {
            assert_eq!(mismatches(&tally, &statuses).len(), 1, "{statuses:?}");
        }
    }
}

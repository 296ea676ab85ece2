//! Spans of what a committed group did, for those of its transfers whose traces are recorded.
//!
//! ```text
//! job wallet-saga        from the worker's hands to the commit
//!   lock                 the open row and the wallets
//!   step place_hold      judged in memory: all steps share these moments
//!   step screen
//!   step post_entry
//!   commit               what was decided is written and durable
//! ```

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use domain::group::{LogLine, Progress};
use domain::ids::TransferId;
use domain::job::SAGA_QUEUE;
use domain::trace::TraceParent;
use store::lane::{GroupReport, GroupTimes, Outcome};
use telemetry::traces::{self, Kind};

use super::tell::outcome_of;

/// When the jobs in hand were taken. Empty without a collector.
#[derive(Default)]
pub(super) struct Jobs(HashMap<TransferId, SystemTime>);

impl Jobs {
    /// Forgets the jobs before.
    pub(super) fn begin(&mut self) {
        self.0.clear();
    }

    /// A job with these was taken.
    pub(super) fn took(&mut self, ids: &[TransferId], at: SystemTime) {
        if traces::is_on() {
            self.0.extend(ids.iter().map(|&id| (id, at)));
        }
    }
}

/// Records them.
pub(super) fn record(report: &GroupReport, shard: u8, jobs: &mut Jobs) {
    let Some(times) = report.times.filter(|_| traces::is_on()) else { return };
    for outcome in &report.outcomes {
        let parent = outcome.traceparent.as_deref().and_then(TraceParent::parse);
        if let Some(parent) = parent.filter(|parent| parent.sampled) {
            // A job that takes several transactions has a span for each, one after the other.
            let taken = jobs.0.insert(outcome.advanced.transfer.id, times.committed);
            let group = Group { size: report.outcomes.len(), shard, times };
            group.record(outcome, &parent, taken.unwrap_or(times.began));
        }
    }
}

struct Group {
    size: usize,
    shard: u8,
    times: GroupTimes,
}

impl Group {
    fn record(&self, outcome: &Outcome, parent: &TraceParent, taken: SystemTime) {
        let one = &outcome.advanced;
        let GroupTimes { began, locked, judged, committed } = self.times;
        let name = format!("job {SAGA_QUEUE}");
        let Some(job) = traces::begin(name, Kind::Consumer, Some(parent), taken) else { return };
        let mut job = job
            .with("transfer.id", one.transfer.id.to_string())
            .with("transfer.status", one.status.as_str().to_owned())
            .with("correlation.id", outcome.correlation_id.clone().unwrap_or_default())
            .with("group.size", i64::try_from(self.size).unwrap_or(i64::MAX))
            .with("lane.shard", i64::from(self.shard));
        if let Progress::Stuck { failure, .. } = &one.progress {
            job.fail(failure.code.clone());
        }
        let below = job.context();
        let span = |name: String, from| traces::begin(name, Kind::Internal, Some(&below), from);
        if let Some(lock) = span("lock".to_owned(), began) {
            lock.end(locked);
        }
        for (at, line) in (0..).zip(&one.log) {
            // A nanosecond apart, so that viewers keep their order.
            let from = locked + Duration::from_nanos(at);
            let name = format!("{} {}", if line.undo { "undo" } else { "step" }, line.step);
            if let Some(step) = span(name, from) {
                step_ended(step, line, judged.max(from));
            }
        }
        if let Some(commit) = span("commit".to_owned(), judged) {
            commit.end(committed);
        }
        job.end(committed);
    }
}

fn step_ended(mut step: traces::Live, line: &LogLine, at: SystemTime) {
    step.set("saga.attempt", i64::from(line.attempt));
    step.set("saga.outcome", outcome_of(line));
    if let Some(failure) = &line.failure {
        step.set("failure.code", failure.code.clone());
        step.fail(failure.code.clone());
    }
    step.end(at);
}

//! Says what a committed group did: counts it, and writes log lines.
//!
//! A line for each step of each transfer would be the most expensive thing that a lane does, so it is
//! one line a group, and one for each transfer that came to another end than the one that was wanted.
//! Steps are lines at `debug`. See docs/decisions/0034.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::failure::Failure;
use domain::group::{Advanced, LogLine, Progress};
use domain::trace::trace_id;
use domain::transfer::TransferStatus;
use store::lane::{GroupReport, GroupTimes, Outcome};
use telemetry::metrics::{metrics, number, seconds_since};

/// Counts and logs it.
pub(super) fn tell(report: &GroupReport) {
    let Some(times) = report.times else { return };
    count(report, times);
    for outcome in &report.outcomes {
        say(outcome);
    }
    group_line(report, times);
}

fn count(report: &GroupReport, times: GroupTimes) {
    let to = &metrics().sagas;
    let mut steps: BTreeMap<[&'static str; 3], u64> = BTreeMap::new();
    let mut ended: BTreeMap<[&'static str; 2], u64> = BTreeMap::new();
    let mut durations: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for one in report.outcomes.iter().map(|outcome| &outcome.advanced) {
        for line in &one.log {
            *steps.entry([line.step.as_str(), direction(line), outcome_of(line)]).or_default() += 1;
        }
        let status = one.status.as_str();
        match &one.progress {
            Progress::Final => {
                *ended.entry([one.transfer.kind.as_str(), status]).or_default() += 1;
                let lasted = seconds_since(one.transfer.id.0.as_u128(), times.committed);
                durations.entry(status).or_default().push(lasted);
            }
            Progress::Waiting(_) => {
                let class = last_failure(one).map_or("none", |failure| failure.class.as_str());
                to.retries.one([one.transfer.step.as_str().into(), class.into()]);
            }
            Progress::Stuck { reason, failure } => {
                to.dead_letters.one([reason.as_str().into(), failure.class.as_str().into()]);
            }
            Progress::Ready | Progress::Awaits { .. } | Progress::Paused(_) => {}
        }
    }
    for (labels, count) in steps {
        to.steps.add(labels.map(Into::into), count);
    }
    for (labels, count) in ended {
        to.ended.add(labels.map(Into::into), count);
    }
    for (status, durations) in durations {
        to.duration.all([status.into()], durations);
    }
    let size = i64::try_from(report.outcomes.len()).unwrap_or(i64::MAX);
    to.group_size.observe([], number(size));
    to.group_duration.took([], took(times));
}

fn took(times: GroupTimes) -> Duration {
    times.committed.duration_since(times.began).unwrap_or_default()
}

fn last_failure(one: &Advanced) -> Option<&Failure> {
    one.log.iter().rev().find_map(|line| line.failure.as_ref())
}

/// `do` or `undo`.
fn direction(line: &LogLine) -> &'static str {
    if line.undo { "undo" } else { "do" }
}

/// `ok`, or the class of the failure.
pub(super) fn outcome_of(line: &LogLine) -> &'static str {
    line.failure.as_ref().map_or("ok", |failure| failure.class.as_str())
}

fn say(outcome: &Outcome) {
    let Outcome { advanced, correlation_id, traceparent } = outcome;
    let (id, status) = (advanced.transfer.id, advanced.status);
    let correlation_id = correlation_id.as_deref().unwrap_or_default();
    let trace_id = trace_id(traceparent.as_deref());
    if tracing::enabled!(tracing::Level::DEBUG) {
        for line in &advanced.log {
            let (step, direction, outcome) = (line.step, direction(line), outcome_of(line));
            let code = line.failure.as_ref().map(|failure| failure.code.as_str());
            tracing::debug!(
                transfer.id = %id, saga.step = step.as_str(), saga.direction = direction,
                saga.attempt = line.attempt, saga.outcome = outcome, failure.code = code,
                correlation_id, trace_id,
                "transfer {id}: {direction} {step}, try {}: {outcome}", line.attempt,
            );
        }
    }
    match &advanced.progress {
        Progress::Stuck { reason, failure } => {
            let step = advanced.transfer.step;
            tracing::warn!(
                transfer.id = %id, transfer.status = status.as_str(), saga.step = step.as_str(),
                failure.class = failure.class.as_str(), failure.code = failure.code,
                correlation_id, trace_id,
                "transfer {id} is stuck at {step} and waits for a person ({reason}): {}",
                failure.detail
            );
        }
        Progress::Final if status != TransferStatus::Settled => {
            let (code, detail) = advanced
                .failure
                .as_ref()
                .map_or(("none", ""), |failure| (failure.code.as_str(), failure.detail.as_str()));
            tracing::info!(
                transfer.id = %id, transfer.status = status.as_str(), failure.code = code,
                correlation_id, trace_id,
                "transfer {id} is {status}: {code}: {detail}"
            );
        }
        _ => {}
    }
}

fn group_line(report: &GroupReport, times: GroupTimes) {
    if !tracing::enabled!(tracing::Level::INFO) {
        return;
    }
    let (mut steps, mut settled, mut ended, mut stuck, mut open) = (0, 0, 0, 0, 0);
    for one in report.outcomes.iter().map(|outcome| &outcome.advanced) {
        steps += one.log.len();
        match (&one.progress, one.status) {
            (Progress::Final, TransferStatus::Settled) => settled += 1,
            (Progress::Final, _) => ended += 1,
            (Progress::Stuck { .. }, _) => stuck += 1,
            _ => open += 1,
        }
    }
    let (count, ms) = (report.outcomes.len(), took(times).as_millis());
    tracing::info!(
        group.size = count,
        group.steps = steps,
        group.settled = settled,
        group.ended = ended,
        group.open = open,
        group.stuck = stuck,
        "a group of {count} with {steps} steps was committed in {ms} ms"
    );
}

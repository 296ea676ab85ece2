//! From what the sampler knows to what operators are sent.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use store::desk::Group;
use store::ledger::LedgerReport;
use store::overview::OpenAt;
use tokio::time::Instant;
use wire::{
    Conservation, CurrencySums, DeadLetterTotals, HeldMoney, OpenAtStep, Overview, SamplerCost,
    SamplerPart, Violation, WorkerTotals,
};

use super::known::{Known, Open, Pulse, Seen, State};
use crate::admin::{queues, sqs, switches};

/// Violations that are sent.
const VIOLATIONS_MAX: usize = 20;

impl Known {
    /// What is known; none before the first samples.
    pub(super) fn view(&self, points: u64) -> Option<Overview> {
        let state = self.state();
        let (pulse, open) = (state.pulse.as_ref()?, state.open.as_ref()?);
        let (rates, latency) = state.history.last_minute();
        let Pulse { saga, outbox, settings, workers_alive, workers_dead } = &pulse.found;
        let turned = settings.iter().filter(|one| one.on != one.switch.on_by_default());
        Some(Overview {
            sampled_at: pulse.at,
            age_ms: milliseconds(pulse.read_at),
            rates,
            latency,
            open: steps(&open.found.steps),
            held: held(&open.found.steps),
            queues: queues::view(saga, outbox, settings),
            sqs: open.found.queues.iter().cloned().map(sqs::queue).collect(),
            dead_letters: dead_letters(&open.found.dead_letters),
            conservation: state.check.as_ref().map(conservation),
            switches: turned.cloned().map(switches::view).collect(),
            workers: WorkerTotals { alive: *workers_alive, dead: *workers_dead },
            sampler: cost(&state, pulse, open),
            history: state.history.view(points),
        })
    }
}

fn milliseconds(since: Instant) -> i64 {
    i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX)
}

/// Currencies added up.
fn steps(open: &[OpenAt]) -> Vec<OpenAtStep> {
    let mut steps: Vec<OpenAtStep> = Vec::new();
    for one in open {
        let OpenAt { step, undo, runnable, retrying, paused, waiting, parked, .. } = *one;
        // Rows of one step follow each other.
        match steps.last_mut() {
            Some(same) if (same.step, same.undo) == (step, undo) => {
                same.runnable += runnable;
                same.retrying += retrying;
                same.paused += paused;
                same.waiting += waiting;
                same.parked += parked;
            }
            _ => steps.push(OpenAtStep { step, undo, runnable, retrying, paused, waiting, parked }),
        }
    }
    steps.sort_by_key(|one| (one.step, one.undo));
    steps
}

/// Steps added up.
fn held(open: &[OpenAt]) -> Vec<HeldMoney> {
    let mut sums: BTreeMap<&str, (i128, i64)> = BTreeMap::new();
    for one in open.iter().filter(|one| one.hold_count > 0) {
        let (minor, count) = sums.entry(&one.currency).or_default();
        *minor += one.held_minor;
        *count += one.hold_count;
    }
    let view = |(currency, (minor, transfer_count)): (&str, (i128, i64))| HeldMoney {
        currency: currency.to_owned(),
        held_minor: minor.to_string(),
        transfer_count,
    };
    sums.into_iter().map(view).collect()
}

fn dead_letters(groups: &[Group]) -> DeadLetterTotals {
    let mut causes: Vec<&str> = groups.iter().map(|group| group.fingerprint.as_str()).collect();
    causes.sort_unstable();
    // One that stopped transfers of several currencies is one cause.
    causes.dedup();
    let oldest_at: Option<DateTime<Utc>> = groups.iter().map(|group| group.oldest_at).min();
    DeadLetterTotals {
        count: groups.iter().map(|group| group.count).sum(),
        group_count: i64::try_from(causes.len()).unwrap_or(i64::MAX),
        oldest_at,
    }
}

fn conservation(seen: &Seen<LedgerReport>) -> Conservation {
    let report = &seen.found;
    let totals = report.totals.iter().map(|total| CurrencySums {
        currency: total.currency.clone(),
        wallet_count: total.wallet_count,
        debits_minor: total.debits_posted.clone(),
        credits_minor: total.credits_posted.clone(),
        held_minor: total.held.clone(),
    });
    let violations = report.violations.iter().take(VIOLATIONS_MAX).map(|one| Violation {
        rule: one.rule.to_owned(),
        id: one.id.clone(),
        // The other ids of these rules are currencies.
        wallet_id: one.id.parse().ok(),
        detail: one.detail.clone(),
    });
    Conservation {
        ok: report.ok,
        checked_at: report.checked_at,
        age_ms: milliseconds(seen.read_at),
        duration_ms: i64::try_from(seen.took.as_millis()).unwrap_or(i64::MAX),
        rules: report.rules.iter().map(|rule| (*rule).to_owned()).collect(),
        totals: totals.collect(),
        violations: violations.collect(),
        violation_count: i64::try_from(report.violations.len()).unwrap_or(i64::MAX),
    }
}

fn cost(state: &State, pulse: &Seen<Pulse>, open: &Seen<Open>) -> SamplerCost {
    let [pulse, open] = [part("pulse", pulse), part("open", open)];
    let check = state.check.as_ref().map(|seen| part("check", seen));
    SamplerCost {
        sample_count: pulse.sample_count,
        statement_count: pulse.statement_count + open.statement_count,
        duration_us: pulse.duration_us + open.duration_us,
        parts: [Some(pulse), Some(open), check].into_iter().flatten().collect(),
    }
}

fn part<T>(name: &str, seen: &Seen<T>) -> SamplerPart {
    SamplerPart {
        name: name.to_owned(),
        sample_count: seen.sample_count,
        statement_count: seen.statement_count,
        duration_us: u64::try_from(seen.took.as_micros()).unwrap_or(u64::MAX),
        age_ms: milliseconds(seen.read_at),
    }
}

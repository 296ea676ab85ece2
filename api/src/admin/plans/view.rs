//! Plans as they are sent.

use domain::dead_letter::DeadLetterStatus;
use domain::group::Outlook;
use domain::saga::Step;
use store::{desk, plans};
use wire::{
    AppliedPlan, DeadLetterFilter, Plan, PlanForecast, PlanHalt, PlanItem, PlanReceipt, PlannedStep,
};

pub(super) fn filter(filter: DeadLetterFilter) -> desk::Filter {
    desk::Filter {
        status: Some(DeadLetterStatus::Open),
        saga: filter.saga,
        step: filter.step,
        failure_class: filter.failure_class,
        fingerprint: filter.fingerprint,
        wallet: filter.wallet_id,
        reason: filter.reason,
        opened_from: filter.opened_from,
        opened_to: filter.opened_to,
        amount_min: filter.amount_min,
        amount_max: filter.amount_max,
        currency: filter.currency,
        before: None,
    }
}

/// Without forecast and receipt, as in lists.
pub(super) fn plan(plan: plans::Plan) -> Plan {
    let phase = if plan.ramping { "ramp" } else { "canary" };
    let applied = plan.applied.map(|applied| AppliedPlan {
        by: applied.by.name,
        reason: applied.reason,
        at: applied.at,
        phase: phase.to_owned(),
        canary_count: applied.pace.canary_count,
        rate_per_second: applied.pace.rate_per_second,
        failure_percent_max: applied.pace.failure_percent_max,
    });
    let halted = plan.halted.map(|halt| PlanHalt { reason: halt.reason, new_cause: halt.cause });
    Plan {
        id: plan.id,
        status: plan.status,
        way: plan.way.as_str().to_owned(),
        selection: plan.selection,
        hash: plan.hash,
        item_count: plan.item_count,
        dispatched_count: plan.dispatched_count,
        skipped_count: plan.skipped_count,
        ended_count: plan.ended_count,
        created_by: plan.created_by,
        created_at: plan.created_at,
        applied,
        halted,
        ended_at: plan.ended_at,
        forecast: None,
        receipt: None,
    }
}

pub(super) fn forecast(line: plans::ForecastLine) -> PlanForecast {
    PlanForecast {
        outlook: line.outlook,
        code: line.code,
        currency: line.currency,
        count: line.count,
        amount_minor: line.amount_minor,
        held_minor: line.held_minor,
    }
}

pub(super) fn receipt(line: plans::ReceiptLine) -> PlanReceipt {
    PlanReceipt {
        status: line.status,
        code: line.code,
        currency: line.currency,
        count: line.count,
        amount_minor: line.amount_minor,
        as_forecast: line.as_forecast,
    }
}

pub(super) fn item(item: plans::Item) -> PlanItem {
    // What is closed is not sent, and nothing is kept for a way back.
    let goes = item.outlook != Outlook::ClosedAlready;
    let ahead = item.route.steps().filter(|step| *step >= item.step);
    // One that turns back runs the undo of this step.
    let executed = if item.undo { vec![item.step] } else { ahead.collect() };
    let planned = |step: Step| PlannedStep { step, undo: item.undo };
    PlanItem {
        position: item.position,
        dead_letter_id: item.dead_letter_id,
        transfer_id: item.transfer_id,
        fingerprint: item.fingerprint,
        step: item.step,
        undo: item.undo,
        reused: if goes && !item.undo { item.route.done_before(item.step) } else { Vec::new() },
        executed: executed.into_iter().filter(|_| goes).map(planned).collect(),
        source_wallet_id: item.source_wallet_id,
        amount_minor: item.amount_minor,
        currency: item.currency,
        held_minor: item.held_minor,
        outlook: item.outlook,
        outlook_code: item.outlook_code,
        status: item.status,
        outcome_code: item.outcome_code,
        dispatched_at: item.dispatched_at,
        ended_at: item.ended_at,
    }
}

//! Four eyes. What is large is done by one operator after another has agreed to just that.
//!
//! Looking before the act is enough, without a lock: an approval is never taken back, the hash of a plan covers all that
//! it does, and a dead letter does not change until somebody acts on it.

use axum::Json;
use axum::extract::State;
use domain::dead_letter::{DeadLetterStatus, DeskAct};
use domain::ids::{DeadLetterId, PlanId};
use domain::operator::OperatorRole;
use domain::plan::{Pace, PlanStatus};
use store::approvals::{self, Subject};
use store::operators::Operator;
use store::{desk, plans};
use wire::{Approval, ApprovePlan, ApproveResolve, OperatorReason, ProblemCode};

use super::acts::{dead_letter_not_found, outcome};
use super::operator::{Changer, require};
use super::plans::{PACE, plan_not_found};
use crate::check::Checks;
use crate::error::ApiError;
use crate::extract::{Body, Id, NoParams};
use crate::state::App;

/// From where on one operator is not enough; none when one always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FourEyes {
    /// Items of a redrive plan.
    pub plan_items: Option<u32>,
    /// Minor units, of whatever currency, of a transfer that is forced forward or resolved.
    pub amount_minor: Option<i64>,
}

/// `POST /admin/v1/redrive-plans/{plan_id}/approve`
pub(crate) async fn approve_plan(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): Id<PlanId>,
    _: NoParams,
    Body(body): Body<ApprovePlan>,
) -> Result<Json<Approval>, ApiError> {
    require(&actor, OperatorRole::Approver)?;
    check_reason(&body.reason)?;
    let plan = plans::get(app.readers.writer(), id).await?.ok_or_else(plan_not_found)?;
    if plan.hash != body.hash {
        let detail = "The hash is not that of this plan. Read the plan again before approving it.";
        return Err(ApiError::new(ProblemCode::PlanHashDiffers, detail));
    }
    if plan.status != PlanStatus::Draft {
        let detail = format!("The plan is {}, so it needs no approval.", plan.status);
        return Err(ApiError::new(ProblemCode::PlanCannot, detail));
    }
    note(&app, &actor, &Subject::Plan { id, hash: body.hash }, &body.reason).await
}

/// `POST /admin/v1/dead-letters/{dead_letter_id}/approve-force-forward`
pub(crate) async fn approve_force_forward(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): Id<DeadLetterId>,
    _: NoParams,
    Body(body): Body<OperatorReason>,
) -> Result<Json<Approval>, ApiError> {
    require(&actor, OperatorRole::Approver)?;
    check_reason(&body.reason)?;
    check_open(&app, id).await?;
    note(&app, &actor, &Subject::ForceForward(id), &body.reason).await
}

/// `POST /admin/v1/dead-letters/{dead_letter_id}/approve-resolve`
pub(crate) async fn approve_resolve(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): Id<DeadLetterId>,
    _: NoParams,
    Body(body): Body<ApproveResolve>,
) -> Result<Json<Approval>, ApiError> {
    require(&actor, OperatorRole::Approver)?;
    let mut checks = Checks::default();
    let settled = outcome(&mut checks, &body.outcome) == DeskAct::ResolveSettled;
    checks.text("reason", &body.reason);
    checks.finish()?;
    check_open(&app, id).await?;
    note(&app, &actor, &Subject::Resolve { id, settled }, &body.reason).await
}

async fn check_open(app: &App, id: DeadLetterId) -> Result<(), ApiError> {
    let letter = desk::get(app.readers.writer(), id).await?.ok_or_else(dead_letter_not_found)?;
    if letter.status == DeadLetterStatus::Open {
        return Ok(());
    }
    let detail = format!("It was closed as {} before.", letter.status);
    Err(ApiError::new(ProblemCode::DeadLetterClosed, detail))
}

fn check_reason(reason: &str) -> Result<(), ApiError> {
    let mut checks = Checks::default();
    checks.text("reason", reason);
    checks.finish()
}

async fn note(
    app: &App,
    actor: &Operator,
    subject: &Subject,
    reason: &str,
) -> Result<Json<Approval>, ApiError> {
    let noted = approvals::approve(app.readers.writer(), actor, subject, reason).await?;
    let approvals::Approval { subject, by, reason, at } = noted;
    Ok(Json(Approval { subject, by, reason, at }))
}

/// Says no to who applies a large plan alone. One that is unknown, or that runs already, is for others to judge.
pub(super) async fn second_for_plan(
    app: &App,
    actor: &Operator,
    id: PlanId,
    hash: &str,
    pace: Pace,
) -> Result<(), ApiError> {
    let Some(least) = app.four_eyes.plan_items else { return Ok(()) };
    let plan = plans::get(app.readers.writer(), id).await?;
    let plan = plan.filter(|plan| plan.item_count >= least && plan.status == PlanStatus::Draft);
    let Some(plan) = plan.filter(|plan| plan.hash == hash) else { return Ok(()) };
    let subject = Subject::Plan { id, hash: plan.hash };
    if approvals::has_second(app.readers.writer(), &subject, actor).await? {
        return check_pace(pace);
    }
    let detail = format!(
        "The plan has {} items; from {least} on, another approver must approve its hash first.",
        plan.item_count
    );
    Err(ApiError::new(ProblemCode::ApprovalNeeded, detail))
}

/// Whoever agreed has seen the plan and not its pace, so that may be more careful than the usual one, but not less.
fn check_pace(pace: Pace) -> Result<(), ApiError> {
    let mut checks = Checks::default();
    for (field, bold, usual) in [
        ("canary_count", pace.canary_count < PACE.canary_count, PACE.canary_count),
        ("rate_per_second", pace.rate_per_second > PACE.rate_per_second, PACE.rate_per_second),
        (
            "failure_percent_max",
            pace.failure_percent_max > PACE.failure_percent_max,
            PACE.failure_percent_max,
        ),
    ] {
        if bold {
            let detail = format!("must be as careful as {usual} in a plan that takes two");
            checks.wrong(ProblemCode::InvalidBody, field, detail);
        }
    }
    checks.finish()
}

/// Says no to who decides alone about a large transfer what no step of its saga proves.
pub(super) async fn second_for_act(
    app: &App,
    actor: &Operator,
    id: DeadLetterId,
    act: DeskAct,
) -> Result<(), ApiError> {
    let subject = match act {
        DeskAct::ForceForward => Subject::ForceForward(id),
        DeskAct::ResolveSettled => Subject::Resolve { id, settled: true },
        DeskAct::ResolveFailed => Subject::Resolve { id, settled: false },
        _ => return Ok(()),
    };
    let Some(least) = app.four_eyes.amount_minor else { return Ok(()) };
    let letter = desk::get(app.readers.writer(), id).await?;
    let large = letter.is_some_and(|letter| {
        letter.amount_minor >= least && letter.status == DeadLetterStatus::Open
    });
    if !large || approvals::has_second(app.readers.writer(), &subject, actor).await? {
        return Ok(());
    }
    let detail = format!("From {least} minor units on, another approver must approve this first.");
    Err(ApiError::new(ProblemCode::ApprovalNeeded, detail))
}

//! What operators do about one dead letter, and what each act would lead to.

use axum::Json;
use axum::extract::State;
use domain::dead_letter::DeskAct;
use domain::ids::DeadLetterId;
use store::desk::{self, Decision, DeskError};
use store::operators::Operator;
use wire::limits::EVIDENCE_CHARS_MAX;
use wire::{DeadLetter, DeadLetterOptions, OperatorReason, ProblemCode, ResolveDeadLetter};

use super::approvals::second_for_act;
use super::operator::{Changer, Viewer, require};
use super::views;
use crate::check::Checks;
use crate::error::ApiError;
use crate::extract::{Body, Id, NoParams};
use crate::state::App;

/// `GET /admin/v1/dead-letters/{dead_letter_id}/options`
pub(crate) async fn options(
    State(app): State<App>,
    Viewer(actor): Viewer,
    Id(id): Id<DeadLetterId>,
    _: NoParams,
) -> Result<Json<DeadLetterOptions>, ApiError> {
    let options = desk::options(app.readers.writer(), id, &actor).await?;
    Ok(Json(views::options(options)))
}

/// Declares the handler of an act that needs a reason and nothing else.
macro_rules! act {
    ($(#[$doc:meta])* $name:ident = $act:ident) => {
        $(#[$doc])*
        pub(crate) async fn $name(
            State(app): State<App>,
            Changer(actor): Changer,
            Id(id): Id<DeadLetterId>,
            _: NoParams,
            Body(body): Body<OperatorReason>,
        ) -> Result<Json<DeadLetter>, ApiError> {
            perform(&app, &actor, id, DeskAct::$act, &body.reason).await
        }
    };
}

act! {
    /// `POST /admin/v1/dead-letters/{dead_letter_id}/redrive`
    redrive = Redrive
}
act! {
    /// `POST /admin/v1/dead-letters/{dead_letter_id}/compensate`
    compensate = Compensate
}
act! {
    /// `POST /admin/v1/dead-letters/{dead_letter_id}/retry-compensation`
    retry_compensation = RetryCompensation
}
act! {
    /// `POST /admin/v1/dead-letters/{dead_letter_id}/force-forward`
    force_forward = ForceForward
}
act! {
    /// `POST /admin/v1/dead-letters/{dead_letter_id}/discard`
    discard = Discard
}

/// `POST /admin/v1/dead-letters/{dead_letter_id}/resolve`
pub(crate) async fn resolve(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): Id<DeadLetterId>,
    _: NoParams,
    Body(body): Body<ResolveDeadLetter>,
) -> Result<Json<DeadLetter>, ApiError> {
    // Both outcomes take the same role; whoever has it not learns no more.
    require(&actor, DeskAct::ResolveSettled.role())?;
    let mut checks = Checks::default();
    let act = outcome(&mut checks, &body.outcome);
    checks.bounded_text("evidence", &body.evidence, EVIDENCE_CHARS_MAX);
    checks.text("reason", &body.reason);
    checks.finish()?;
    second_for_act(&app, &actor, id, act).await?;
    let evidence = Some(body.evidence.as_str());
    decide(&app, id, &Decision { act, actor: &actor, reason: &body.reason, evidence }).await
}

/// The act that an outcome stands for. Of another word the checks say no, and the act is never done.
pub(super) fn outcome(checks: &mut Checks, word: &str) -> DeskAct {
    match word {
        "settled" => DeskAct::ResolveSettled,
        "failed" => DeskAct::ResolveFailed,
        _ => {
            checks.wrong(ProblemCode::InvalidBody, "outcome", "must be settled or failed");
            DeskAct::ResolveFailed
        }
    }
}

async fn perform(
    app: &App,
    actor: &Operator,
    id: DeadLetterId,
    act: DeskAct,
    reason: &str,
) -> Result<Json<DeadLetter>, ApiError> {
    require(actor, act.role())?;
    let mut checks = Checks::default();
    checks.text("reason", reason);
    checks.finish()?;
    second_for_act(app, actor, id, act).await?;
    decide(app, id, &Decision { act, actor, reason, evidence: None }).await
}

async fn decide(
    app: &App,
    id: DeadLetterId,
    decision: &Decision<'_>,
) -> Result<Json<DeadLetter>, ApiError> {
    let letter = desk::act(app.readers.writer(), id, decision).await?;
    app.waker.wake();
    Ok(Json(views::dead_letter(letter)))
}

impl From<DeskError> for ApiError {
    fn from(error: DeskError) -> Self {
        use domain::dead_letter::Refusal;
        let (code, detail) = match error {
            DeskError::NotFound => return dead_letter_not_found(),
            DeskError::TransferNotFound => return Self::transfer_not_found(),
            DeskError::Store(error) => return error.into(),
            DeskError::Refused(refusal) => {
                let code = match refusal {
                    Refusal::AlreadyCompensating => ProblemCode::AlreadyCompensating,
                    Refusal::NotCompensating => ProblemCode::NotCompensating,
                    Refusal::NotPastPivot => ProblemCode::NotPastPivot,
                    Refusal::PastPivot => ProblemCode::PastPivot,
                    Refusal::OutcomeOpen => ProblemCode::OutcomeOpen,
                };
                (code, refusal.detail().to_owned())
            }
            DeskError::Closed(status) => {
                (ProblemCode::DeadLetterClosed, format!("It was closed as {status} before."))
            }
            DeskError::TransferFinal(status) => {
                (ProblemCode::TransferFinal, format!("The transfer is {status}, which is final."))
            }
            DeskError::TransferParked => {
                let detail =
                    "The transfer waits for a person. Unpark it, or act on its dead letter.";
                (ProblemCode::TransferParked, detail.to_owned())
            }
            DeskError::NotInReview => {
                let detail = "The transfer waits for no verdict, or has another one already.";
                (ProblemCode::ReviewNotOpen, detail.to_owned())
            }
            DeskError::TransferNotParked => {
                let detail = "The transfer has no open dead letter.";
                (ProblemCode::TransferNotParked, detail.to_owned())
            }
        };
        Self::new(code, detail)
    }
}

pub(super) fn dead_letter_not_found() -> ApiError {
    ApiError::new(ProblemCode::DeadLetterNotFound, "There is no dead letter with this id.")
}

//! `POST /v1/transfers/bulk`: many commands in one request, each with its own idempotency key.
//!
//! A request may always be sent again: whatever was written answers `replayed`. So when the fate
//! of only one command is unknown, the whole answer is 503, and there is no third outcome that a
//! client would have to handle command by command.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use domain::ids::TransferId;
use futures::future::join_all;
use serde::Deserialize;
use serde_json::value::RawValue;
use store::intake::NewTransfer;
use wire::limits::{BULK_BODY_BYTES_MAX, BULK_TRANSFERS_MAX};
use wire::{BulkAnswer, BulkAnswers, BulkMode, BulkStatus, ProblemCode};

use super::many::{Origin, Outcome, Prepared, outcome, prepare};
use crate::auth::Writer;
use crate::error::ApiError;
use crate::extract::{Body, NoParams, Trace};
use crate::intake::{Answer, BATCH_MAX, IntakeError};
use crate::state::App;
use crate::views;

/// A [`wire::CreateTransfers`] whose commands are read one by one, so that a wrong one is
/// refused alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Commands {
    mode: BulkMode,
    transfers: Vec<Box<RawValue>>,
}

/// `POST /v1/transfers/bulk`
pub(crate) async fn bulk(
    State(app): State<App>,
    Writer(caller): Writer,
    _: NoParams,
    trace: Trace,
    Body(body): Body<Commands, BULK_BODY_BYTES_MAX>,
) -> Result<Json<BulkAnswers>, ApiError> {
    if !(1..=BULK_TRANSFERS_MAX).contains(&body.transfers.len()) {
        let detail = format!("must have 1 to {BULK_TRANSFERS_MAX} items");
        return Err(ApiError::field(ProblemCode::InvalidBody, "transfers", detail));
    }
    let origin = Origin { caller, trace };
    let texts = body.transfers.iter().map(|text| Ok(text.get().as_bytes()));
    let Prepared { commands, verdicts } = prepare(&app, &origin, texts).await?;
    let written = match body.mode {
        BulkMode::Independent => independent(&app, &commands).await,
        BulkMode::AllOrNothing if verdicts.iter().any(Result::is_err) => {
            return Err(none(&origin, verdicts.into_iter().map(Result::err)));
        }
        BulkMode::AllOrNothing => {
            let pending = app.intake.submit_together(commands.clone()).await;
            pending.answers().await
        }
    };
    let written = written.into_iter().map(outcome).collect::<Result<Vec<_>, IntakeError>>()?;
    let refused = |one: &Outcome| matches!(one, Outcome::Refused(_));
    if body.mode == BulkMode::AllOrNothing && written.iter().any(refused) {
        let problem = |one| match one {
            Outcome::Refused(problem) => Some(problem),
            Outcome::Accepted(_) | Outcome::Replayed(_) => None,
        };
        return Err(none(&origin, written.into_iter().map(problem)));
    }
    let outcomes = join(verdicts, written);
    answers(&app, &origin, outcomes, commands).await.map(Json)
}

/// Queues the commands batch by batch, in their order: of two with the same key the first one counts.
async fn independent(app: &App, commands: &[NewTransfer]) -> Vec<Answer> {
    let batches = commands.chunks(BATCH_MAX).map(|batch| async move {
        let pending = app.intake.submit_bulk(batch.to_vec()).await;
        pending.answers().await
    });
    join_all(batches).await.concat()
}

/// Each command with what became of it; `written` are those that were not refused before.
fn join(verdicts: Vec<Result<usize, ApiError>>, written: Vec<Outcome>) -> Vec<Outcome> {
    let mut written = written.into_iter();
    let lost = || Outcome::Refused(ApiError::internal("a command has no answer"));
    verdicts
        .into_iter()
        .map(|verdict| match verdict {
            Ok(_) => written.next().unwrap_or_else(lost),
            Err(problem) => Outcome::Refused(problem),
        })
        .collect()
}

/// The answer when all were to be accepted and some cannot be.
fn none(origin: &Origin, problems: impl Iterator<Item = Option<ApiError>>) -> ApiError {
    let answer = |(index, problem): (usize, Option<ApiError>)| {
        let problem = problem.unwrap_or_else(ApiError::bulk_neighbour);
        refused(index, origin, problem)
    };
    ApiError::bulk_refused(problems.enumerate().map(answer).collect())
}

fn refused(index: usize, origin: &Origin, problem: ApiError) -> BulkAnswer {
    let problem = Some(problem.into_problem(origin.correlation_id()));
    BulkAnswer { index, status: BulkStatus::Refused, transfer: None, problem }
}

async fn answers(
    app: &App,
    origin: &Origin,
    outcomes: Vec<Outcome>,
    commands: Vec<NewTransfer>,
) -> Result<BulkAnswers, ApiError> {
    let replayed = |one: &Outcome| match one {
        Outcome::Replayed(id) => Some(*id),
        Outcome::Accepted(_) | Outcome::Refused(_) => None,
    };
    let mut ids: Vec<TransferId> = outcomes.iter().filter_map(replayed).collect();
    ids.sort_unstable();
    ids.dedup();
    let known = if ids.is_empty() {
        HashMap::new()
    } else {
        store::transfers::many(app.readers.writer(), &ids).await?
    };
    let mut fresh: HashMap<TransferId, NewTransfer> =
        commands.into_iter().map(|command| (command.id, command)).collect();
    let mut all = BulkAnswers { accepted: 0, replayed: 0, refused: 0, answers: Vec::new() };
    for (index, outcome) in outcomes.into_iter().enumerate() {
        let (status, transfer) = match outcome {
            Outcome::Accepted(id) => {
                all.accepted += 1;
                (BulkStatus::Accepted, fresh.remove(&id).map(views::fresh_transfer))
            }
            Outcome::Replayed(id) => {
                all.replayed += 1;
                (BulkStatus::Replayed, known.get(&id).cloned().map(views::transfer))
            }
            Outcome::Refused(problem) => {
                all.refused += 1;
                all.answers.push(refused(index, origin, problem));
                continue;
            }
        };
        let Some(mut transfer) = transfer else {
            return Err(ApiError::internal(format!("the key of command {index} leads nowhere")));
        };
        // As in lists.
        transfer.steps = None;
        all.answers.push(BulkAnswer { index, status, transfer: Some(transfer), problem: None });
    }
    Ok(all)
}

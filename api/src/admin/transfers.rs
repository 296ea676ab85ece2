//! Transfers as operators find them, and single ones as they see them, stop them and start
//! them again.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use domain::answer::Awaited;
use domain::ids::TransferId;
use domain::transfer::{TransferKind, TransferStatus};
use store::desk::{self, Verdict};
use store::transfers::{LOOKED_AT_FOR_OPERATORS, ListQuery};
use wire::{OperatorReason, OperatorTransfer, Page, ProblemCode, ReviewTransfer, Transfer};

use super::operator::{Changer, Viewer};
use super::views;
use crate::check::Checks;
use crate::error::ApiError;
use crate::extract::{Body, Caller, Id, NoParams, Params, TransferPath};
use crate::state::App;
use crate::transfers::{self, read};

/// `GET /admin/v1/transfers?wallet_id=&status=&waiting_for=&kind=&reference=&correlation_id=&from=&to=...`,
/// newest first; or of the one that a key made: `idempotency_key=`, and `caller=` when it is
/// another's than ours. A page of what no index knows (all but wallet, times and key) ends when so
/// many rows were looked at, and its cursor goes on from there: give times to look at fewer.
pub(crate) async fn list(
    State(app): State<App>,
    _: Viewer,
    Caller(caller): Caller,
    mut params: Params,
) -> Result<(HeaderMap, Json<Page<Transfer>>), ApiError> {
    let key = transfers::key(&mut params);
    let of = params.read("caller", "must come with an idempotency_key", |text| {
        key.is_some().then(|| text.to_owned())
    });
    let (limit, before) = params.page();
    let query = ListQuery {
        wallet: params.id("wallet_id"),
        status: params.word("status", TransferStatus::ALL),
        waiting_for: params.word("waiting_for", Awaited::ALL),
        kind: params.word("kind", TransferKind::ALL),
        reference: params.text("reference"),
        correlation_id: params.text("correlation_id"),
        made_from: params.time("from"),
        made_to: params.time("to"),
        before,
        limit,
        looked_at_max: LOOKED_AT_FOR_OPERATORS,
    };
    params.finish()?;
    let key = key.map(|key| (of.unwrap_or(caller), key));
    transfers::page(&app, &query, key).await
}

/// `GET /admin/v1/transfers/{transfer_id}`
pub(crate) async fn get(
    State(app): State<App>,
    _: Viewer,
    Id(id): TransferPath,
    _: NoParams,
) -> Result<Json<OperatorTransfer>, ApiError> {
    view(&app, id).await
}

/// `POST /admin/v1/transfers/{transfer_id}/park`
pub(crate) async fn park(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): TransferPath,
    _: NoParams,
    Body(body): Body<OperatorReason>,
) -> Result<Json<OperatorTransfer>, ApiError> {
    let reason = checked(&body)?;
    desk::park(app.readers.writer(), id, &actor, reason).await?;
    view(&app, id).await
}

/// `POST /admin/v1/transfers/{transfer_id}/unpark`
pub(crate) async fn unpark(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): TransferPath,
    _: NoParams,
    Body(body): Body<OperatorReason>,
) -> Result<Json<OperatorTransfer>, ApiError> {
    let reason = checked(&body)?;
    desk::unpark(app.readers.writer(), id, &actor, reason).await?;
    started(&app, id).await
}

/// `POST /admin/v1/transfers/{transfer_id}/retry-now`
pub(crate) async fn retry_now(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): TransferPath,
    _: NoParams,
    Body(body): Body<OperatorReason>,
) -> Result<Json<OperatorTransfer>, ApiError> {
    let reason = checked(&body)?;
    desk::retry_now(app.readers.writer(), id, &actor, reason).await?;
    started(&app, id).await
}

/// `POST /admin/v1/transfers/{transfer_id}/review`
pub(crate) async fn review(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): TransferPath,
    _: NoParams,
    Body(body): Body<ReviewTransfer>,
) -> Result<Json<OperatorTransfer>, ApiError> {
    let mut checks = Checks::default();
    let verdict = body.verdict.parse::<Verdict>().ok();
    if verdict.is_none() {
        checks.wrong(ProblemCode::InvalidBody, "verdict", "must be allow or deny");
    }
    checks.text("reason", &body.reason);
    checks.finish()?;
    // Never the default: without a verdict the checks have said no.
    let verdict = verdict.unwrap_or(Verdict::Deny);
    desk::review(app.readers.writer(), id, verdict, &actor, &body.reason).await?;
    started(&app, id).await
}

fn checked(body: &OperatorReason) -> Result<&str, ApiError> {
    let mut checks = Checks::default();
    checks.text("reason", &body.reason);
    checks.finish()?;
    Ok(&body.reason)
}

/// Wakes a worker for it.
async fn started(app: &App, id: TransferId) -> Result<Json<OperatorTransfer>, ApiError> {
    app.waker.wake();
    view(app, id).await
}

async fn view(app: &App, id: TransferId) -> Result<Json<OperatorTransfer>, ApiError> {
    let writer = app.readers.writer();
    let transfer = read(app, id).await?.ok_or_else(ApiError::transfer_not_found)?;
    let open = desk::open_row(writer, id).await?.map(views::open_row);
    let letters = desk::of_transfer(writer, id).await?;
    let dead_letters = letters.into_iter().map(views::dead_letter).collect();
    Ok(Json(OperatorTransfer { transfer, open, dead_letters }))
}

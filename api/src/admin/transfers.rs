//! Single transfers as operators see them, stop them and start them again.

use axum::Json;
use axum::extract::State;
use domain::ids::TransferId;
use store::desk;
use wire::{OperatorReason, OperatorTransfer};

use super::operator::{Changer, Viewer};
use super::views;
use crate::check::Checks;
use crate::error::ApiError;
use crate::extract::{Body, Id, NoParams, TransferPath};
use crate::state::App;
use crate::transfers::read;

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

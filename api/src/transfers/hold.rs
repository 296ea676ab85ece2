//! Capture and void of a hold that waits for the client.
//!
//! Neither needs an idempotency key: the transfer is the key. The first of capture, void and
//! the end of the hold has its way; the same one asked for again finds that it was done.

use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::answer::{Answer, Awaited};
use domain::ids::TransferId;
use domain::money::{Amount, MinorUnits};
use domain::transfer::TransferStatus;
use store::answers::{self, Posted};
use store::transfers::Transfer;
use wire::{CaptureTransfer, ProblemCode, VoidTransfer};

use crate::auth::{Caller, Writer, check_source, seen};
use crate::check::Checks;
use crate::error::ApiError;
use crate::extract::{Body, Id, NoParams, TransferPath, WaitPreference};
use crate::state::App;
use crate::transfers::{self, submit};

/// `POST /v1/transfers/{transfer_id}/capture`
pub(crate) async fn capture(
    State(app): State<App>,
    Writer(caller): Writer,
    Id(id): TransferPath,
    _: NoParams,
    WaitPreference(patience): WaitPreference,
    Body(body): Body<CaptureTransfer>,
) -> Result<Response, ApiError> {
    let transfer = payers(&app, &caller, id).await?;
    let mut checks = Checks::default();
    let amount = body.amount_minor.map(|minor| checks.amount("amount_minor", minor));
    let wanted = amount.flatten().map_or(transfer.amount, Amount::minor);
    if wanted > transfer.amount {
        let detail = format!("must be at most {}, which is held", transfer.amount.0);
        checks.wrong(ProblemCode::AmountOutOfRange, "amount_minor", detail);
    }
    checks.finish()?;
    decide(&app, id, Answer::Capture { amount_minor: wanted }, patience).await
}

/// `POST /v1/transfers/{transfer_id}/void`
pub(crate) async fn void(
    State(app): State<App>,
    Writer(caller): Writer,
    Id(id): TransferPath,
    _: NoParams,
    WaitPreference(patience): WaitPreference,
    Body(body): Body<VoidTransfer>,
) -> Result<Response, ApiError> {
    payers(&app, &caller, id).await?;
    let mut checks = Checks::default();
    checks.text("reason", &body.reason);
    checks.finish()?;
    decide(&app, id, Answer::Void { detail: body.reason }, patience).await
}

/// The transfer, for whoever's money it holds. Others who see it may not decide about it.
async fn payers(app: &App, caller: &Caller, id: TransferId) -> Result<Transfer, ApiError> {
    let transfer = store::transfers::get(app.readers.writer(), id).await?;
    let transfer = seen(app, caller, transfer).await?;
    check_source(app, caller, transfer.source).await?;
    Ok(transfer)
}

async fn known(app: &App, id: TransferId) -> Result<Transfer, ApiError> {
    let transfer = store::transfers::get(app.readers.writer(), id).await?;
    transfer.ok_or_else(ApiError::transfer_not_found)
}

/// Writes the decision where the lane finds it, and answers as a new transfer is answered.
async fn decide(
    app: &App,
    id: TransferId,
    decision: Answer,
    patience: Option<Duration>,
) -> Result<Response, ApiError> {
    let mut connection = app.readers.writer().acquire().await.map_err(store::StoreError::from)?;
    let posted = answers::post(&mut connection, id, &[Awaited::Capture], &decision).await?;
    let waits = match posted {
        Posted::Taken => {
            app.waker.wake();
            true
        }
        // The same decision again, which a lane has not come to yet.
        Posted::NotAwaited => {
            let before = answers::pending(&mut connection, id).await?;
            before.is_some_and(|before| same(&before, &decision))
        }
    };
    drop(connection);
    if let Some(patience) = patience.filter(|_| waits) {
        app.waiters.wait(id, patience).await;
    }
    let transfer = known(app, id).await?;
    if !waits && !done(&transfer, &decision) {
        let detail = match (&transfer.terms, transfer.status) {
            (Some(terms), status) if terms.hold.is_some() => format!("The transfer is {status}."),
            _ => "The transfer has no hold that a client captures.".to_owned(),
        };
        return Err(ApiError::new(ProblemCode::HoldNotOpen, detail));
    }
    let read = transfers::read(app, id).await?;
    let read = read.ok_or_else(ApiError::transfer_not_found)?;
    Ok(submit::answer(HeaderMap::new(), read))
}

/// Two voids are the same whatever their reasons.
fn same(one: &Answer, other: &Answer) -> bool {
    one == other || matches!((one, other), (Answer::Void { .. }, Answer::Void { .. }))
}

/// Whether the decision was carried out.
fn done(transfer: &Transfer, decision: &Answer) -> bool {
    let hold = transfer.terms.as_ref().and_then(|terms| terms.hold.as_ref());
    match decision {
        Answer::Capture { amount_minor } => {
            hold.and_then(|hold| hold.captured_minor) == Some(*amount_minor)
                && *amount_minor > MinorUnits::ZERO
        }
        Answer::Void { .. } => transfer.status == TransferStatus::Voided,
        _ => false,
    }
}

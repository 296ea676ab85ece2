//! Reversals: another transfer the other way, linked to the first.

use axum::extract::State;
use axum::response::Response;
use domain::access::Scope;
use domain::ids::TransferId;
use domain::money::{Amount, MinorUnits};
use domain::terms::{ReversalTerms, Terms};
use domain::transfer::{TransferKind, TransferStatus};
use store::intake::NewTransfer;
use store::transfers::Transfer;
use uuid::Uuid;
use wire::{ProblemCode, ReverseTransfer};

use crate::auth::{Caller, Writer, check_source, seen};
use crate::check::Checks;
use crate::error::ApiError;
use crate::extract::{Body, Id, MoneyKey, NoParams, Trace, TransferPath, WaitPreference};
use crate::state::App;
use crate::transfers::submit::submit;

/// `POST /v1/transfers/{transfer_id}/reverse`
///
/// What is left to reverse is decided in the lane, under a lock. Here only what never changes
/// again is looked at: a settled transfer and what it has moved.
pub(crate) async fn reverse(
    State(app): State<App>,
    Writer(caller): Writer,
    (Id(id), _): (TransferPath, NoParams),
    trace: Trace,
    MoneyKey(key): MoneyKey,
    WaitPreference(patience): WaitPreference,
    Body(body): Body<ReverseTransfer>,
) -> Result<Response, ApiError> {
    let original = store::transfers::get(app.readers.writer(), id).await?;
    let original = seen(&app, &caller, original).await?;
    check_payer(&app, &caller, &original).await?;
    let (source, moved) = reversible(&original)?;
    let mut checks = Checks::default();
    checks.optional_text("reference", body.reference.as_deref());
    let asked = body.amount_minor.unwrap_or(moved.0);
    let amount = checks.amount("amount_minor", asked);
    if asked > moved.0 {
        let detail = format!("must be at most {}, which the transfer has moved", moved.0);
        checks.wrong(ProblemCode::AmountOutOfRange, "amount_minor", detail);
    }
    checks.finish()?;
    let amount = amount.ok_or_else(|| ApiError::internal("the checks passed without an amount"))?;
    let reverses = Some(ReversalTerms { transfer_id: id, moved_minor: moved });
    let new = NewTransfer {
        id: TransferId(Uuid::now_v7()),
        kind: TransferKind::Reversal,
        caller: caller.id.clone(),
        key,
        source: Some(original.destination),
        destination: source,
        amount,
        currency: original.currency,
        reference: body.reference,
        metadata: None,
        correlation_id: trace.correlation_id,
        traceparent: trace.traceparent,
        terms: app.terms_of(TransferKind::Reversal, Terms { reverses, ..Terms::default() }),
        terms_asked: format!("reverses {id}"),
    };
    submit(&app, new, patience).await
}

/// The money comes from where it went: its owner may give it back. What came in from outside goes out again only
/// with the scope that lets money in.
async fn check_payer(app: &App, caller: &Caller, original: &Transfer) -> Result<(), ApiError> {
    if original.kind == TransferKind::Deposit {
        return caller.require(Scope::Deposit);
    }
    check_source(app, caller, Some(original.destination)).await
}

/// Where the money goes back to, and how much there is of it.
fn reversible(original: &Transfer) -> Result<(domain::ids::WalletId, MinorUnits), ApiError> {
    let kind = matches!(original.kind, TransferKind::Transfer | TransferKind::Deposit);
    let settled = original.status == TransferStatus::Settled && original.entry.is_some();
    let Some(source) = original.source.filter(|_| kind && settled) else {
        let detail = format!("It is a {} that is {}.", original.kind, original.status);
        return Err(ApiError::new(ProblemCode::NotReversible, detail));
    };
    let hold = original.terms.as_ref().and_then(|terms| terms.hold.as_ref());
    let moved = hold.and_then(|hold| hold.captured_minor).unwrap_or(original.amount);
    Amount::new(moved.0).map_err(|error| ApiError::internal(error.to_string()))?;
    Ok((source, moved))
}

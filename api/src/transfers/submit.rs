use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ids::{TransferId, WalletId};
use domain::money::Currency;
use domain::switch::{Flag, Switch};
use domain::terms::Terms;
use domain::transfer::TransferKind;
use store::intake::{NewTransfer, Submitted};
use uuid::Uuid;
use wire::{CreateDeposit, CreateTransfer};

use super::checked::{Checked, hide_source, judge_wallets};
use crate::auth::{Caller, Depositor, Writer};
use crate::check::Checks;
use crate::error::ApiError;
use crate::extract::{Body, MoneyKey, NoParams, Trace, WaitPreference};
use crate::state::App;
use crate::views;
use crate::waiters::is_outcome;
use crate::wallets::IDEMPOTENT_REPLAYED;

static PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// `POST /v1/transfers`
pub(crate) async fn transfer(
    State(app): State<App>,
    Writer(caller): Writer,
    _: NoParams,
    trace: Trace,
    MoneyKey(key): MoneyKey,
    WaitPreference(patience): WaitPreference,
    Body(body): Body<CreateTransfer>,
) -> Result<Response, ApiError> {
    let checked = Checked::of(body)?;
    check_wallets(&app, Some(&caller), checked.ends(), checked.currency()).await?;
    let new = checked.command(&app, caller.id.clone(), key, &trace);
    submit(&app, new, patience).await
}

/// `POST /v1/deposits`
pub(crate) async fn deposit(
    State(app): State<App>,
    Depositor(caller): Depositor,
    _: NoParams,
    trace: Trace,
    MoneyKey(key): MoneyKey,
    WaitPreference(patience): WaitPreference,
    Body(body): Body<CreateDeposit>,
) -> Result<Response, ApiError> {
    let mut checks = Checks::default();
    let amount = checks.amount("amount_minor", body.amount_minor);
    let currency = checks.currency("currency", &body.currency);
    checks.optional_text("reference", body.reference.as_deref());
    checks.finish()?;
    let (Some(amount), Some(currency)) = (amount, currency) else {
        return Err(ApiError::internal("the checks passed without an amount or a currency"));
    };
    // Into anybody's wallet: the money is not theirs.
    check_wallets(&app, None, [("wallet_id", body.wallet_id)], currency).await?;
    let new = NewTransfer {
        id: TransferId(Uuid::now_v7()),
        kind: TransferKind::Deposit,
        caller: caller.id.clone(),
        key,
        // A shard of the system cash wallet: the lane that runs it takes its own.
        source: None,
        destination: body.wallet_id,
        amount,
        currency,
        reference: body.reference,
        metadata: None,
        correlation_id: trace.correlation_id,
        traceparent: trace.traceparent,
        terms: app.terms_of(TransferKind::Deposit, Terms::default()),
        terms_asked: String::new(),
    };
    submit(&app, new, patience).await
}

/// What no lock is needed for: the wallets exist, are customers', and count this currency; and the first one, where
/// the money comes from, is its `sender`'s.
pub(super) async fn check_wallets<const N: usize>(
    app: &App,
    sender: Option<&Caller>,
    wallets: [(&str, WalletId); N],
    currency: Currency,
) -> Result<(), ApiError> {
    let mut facts = app.facts.of_customers(wallets.map(|wallet| wallet.1)).await?;
    if let Some(sender) = sender {
        hide_source(sender, &mut facts);
    }
    judge_wallets(wallets, facts, currency)
}

/// Writes the command down and answers with its transfer.
pub(super) async fn submit(
    app: &App,
    new: NewTransfer,
    patience: Option<Duration>,
) -> Result<Response, ApiError> {
    let (id, replayed) = match app.intake.submit(new.clone()).await? {
        Submitted::Accepted(id) => (id, false),
        Submitted::Replayed(id) => (id, true),
        Submitted::KeyReused => return Err(ApiError::key_reused()),
    };
    let mut headers = HeaderMap::new();
    insert(&mut headers, &header::LOCATION, &format!("/v1/transfers/{id}"));
    if replayed {
        headers.insert(&IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    // Those who wait are load, too, and can be sent away first.
    let waits = app.switches.is_on(Switch::Flag(Flag::PreferWait));
    let Some(patience) = patience.filter(|_| waits) else {
        let transfer = if replayed { read(app, id).await? } else { views::fresh_transfer(new) };
        return Ok(answer(headers, transfer));
    };
    insert(&mut headers, &PREFERENCE_APPLIED, &format!("wait={}", patience.as_secs()));
    app.waiters.wait(id, patience).await;
    match read(app, id).await {
        Ok(transfer) => Ok(answer(headers, transfer)),
        // It is written down, whatever the database does now; saying no would be wrong.
        Err(_) if !replayed => Ok(answer(headers, views::fresh_transfer(new))),
        Err(error) => Err(error),
    }
}

/// 200 with an outcome, 202 while the client must come back.
pub(super) fn answer(headers: HeaderMap, transfer: wire::Transfer) -> Response {
    let status = if is_outcome(transfer.status) { StatusCode::OK } else { StatusCode::ACCEPTED };
    (status, headers, Json(transfer)).into_response()
}

/// A transfer that must be there.
async fn read(app: &App, id: TransferId) -> Result<wire::Transfer, ApiError> {
    let transfer = super::read(app, id).await?;
    transfer.ok_or_else(|| ApiError::internal(format!("the key of transfer {id} leads nowhere")))
}

pub(super) fn insert(headers: &mut HeaderMap, name: &HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

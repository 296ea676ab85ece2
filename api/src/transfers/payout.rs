//! Payouts: money out, through a provider.

use axum::extract::State;
use axum::response::Response;
use domain::idempotency::IdempotencyKey;
use domain::ids::TransferId;
use domain::terms::{Beneficiary, PayoutTerms, Terms};
use domain::transfer::TransferKind;
use domain::wallet::{SYSTEM_SHARD_COUNT, SystemRole, system_wallet_id};
use store::intake::NewTransfer;
use uuid::Uuid;
use wire::CreatePayout;
use wire::limits::{ACCOUNT_CHARS_MAX, BENEFICIARY_NAME_CHARS_MAX};

use crate::check::Checks;
use crate::error::ApiError;
use crate::extract::{Body, Caller, MoneyKey, NoParams, Trace, WaitPreference};
use crate::state::App;
use crate::transfers::submit::{check_wallets, submit};

/// `POST /v1/payouts`
pub(crate) async fn payout(
    State(app): State<App>,
    _: NoParams,
    Caller(caller): Caller,
    trace: Trace,
    MoneyKey(key): MoneyKey,
    WaitPreference(patience): WaitPreference,
    Body(body): Body<CreatePayout>,
) -> Result<Response, ApiError> {
    let mut checks = Checks::default();
    let amount = checks.amount("amount_minor", body.amount_minor);
    let currency = checks.currency("currency", &body.currency);
    checks.optional_text("reference", body.reference.as_deref());
    let metadata = checks.metadata("metadata", body.metadata);
    let to = &body.beneficiary;
    checks.bounded_text("beneficiary.name", &to.name, BENEFICIARY_NAME_CHARS_MAX);
    checks.bounded_text("beneficiary.account", &to.account, ACCOUNT_CHARS_MAX);
    if let Some(bank) = &to.bank {
        checks.bounded_text("beneficiary.bank", bank, ACCOUNT_CHARS_MAX);
    }
    checks.finish()?;
    let (Some(amount), Some(currency)) = (amount, currency) else {
        return Err(ApiError::internal("the checks passed without an amount or a currency"));
    };
    check_wallets(&app, [("wallet_id", body.wallet_id)], currency).await?;
    let id = TransferId(Uuid::now_v7());
    let beneficiary = Beneficiary {
        name: body.beneficiary.name,
        account: body.beneficiary.account,
        bank: body.beneficiary.bank,
    };
    let bank = beneficiary.bank.as_deref().unwrap_or_default();
    let asked = ["payout", &beneficiary.name, &beneficiary.account, bank].join("\n");
    let payout = Some(PayoutTerms { beneficiary, provider_reference: None, submitted_at: None });
    let new = NewTransfer {
        id,
        kind: TransferKind::Payout,
        caller,
        source: Some(body.wallet_id),
        destination: system_wallet_id(SystemRole::Cash, currency, shard(&key)),
        key,
        amount,
        currency,
        reference: body.reference,
        metadata,
        correlation_id: trace.correlation_id,
        traceparent: trace.traceparent,
        terms: app.terms_of(TransferKind::Payout, Terms { payout, ..Terms::default() }),
        terms_asked: asked,
    };
    submit(&app, new, patience).await
}

/// A shard of the cash wallet for the key: payouts spread over all of them, and the same command
/// again names the same one.
fn shard(key: &IdempotencyKey) -> u8 {
    let mixed = key.as_str().bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31) ^ byte);
    mixed % SYSTEM_SHARD_COUNT
}

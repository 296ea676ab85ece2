//! Stored rows as the domain's types.

use std::str::FromStr;

use domain::answer::Answer;
use domain::failure::Failure;
use domain::group::OpenTransfer;
use domain::ids::{TransferId, WalletId};
use domain::money::{Amount, MinorUnits};
use domain::terms::Terms;
use domain::wallet::{Balances, HotWallet};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::Claimed;
use crate::StoreError;

/// A row of claim.sql; none when its transfer is not to run now.
pub(super) fn claimed(row: &PgRow) -> Result<Option<Claimed>, StoreError> {
    if !row.try_get::<bool, _>("runnable")? {
        return Ok(None);
    }
    Ok(Some(Claimed {
        transfer: open_transfer(row)?,
        correlation_id: row.try_get("correlation_id")?,
        traceparent: row.try_get("traceparent")?,
        crash_count: row.try_get("crash_count")?,
    }))
}

/// What the domain knows of a row of `saga_open`.
pub(super) fn open_transfer(row: &PgRow) -> Result<OpenTransfer, StoreError> {
    let undo_of = match row.try_get::<Option<&str>, _>("undo_class")? {
        None => None,
        Some(class) => Some(Failure {
            class: parse(class)?,
            code: row.try_get::<Option<String>, _>("undo_code")?.unwrap_or_default(),
            detail: row.try_get::<Option<String>, _>("undo_detail")?.unwrap_or_default(),
        }),
    };
    Ok(OpenTransfer {
        id: TransferId(row.try_get("transfer_id")?),
        kind: word(row, "kind")?,
        source: row.try_get::<Option<Uuid>, _>("source_wallet_id")?.map(WalletId),
        destination: WalletId(row.try_get("destination_wallet_id")?),
        amount: Amount::new(row.try_get("amount_minor")?).map_err(corrupt)?,
        currency: word(row, "currency")?,
        step: word(row, "step")?,
        attempt: small(row, "attempt")?,
        undo_of,
        hold: MinorUnits(row.try_get("hold_minor")?),
        limit_day: row.try_get("limit_day")?,
        log_seq: small(row, "log_seq")?,
        terms: row.try_get::<Option<Json<Terms>>, _>("terms")?.map(|terms| Box::new(terms.0)),
        answer: row.try_get::<Option<Json<Answer>>, _>("answer")?.map(|answer| answer.0),
        call_count: small(row, "call_count")?,
    })
}

/// A row of lock_wallets.sql or peek/wallets.sql.
pub(super) fn hot_wallet(row: &PgRow) -> Result<HotWallet, StoreError> {
    let money = |name| -> Result<MinorUnits, StoreError> { Ok(MinorUnits(row.try_get(name)?)) };
    Ok(HotWallet {
        id: WalletId(row.try_get("wallet_id")?),
        currency: word(row, "currency")?,
        normal_side: word(row, "normal_side")?,
        status: word(row, "status")?,
        floor: money("floor_minor")?,
        limited: row.try_get("limited")?,
        balances: Balances {
            debits_posted: money("debits_posted")?,
            credits_posted: money("credits_posted")?,
            debits_pending: money("debits_pending")?,
            credits_pending: money("credits_pending")?,
        },
        wallet_seq: row.try_get("wallet_seq")?,
        event_seq: row.try_get("event_seq")?,
        last_posted_at: row.try_get("last_posted_at")?,
    })
}

fn word<T>(row: &PgRow, column: &str) -> Result<T, StoreError>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    parse(row.try_get::<&str, _>(column)?)
}

fn parse<T>(text: &str) -> Result<T, StoreError>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(corrupt)
}

fn small<T: TryFrom<i16>>(row: &PgRow, column: &str) -> Result<T, StoreError> {
    let number: i16 = row.try_get(column)?;
    T::try_from(number).map_err(|_| corrupt(format!("{column} is {number}")))
}

fn corrupt(error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

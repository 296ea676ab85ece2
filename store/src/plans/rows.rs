//! Stored rows as plans and items.

use std::str::FromStr;

use domain::ids::{DeadLetterId, PlanId, TransferId, WalletId};
use domain::plan::Pace;
use domain::saga::Route;
use domain::terms::Terms;
use domain::transfer::TransferKind;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Applied, Halted, Item, Plan};
use crate::StoreError;
use crate::operators::Operator;

pub(super) fn plan(row: &PgRow) -> Result<Plan, StoreError> {
    let halted = word_or_none(row, "halt_reason")?;
    let halted = halted.map(|reason| -> Result<_, StoreError> {
        Ok(Halted { reason, cause: row.try_get("halt_cause")? })
    });
    let hash: Vec<u8> = row.try_get("hash")?;
    Ok(Plan {
        id: PlanId(row.try_get("id")?),
        status: word(row, "status")?,
        way: word(row, "way")?,
        selection: row.try_get("selection")?,
        hash: hex(&hash),
        item_count: count(row, "item_count")?,
        created_by: row.try_get("created_by")?,
        created_at: row.try_get("created_at")?,
        applied: applied(row)?,
        dispatched_count: count(row, "dispatched_count")?,
        skipped_count: count(row, "skipped_count")?,
        ended_count: count(row, "ended_count")?,
        ramping: row.try_get::<Option<chrono::DateTime<chrono::Utc>>, _>("ramp_since")?.is_some(),
        halted: halted.transpose()?,
        ended_at: row.try_get("ended_at")?,
    })
}

fn applied(row: &PgRow) -> Result<Option<Applied>, StoreError> {
    let Some(at) = row.try_get("applied_at")? else { return Ok(None) };
    Ok(Some(Applied {
        by: Operator { name: row.try_get("applied_by")?, role: word(row, "applied_role")? },
        reason: row.try_get("applied_reason")?,
        at,
        pace: Pace {
            canary_count: count(row, "canary_count")?,
            rate_per_second: count(row, "rate_per_second")?,
            failure_percent_max: count(row, "failure_percent_max")?,
        },
    }))
}

pub(super) fn item(row: &PgRow) -> Result<Item, StoreError> {
    Ok(Item {
        position: count(row, "position")?,
        dead_letter_id: DeadLetterId(row.try_get("dead_letter_id")?),
        transfer_id: TransferId(row.try_get("transfer_id")?),
        fingerprint: row.try_get("fingerprint")?,
        route: route(row)?,
        step: word(row, "step")?,
        undo: row.try_get("undo")?,
        source_wallet_id: row.try_get::<Option<Uuid>, _>("source_wallet_id")?.map(WalletId),
        amount_minor: row.try_get("amount_minor")?,
        currency: row.try_get("currency")?,
        held_minor: row.try_get("held_minor")?,
        outlook: word(row, "outlook")?,
        outlook_code: row.try_get("outlook_code")?,
        status: word(row, "status")?,
        outcome_code: row.try_get("outcome_code")?,
        dispatched_at: row.try_get("dispatched_at")?,
        ended_at: row.try_get("ended_at")?,
    })
}

pub(super) fn word<T>(row: &PgRow, column: &str) -> Result<T, StoreError>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    word_or_none(row, column)?.ok_or_else(|| StoreError::Corrupt(format!("{column} is null")))
}

fn word_or_none<T>(row: &PgRow, column: &str) -> Result<Option<T>, StoreError>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let text: Option<&str> = row.try_get(column)?;
    let word = text.map(str::parse).transpose();
    word.map_err(|error: T::Err| StoreError::Corrupt(error.to_string()))
}

/// Counts are never negative: constraints see to it.
pub(super) fn count(row: &PgRow, column: &str) -> Result<u32, StoreError> {
    let count: i32 = row.try_get(column)?;
    u32::try_from(count).map_err(|_| StoreError::Corrupt(format!("{column} is {count}")))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The steps of the item's saga; those of a plain transfer when it is not known any more.
fn route(row: &PgRow) -> Result<Route, StoreError> {
    let kind = word_or_none(row, "kind")?.unwrap_or(TransferKind::Transfer);
    let terms = row.try_get::<Option<Json<Terms>>, _>("terms")?;
    Ok(Route::of(kind, terms.as_deref()))
}

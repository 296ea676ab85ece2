//! Calls to somebody outside: who makes one takes a lease first, and writes the answer under it.
//!
//! The lease is committed before the call. So a caller that dies is known by it: the next one
//! sees that a call was begun whose outcome nobody knows.

use std::time::Duration;

use domain::answer::Answer;
use domain::ids::{TransferId, WalletId};
use domain::money::{Amount, Currency};
use domain::saga::Step;
use domain::terms::Terms;
use domain::transfer::TransferKind;
use sqlx::types::Json;
use sqlx::{Connection, PgConnection, Row};

use crate::{StoreError, jobs};

/// A call that is to be made, with all that it says.
#[derive(Debug, Clone)]
pub struct Call {
    /// The transfer; the idempotency key of the call.
    pub id: TransferId,
    /// What sort of transfer.
    pub kind: TransferKind,
    /// The step that asks.
    pub step: Step,
    /// Which call for this step this is, from 1. From the second on, an earlier one may have
    /// had its effect.
    pub call_count: u16,
    /// Where the money comes from.
    pub source: Option<WalletId>,
    /// Where it goes.
    pub destination: WalletId,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// The terms of the transfer.
    pub terms: Terms,
    /// Ties together everything that the request caused.
    pub correlation_id: Option<String>,
}

/// Takes a call for as long as `lease`. None when none is to be made now: another caller has it,
/// the answer is there already, or the transfer is parked.
pub async fn take(
    connection: &mut PgConnection,
    id: TransferId,
    lease: Duration,
) -> Result<Option<Call>, StoreError> {
    let row = sqlx::query(include_str!("calls/take.sql"))
        .bind(id.0)
        .bind(lease.as_secs_f64())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let corrupt = |error: &dyn std::fmt::Display| StoreError::Corrupt(error.to_string());
    let text = |column| -> Result<&str, sqlx::Error> { row.try_get(column) };
    let call_count: i16 = row.try_get("call_count")?;
    Ok(Some(Call {
        id,
        kind: text("kind")?.parse().map_err(|error| corrupt(&error))?,
        step: text("step")?.parse().map_err(|error| corrupt(&error))?,
        call_count: u16::try_from(call_count).map_err(|error| corrupt(&error))?,
        source: row.try_get::<Option<uuid::Uuid>, _>("source_wallet_id")?.map(WalletId),
        destination: WalletId(row.try_get("destination_wallet_id")?),
        amount: Amount::new(row.try_get("amount_minor")?).map_err(|error| corrupt(&error))?,
        currency: text("currency")?.parse().map_err(|error| corrupt(&error))?,
        terms: row.try_get::<Option<Json<Terms>>, _>("terms")?.map(|terms| terms.0).unwrap_or_default(),
        correlation_id: row.try_get("correlation_id")?,
    }))
}

/// Writes what the call has brought, with a job for a lane. False when it came too late: the
/// lease was over and another has it, or somebody else has answered.
pub async fn answer(
    connection: &mut PgConnection,
    call: &Call,
    answer: &Answer,
) -> Result<bool, StoreError> {
    let mut tx = connection.begin().await?;
    let row = sqlx::query(include_str!("calls/answer.sql"))
        .bind(call.id.0)
        .bind(i16::try_from(call.call_count).unwrap_or(i16::MAX))
        .bind(Json(answer))
        .fetch_optional(&mut *tx)
        .await?;
    if let Some(row) = &row {
        jobs::enqueue_in_tx(&mut tx, &[(call.id, row.try_get(0)?)]).await?;
    }
    tx.commit().await?;
    Ok(row.is_some())
}

//! Calls to make outside: taken with a lease that is committed before the call, and
//! answered by whoever still holds it.

use std::time::Duration;

use domain::answer::Answer;
use domain::ids::{TransferId, WalletId};
use domain::money::{Amount, Currency};
use domain::saga::Step;
use domain::transfer::TransferKind;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;

use crate::{StoreError, jobs};

/// What only a payout has.
#[derive(Debug, Clone, PartialEq)]
pub struct PayoutDetails {
    /// Who receives it: a JSON object.
    pub beneficiary: Value,
}

/// One call to make.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The transfer that waits for the answer.
    pub id: TransferId,
    /// What it is.
    pub kind: TransferKind,
    /// Its step.
    pub step: Step,
    /// Calls of this step that may have gone out, this one included.
    pub call_count: u32,
    /// Where the money comes from.
    pub source: WalletId,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// The client's own text; none when none was given.
    pub reference: Option<String>,
    /// What only a payout has; none for other transfers.
    pub payout: Option<PayoutDetails>,
    /// The provider's own id of the payout; none until it is known.
    pub provider_reference: Option<String>,
    /// Of the request that caused it; null when it had none.
    pub correlation_id: Option<String>,
    /// W3C trace context of that request; null when it had none.
    pub traceparent: Option<String>,
}

impl Call {
    /// By what its caller is known.
    pub fn lease(&self) -> Lease {
        Lease { id: self.id, step: self.step, call_count: self.call_count }
    }
}

/// By what a caller is known: nobody else has this call of this step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The transfer that waits for the answer.
    pub id: TransferId,
    /// Its step. The next one counts its calls anew.
    pub step: Step,
    /// The number of the call.
    pub call_count: u32,
}

impl Lease {
    /// The number, as the database has it.
    pub(crate) fn number(&self) -> i32 {
        i32::try_from(self.call_count).unwrap_or(i32::MAX)
    }
}

/// Takes the call of a transfer that waits for one, and commits that. None when it does not
/// wait, is not due, or is in somebody else's hands.
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
    row.as_ref().map(call).transpose()
}

/// Gives the answer to the saga, with a job for the lane. False when the call is not this
/// caller's any more. One that surely went nowhere does not count as a call.
pub async fn answer(
    connection: &mut PgConnection,
    lease: Lease,
    answer: &Answer,
) -> Result<bool, StoreError> {
    let json =
        serde_json::to_value(answer).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let mut tx = connection.begin().await?;
    let due = sqlx::query(include_str!("calls/answer.sql"))
        .bind(lease.id.0)
        .bind(lease.number())
        .bind(json)
        .bind(matches!(answer, Answer::NotSent { .. }))
        .bind(lease.step.as_str())
        .fetch_optional(&mut *tx)
        .await?;
    if let Some(row) = &due {
        jobs::enqueue_in_tx(&mut tx, &[(lease.id, row.try_get(0)?)]).await?;
    }
    tx.commit().await?;
    Ok(due.is_some())
}

fn call(row: &PgRow) -> Result<Call, StoreError> {
    let corrupt = |error: &dyn std::error::Error| StoreError::Corrupt(error.to_string());
    let details: Option<Value> = row.try_get("payout")?;
    Ok(Call {
        id: TransferId(row.try_get("transfer_id")?),
        kind: row
            .try_get::<&str, _>("kind")?
            .parse::<TransferKind>()
            .map_err(|error| corrupt(&error))?,
        step: row.try_get::<&str, _>("step")?.parse::<Step>().map_err(|error| corrupt(&error))?,
        call_count: u32::try_from(row.try_get::<i32, _>("call_count")?).unwrap_or(0),
        source: WalletId(row.try_get::<Option<Uuid>, _>("source_wallet_id")?.unwrap_or_default()),
        amount: Amount::new(row.try_get("amount_minor")?).map_err(|error| corrupt(&error))?,
        currency: row
            .try_get::<&str, _>("currency")?
            .parse::<Currency>()
            .map_err(|error| corrupt(&error))?,
        reference: row.try_get("reference")?,
        payout: details.map(|beneficiary| PayoutDetails { beneficiary }),
        provider_reference: row.try_get("provider_reference")?,
        correlation_id: row.try_get("correlation_id")?,
        traceparent: row.try_get("traceparent")?,
    })
}

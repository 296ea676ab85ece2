//! Waits whose time is up: a hold that nobody captured, a payout that nobody confirmed, a call
//! that nobody made, or whose caller died.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::answer::Answer;
use domain::ids::TransferId;
use sqlx::types::Json;
use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;

use crate::{StoreError, jobs};

/// Most transfers that one pass sends on.
const ROWS_MAX: i64 = 1_000;

/// How many waits have come to their end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rung {
    /// Holds that were out of time.
    pub expired: usize,
    /// Calls to be made: for the first time by this, again, or to ask for news.
    pub calls: usize,
}

/// Ends the waits whose time is up. A call whose job was lost is given another one when it has
/// been due for `overdue`.
pub async fn ring(connection: &mut PgConnection, overdue: Duration) -> Result<Rung, StoreError> {
    ring_some(connection, overdue, ROWS_MAX).await
}

/// The same for at most so many of each.
pub async fn ring_some(
    connection: &mut PgConnection,
    overdue: Duration,
    rows_max: i64,
) -> Result<Rung, StoreError> {
    let mut tx = connection.begin().await?;
    let rows = sqlx::query(include_str!("timers/expire.sql"))
        .bind(rows_max)
        .bind(Json(Answer::Expired))
        .fetch_all(&mut *tx)
        .await?;
    let due: Vec<(TransferId, DateTime<Utc>)> = rows
        .iter()
        .map(|row| Ok((TransferId(row.try_get(0)?), row.try_get(1)?)))
        .collect::<Result<_, sqlx::Error>>()?;
    if !due.is_empty() {
        jobs::enqueue_in_tx(&mut tx, &due).await?;
    }
    let rows = sqlx::query(include_str!("timers/call.sql"))
        .bind(rows_max)
        .bind(overdue.as_secs_f64())
        .fetch_all(&mut *tx)
        .await?;
    let calls: Vec<TransferId> = rows
        .iter()
        .map(|row| Ok(TransferId(row.try_get::<Uuid, _>(0)?)))
        .collect::<Result<_, sqlx::Error>>()?;
    if !calls.is_empty() {
        jobs::enqueue_calls_in_tx(&mut tx, &calls).await?;
    }
    tx.commit().await?;
    Ok(Rung { expired: due.len(), calls: calls.len() })
}

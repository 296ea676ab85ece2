//! Events on their way out: claimed from the outbox, and deleted there once the queues have them.
//!
//! Invariant: an outbox row goes only in a transaction that was begun before its
//! event was sent. A relay that dies in between leaves the row, and the event is
//! sent again: delivery is at least once.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::EventId;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Postgres, Row, Transaction};
use uuid::Uuid;

use crate::StoreError;

/// Taken for the length of a claim by relays that must keep the order.
const ORDER_LOCK: i64 = 0x486f_6c64_6661_7374;

/// One event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Its id, a uuid v7.
    pub id: EventId,
    /// Its type, such as `transfer.settled.v1`.
    pub event_type: String,
    /// The JSON envelope as consumers receive it.
    pub envelope: String,
    /// Of the request that caused it; null when the client sent none.
    pub correlation_id: Option<String>,
    /// W3C trace context of that request; null when the client sent none.
    pub traceparent: Option<String>,
}

/// Outbox rows that no other relay sees until [`Claim::confirm`], or until this is dropped.
pub struct Claim {
    tx: Transaction<'static, Postgres>,
    /// The events, in the order of their ids.
    pub events: Vec<LoggedEvent>,
    /// How many rows were claimed; more than `events` when the log has lost some of them.
    pub row_count: usize,
    /// The last id claimed; none when nothing was.
    pub last: Option<EventId>,
    /// Rows whose events are gone from the log.
    lost: Vec<Uuid>,
}

/// Claims up to `row_max` rows with ids above `after`, the oldest first.
///
/// With `in_order` only one claim is open at a time, in all processes together; a
/// second one comes out empty.
pub async fn claim(
    pool: &PgPool,
    after: EventId,
    row_max: usize,
    in_order: bool,
) -> Result<Claim, StoreError> {
    let mut tx = pool.begin().await?;
    let mut ids: Vec<Uuid> = Vec::new();
    let lock = "SELECT pg_try_advisory_xact_lock($1)";
    if !in_order || sqlx::query_scalar(lock).bind(ORDER_LOCK).fetch_one(&mut *tx).await? {
        ids = sqlx::query_scalar(include_str!("relay/claim.sql"))
            .bind(after.0)
            .bind(i64::try_from(row_max).unwrap_or(i64::MAX))
            .fetch_all(&mut *tx)
            .await?;
    }
    let (row_count, newest) = (ids.len(), ids.last().copied().map(EventId));
    let mut events = Vec::new();
    if let (Some(&first), Some(newest)) = (ids.first(), newest) {
        let rows = sqlx::query(include_str!("relay/read.sql"))
            .bind(&ids)
            .bind(first)
            .bind(newest.0)
            .fetch_all(&mut *tx)
            .await?;
        events = rows.iter().map(logged).collect::<Result<_, _>>()?;
    }
    let found: std::collections::HashSet<Uuid> = events.iter().map(|event| event.id.0).collect();
    let lost = ids.into_iter().filter(|id| !found.contains(id)).collect();
    Ok(Claim { tx, events, row_count, last: newest, lost })
}

impl Claim {
    /// Deletes the rows of `sent` and lets go of the others.
    pub async fn confirm(mut self, sent: &[EventId]) -> Result<(), StoreError> {
        let mut gone: Vec<Uuid> = sent.iter().map(|id| id.0).collect();
        if !self.lost.is_empty() {
            // Row and event are written together, so the partition was dropped too early.
            let (count, lost) = (self.lost.len(), &self.lost);
            tracing::error!("{count} events left the log before they were sent: {lost:?}");
            gone.append(&mut self.lost);
        }
        if gone.is_empty() {
            self.tx.rollback().await?;
            return Ok(());
        }
        sqlx::query(include_str!("relay/delete.sql")).bind(gone).execute(&mut *self.tx).await?;
        self.tx.commit().await?;
        Ok(())
    }
}

pub(crate) fn logged(row: &PgRow) -> Result<LoggedEvent, StoreError> {
    Ok(LoggedEvent {
        id: EventId(row.try_get("id")?),
        event_type: row.try_get("type")?,
        envelope: row.try_get("envelope")?,
        correlation_id: row.try_get("correlation_id")?,
        traceparent: row.try_get("traceparent")?,
    })
}

/// How far the queues are behind the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lag {
    /// Events still to be sent.
    pub row_count: i64,
    /// Age of the oldest of them, by this machine's clock; zero when there is none.
    pub oldest: Duration,
}

/// Measures the outbox.
pub async fn lag(pool: &PgPool) -> Result<Lag, StoreError> {
    let row = sqlx::query(include_str!("relay/lag.sql")).fetch_one(pool).await?;
    let oldest: Option<Uuid> = row.try_get("oldest")?;
    let made_at = oldest.and_then(|id| id.get_timestamp()).and_then(|at| {
        let (seconds, nanoseconds) = at.to_unix();
        DateTime::<Utc>::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
    });
    let oldest = made_at.and_then(|at| (Utc::now() - at).to_std().ok()).unwrap_or_default();
    Ok(Lag { row_count: row.try_get("row_count")?, oldest })
}

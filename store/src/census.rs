//! What became of all that was written since an instant: the figures of an invariant report.
//!
//! Each function reads for itself, so the figures fit together only at rest.

use chrono::{DateTime, Utc};
use domain::ids::EventId;
use domain::transfer::TransferStatus;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::StoreError;
use crate::inbox::Consumer;

/// Ids of unread events that are named. Whoever finds that many has lost count anyway.
const UNREAD_MAX: i64 = 100_000;

/// What is still to be done by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Transfers that are neither at their end nor parked for a person.
    pub open: i64,
    /// Events that wait in the outbox.
    pub outbox: i64,
}

/// Events and who has dealt with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    /// Events of the log.
    pub written: i64,
    /// Those that the audit trail does not have, at most 100,000.
    pub unread_by_audit: Vec<EventId>,
    /// Those that the business figures do not have, at most 100,000.
    pub unread_by_metrics: Vec<EventId>,
}

/// How many transfers with this reference stand how, of those made since `since`.
pub async fn transfers(
    pool: &PgPool,
    since: DateTime<Utc>,
    reference: &str,
) -> Result<Vec<(TransferStatus, i64)>, StoreError> {
    let rows = sqlx::query(include_str!("census/transfers.sql"))
        .bind(since)
        .bind(reference)
        .fetch_all(pool)
        .await?;
    rows.iter()
        .map(|row| {
            let status: &str = row.try_get("status")?;
            let unknown = |_| StoreError::Corrupt(format!("a transfer is '{status}'"));
            Ok((status.parse().map_err(unknown)?, row.try_get("count")?))
        })
        .collect()
}

/// What is still to be done, whoever began it.
pub async fn work(pool: &PgPool) -> Result<Work, StoreError> {
    let row = sqlx::query(include_str!("census/work.sql")).fetch_one(pool).await?;
    Ok(Work { open: row.try_get("open_count")?, outbox: row.try_get("outbox_count")? })
}

/// The events written since `since`, which must be less than 30 days ago: the inbox
/// forgets later.
pub async fn events(pool: &PgPool, since: DateTime<Utc>) -> Result<Events, StoreError> {
    let written = sqlx::query_scalar(include_str!("census/written.sql")).bind(since);
    let written = written.fetch_one(pool).await?;
    let [mut unread_by_audit, mut unread_by_metrics] = [Vec::new(), Vec::new()];
    for (consumer, unread) in
        [(Consumer::Audit, &mut unread_by_audit), (Consumer::Metrics, &mut unread_by_metrics)]
    {
        let ids: Vec<Uuid> = sqlx::query_scalar(include_str!("census/unread.sql"))
            .bind(since)
            .bind(consumer.as_str())
            .bind(UNREAD_MAX)
            .fetch_all(pool)
            .await?;
        unread.extend(ids.into_iter().map(EventId));
    }
    Ok(Events { written, unread_by_audit, unread_by_metrics })
}

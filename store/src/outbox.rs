//! Events that wait to be sent, to look at. Sending them is in [`crate::relay`].

use chrono::{DateTime, Utc};
use domain::ids::{EventId, TransferId, WalletId};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::StoreError;

/// Whoever sees this many waiting needs no exact number.
const COUNTED_MAX: i64 = 100_000;

/// An event that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub id: EventId,
    /// Its type; none when the log has lost the event.
    pub event_type: Option<String>,
    /// What it is about; none when it is about a wallet.
    pub transfer: Option<TransferId>,
    /// What it is about; none when it is about a transfer.
    pub wallet: Option<WalletId>,
    /// Of the request that caused it; none when there was none.
    pub correlation_id: Option<String>,
    /// When it was made, as its id tells.
    pub created_at: DateTime<Utc>,
}

/// All that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// How many; counted up to 100,000.
    pub row_count: i64,
    /// When the oldest was made; none when there is none.
    pub oldest: Option<DateTime<Utc>>,
}

/// Events with ids above `after`, the oldest first.
pub async fn list(
    pool: &PgPool,
    after: Option<EventId>,
    limit: u64,
) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query(include_str!("outbox/list.sql"))
        .bind(after.map_or(Uuid::nil(), |id| id.0))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await?;
    let waiting = |row: &PgRow| -> Result<Waiting, StoreError> {
        let id: Uuid = row.try_get("event_id")?;
        Ok(Waiting {
            id: EventId(id),
            event_type: row.try_get("type")?,
            transfer: row.try_get::<Option<Uuid>, _>("transfer_id")?.map(TransferId),
            wallet: row.try_get::<Option<Uuid>, _>("wallet_id")?.map(WalletId),
            correlation_id: row.try_get("correlation_id")?,
            created_at: made_at(id),
        })
    };
    rows.iter().map(waiting).collect()
}

/// Counts them.
pub async fn total(pool: &PgPool) -> Result<Total, StoreError> {
    let row = sqlx::query(include_str!("outbox/total.sql")).bind(COUNTED_MAX);
    let row = row.fetch_one(pool).await?;
    let oldest: Option<Uuid> = row.try_get("oldest")?;
    Ok(Total { row_count: row.try_get("row_count")?, oldest: oldest.map(made_at) })
}

/// The first 48 bits of a uuid v7 are the millisecond in which it was made.
fn made_at(id: Uuid) -> DateTime<Utc> {
    let ms = i64::try_from(id.as_u128() >> 80).unwrap_or(0);
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

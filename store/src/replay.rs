//! The event log read again, in the order of ids, a page at a time.

use chrono::{DateTime, Utc};
use domain::event::EventType;
use domain::ids::EventId;
use sqlx::PgPool;
use uuid::Uuid;

use crate::StoreError;
use crate::relay::{LoggedEvent, logged};

/// Which part of the log.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// From this instant on.
    pub from: DateTime<Utc>,
    /// Up to this instant, not included.
    pub to: DateTime<Utc>,
    /// Only these; none for all types.
    pub event_type: Option<EventType>,
}

/// The next events of `range` behind `after`, at most `row_max`.
pub async fn page(
    pool: &PgPool,
    range: &Range,
    after: Option<EventId>,
    row_max: i64,
) -> Result<Vec<LoggedEvent>, StoreError> {
    let rows = sqlx::query(include_str!("replay/page.sql"))
        .bind(after.map_or(Uuid::nil(), |id| id.0))
        .bind(range.from)
        .bind(range.to)
        .bind(range.event_type.map(EventType::as_str))
        .bind(row_max)
        .fetch_all(pool)
        .await?;
    rows.iter().map(logged).collect()
}

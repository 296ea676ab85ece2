//! The event log read again, in the order of ids, a page at a time.

use chrono::{DateTime, Utc};
use domain::event::EventType;
use domain::ids::EventId;
use sqlx::PgPool;
use uuid::Uuid;

use crate::relay::{LoggedEvent, logged};
use crate::{StoreError, orm, retention};

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

/// Where the log begins, if weeks of it were dropped that events of `range` behind `after` may have been in. Asked after the
/// page behind `after` was read, it tells of a drop in the midst of that, too.
pub async fn begins_too_late(
    pool: &PgPool,
    range: &Range,
    after: Option<EventId>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let since = retention::events_kept_since(pool).await?;
    Ok(since.filter(|&since| match after {
        Some(id) => id.0 < orm::first_from(since),
        None => range.from < since,
    }))
}

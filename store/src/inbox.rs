//! What consumers have dealt with, so that an event that comes again does nothing.
//!
//! Delivery is at least once. A consumer notes each event here in the transaction of
//! its work: either both are committed, or neither.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::event::EventType;
use domain::ids::{EventId, TransferId};
use domain::money::{Amount, Currency};
use domain::transfer::TransferStatus;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::{StoreError, orm};

/// Most rows that one pass of the purge deletes, so that it never holds locks for long.
const PURGE_ROWS_MAX: i64 = 10_000;

/// How long a row is kept at least.
const KEPT: TimeDelta = TimeDelta::days(30);

/// One event as a consumer received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingEvent {
    /// Duplicates are told by it.
    pub id: EventId,
    /// What happened.
    pub event_type: EventType,
    /// When, by the clock of the database that wrote it.
    pub occurred_at: DateTime<Utc>,
    /// What it tells of a transfer; none when it is about a wallet.
    pub transfer: Option<TransferNews>,
    /// The JSON envelope, byte for byte as it was received.
    pub body: String,
}

/// What an event tells of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferNews {
    /// The transfer.
    pub id: TransferId,
    /// What it came to.
    pub status: TransferStatus,
    /// How much it moved, or was to move.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
}

/// Who reads events. Each has dealt with an event or not by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consumer {
    Audit,
    Metrics,
}

impl Consumer {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Metrics => "metrics",
        }
    }
}

/// Notes the events as dealt with. Returns those that were not before, in their order of
/// arrival, each once.
pub(crate) async fn note_in_tx<'e>(
    connection: &mut PgConnection,
    consumer: Consumer,
    events: &'e [IncomingEvent],
) -> Result<Vec<&'e IncomingEvent>, StoreError> {
    let ids: BTreeSet<Uuid> = events.iter().map(|event| event.id.0).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let rows = sqlx::query(include_str!("inbox/note.sql"))
        .bind(consumer.as_str())
        .bind(ids)
        .fetch_all(connection)
        .await?;
    let mut new = HashSet::with_capacity(rows.len());
    for row in &rows {
        new.insert(row.try_get::<Uuid, _>(0)?);
    }
    // Removing keeps the first of two that came together.
    Ok(events.iter().filter(|event| new.remove(&event.id.0)).collect())
}

/// Deletes what was dealt with more than 30 days ago. Returns how many rows.
pub async fn purge(connection: &mut PgConnection) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for consumer in [Consumer::Audit, Consumer::Metrics] {
        let done = sqlx::query(include_str!("inbox/purge.sql"))
            .bind(PURGE_ROWS_MAX)
            .bind(consumer.as_str())
            .bind(orm::first_from(Utc::now() - KEPT))
            .execute(&mut *connection)
            .await?;
        deleted += done.rows_affected();
    }
    Ok(deleted)
}

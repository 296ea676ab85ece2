//! Business figures: transfers and volume by minute, status and currency.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sqlx::{Connection, PgConnection};

use crate::StoreError;
use crate::inbox::{self, Consumer, IncomingEvent};

/// Events older than this are not counted. The inbox forgets after 30 days, so one that
/// is replayed later could not be told from a new one; a day is left for clocks that differ.
const COUNTED_FOR: TimeDelta = TimeDelta::days(29);

/// What a committed batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Events that had not been counted before. Those about wallets count nothing.
    pub new: usize,
    /// Events that had been counted already, or came twice in the batch.
    pub duplicates: usize,
    /// Events that are too old to be counted.
    pub too_old: usize,
}

/// Transfers that came to one status in one minute and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MinuteTotal {
    /// Begin of the minute.
    pub minute: DateTime<Utc>,
    /// A word of `TransferStatus`.
    pub status: &'static str,
    /// ISO 4217 code.
    pub currency: String,
    /// How many.
    pub transfer_count: i64,
    /// Their amounts together, in minor units. A batch cannot overflow it: an amount has
    /// 53 bits at most.
    pub amount_minor: i128,
}

/// Counts those of `events` that were not counted yet, in one transaction.
///
/// Locks: inbox rows by event id, then figures by minute, status and currency.
pub async fn count(
    connection: &mut PgConnection,
    events: &[IncomingEvent],
) -> Result<Counted, StoreError> {
    let oldest = Utc::now() - COUNTED_FOR;
    let mut tx = connection.begin().await?;
    let mut new = inbox::note_in_tx(&mut tx, Consumer::Metrics, events).await?;
    let duplicates = events.len() - new.len();
    new.retain(|event| event.occurred_at > oldest);
    let too_old = events.len() - duplicates - new.len();
    let totals = totals(&new)?;
    if !totals.is_empty() {
        add_in_tx(&mut tx, &totals).await?;
    }
    tx.commit().await?;
    Ok(Counted { new: new.len(), duplicates, too_old })
}

/// Sums by minute, status and currency, in that order: two batches that add to the same
/// figures in another order would deadlock.
pub fn totals(events: &[&IncomingEvent]) -> Result<Vec<MinuteTotal>, StoreError> {
    let mut sums: BTreeMap<(DateTime<Utc>, &'static str, String), (i64, i128)> = BTreeMap::new();
    for event in events {
        let Some(news) = event.transfer else { continue };
        let minute = event
            .occurred_at
            .duration_trunc(TimeDelta::minutes(1))
            .map_err(|error| StoreError::Corrupt(format!("time of event {}: {error}", event.id)))?;
        let key = (minute, news.status.as_str(), news.currency.as_str().to_owned());
        let (transfer_count, amount_minor) = sums.entry(key).or_default();
        *transfer_count += 1;
        *amount_minor += i128::from(news.amount.minor().0);
    }
    let total = |((minute, status, currency), (transfer_count, amount_minor))| MinuteTotal {
        minute,
        status,
        currency,
        transfer_count,
        amount_minor,
    };
    Ok(sums.into_iter().map(total).collect())
}

async fn add_in_tx(
    connection: &mut PgConnection,
    totals: &[MinuteTotal],
) -> Result<(), StoreError> {
    let amounts = totals.iter().map(|total| total.amount_minor.to_string());
    sqlx::query(include_str!("metrics/add.sql"))
        .bind(totals.iter().map(|total| total.minute).collect::<Vec<_>>())
        .bind(totals.iter().map(|total| total.status).collect::<Vec<_>>())
        .bind(totals.iter().map(|total| total.currency.clone()).collect::<Vec<_>>())
        .bind(totals.iter().map(|total| total.transfer_count).collect::<Vec<_>>())
        .bind(amounts.collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

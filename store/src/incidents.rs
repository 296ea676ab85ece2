//! What is dead in both dead-letter queues, cause by cause, as one list.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use domain::ids::{DeadLetterId, TransferId};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::StoreError;

/// All that is dead for one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// The dead-letter queue; none for dead letters, which are in the database.
    pub queue: Option<String>,
    /// The cause.
    pub fingerprint: String,
    /// The reason of one of the messages; none for dead letters.
    pub reason: Option<String>,
    /// How many.
    pub count: i64,
    /// What their transfers hold, by currency; empty when nothing is held.
    pub held: Vec<Held>,
    /// When the oldest gave up, or was first sent.
    pub first_at: DateTime<Utc>,
    /// When the newest gave up, or was first seen.
    pub last_at: DateTime<Utc>,
    /// Wallets at either end of their transfers.
    pub wallet_count: i64,
    /// How many of them are dead on the other side, too.
    pub related_count: i64,
    /// When SQS throws the first of them away; none for dead letters.
    pub expires_at: Option<DateTime<Utc>>,
    /// At most 5: the newest, or of messages those of their transfers.
    pub dead_letter_ids: Vec<DeadLetterId>,
    /// At most 5: the newest, or of dead letters those that tell of their transfers.
    pub message_ids: Vec<String>,
    /// The newest, at most 5.
    pub transfer_ids: Vec<TransferId>,
}

/// Money that open transfers hold in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The currency.
    pub currency: String,
    /// In minor units; a sum may pass 64 bits.
    pub minor: i128,
    /// By how many transfers.
    pub transfer_count: i64,
}

/// All incidents, what hurts most first: money held, then count, then age. Minor units of
/// several currencies are added up for the order, and for nothing else.
pub async fn list(pool: &PgPool) -> Result<Vec<Incident>, StoreError> {
    let rows = sqlx::query(include_str!("incidents/business.sql")).fetch_all(pool).await?;
    let mut incidents: Vec<Incident> = Vec::new();
    for row in &rows {
        let one = business(row)?;
        // The rows of one cause follow each other, one a currency.
        match incidents.last_mut() {
            Some(same) if same.fingerprint == one.fingerprint => join(same, one),
            _ => incidents.push(one),
        }
    }
    let rows = sqlx::query(include_str!("incidents/infrastructure.sql")).fetch_all(pool).await?;
    for row in &rows {
        incidents.push(infrastructure(row)?);
    }
    let held = |one: &Incident| one.held.iter().map(|held| held.minor).sum::<i128>();
    incidents.sort_by_cached_key(|one| (Reverse(held(one)), Reverse(one.count), one.first_at));
    Ok(incidents)
}

fn join(cause: &mut Incident, other: Incident) {
    cause.count += other.count;
    cause.held.extend(other.held);
    cause.first_at = cause.first_at.min(other.first_at);
    cause.last_at = cause.last_at.max(other.last_at);
}

fn business(row: &PgRow) -> Result<Incident, StoreError> {
    let held = Held {
        currency: row.try_get("currency")?,
        minor: minor(row.try_get("held_minor")?)?,
        transfer_count: row.try_get("hold_count")?,
    };
    Ok(Incident {
        held: Some(held).filter(|held| held.transfer_count > 0).into_iter().collect(),
        ..common(row)?
    })
}

fn infrastructure(row: &PgRow) -> Result<Incident, StoreError> {
    let currencies: Vec<String> = row.try_get("currencies")?;
    let minors: Vec<String> = row.try_get("held_minors")?;
    let counts: Vec<i64> = row.try_get("hold_counts")?;
    let mut held = Vec::with_capacity(currencies.len());
    for ((currency, text), transfer_count) in currencies.into_iter().zip(&minors).zip(counts) {
        held.push(Held { currency, minor: minor(text)?, transfer_count });
    }
    Ok(Incident {
        queue: Some(row.try_get("queue")?),
        reason: Some(row.try_get("reason")?),
        expires_at: Some(row.try_get("expires_at")?),
        held,
        ..common(row)?
    })
}

/// What both statements answer under the same names.
fn common(row: &PgRow) -> Result<Incident, StoreError> {
    let dead_letter_ids: Vec<Uuid> = row.try_get("dead_letter_ids")?;
    let transfer_ids: Vec<Uuid> = row.try_get("transfer_ids")?;
    Ok(Incident {
        queue: None,
        fingerprint: row.try_get("fingerprint")?,
        reason: None,
        count: row.try_get("count")?,
        held: Vec::new(),
        first_at: row.try_get("first_at")?,
        last_at: row.try_get("last_at")?,
        wallet_count: row.try_get("wallet_count")?,
        related_count: row.try_get("related_count")?,
        expires_at: None,
        dead_letter_ids: dead_letter_ids.into_iter().map(DeadLetterId).collect(),
        message_ids: row.try_get("message_ids")?,
        transfer_ids: transfer_ids.into_iter().map(TransferId).collect(),
    })
}

fn minor(text: &str) -> Result<i128, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt(format!("'{text}' is no sum of minor units")))
}

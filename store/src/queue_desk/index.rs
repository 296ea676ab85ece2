//! The index of the dead-letter queues.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::{EventId, TransferId};
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::PgPool;

use super::lease::retention_s;
use crate::StoreError;

/// Rows that are thrown away at once.
const FORGET_MAX: i64 = 1_000;

/// A message as the desk found it in a dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// As SQS names it in this queue.
    pub message_id: String,
    /// As it was sent, without U+0000, which no column takes.
    pub body: String,
    /// Its message attributes, those that are text; likewise without U+0000.
    pub attributes: Map<String, Value>,
    /// Transfers that its envelopes tell of.
    pub transfer_ids: Vec<TransferId>,
    /// Ids of its envelopes.
    pub event_ids: Vec<EventId>,
    /// Why it is there.
    pub reason: String,
    /// Same cause, same text.
    pub fingerprint: String,
    /// The queue that SQS took it from; none when a consumer put it there.
    pub source_arn: Option<String>,
    /// Receives, this one included.
    pub receive_count: i32,
    /// On a standard queue when it was first sent.
    pub sent_at: DateTime<Utc>,
}

/// What a look at a queue came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// When it began, by the database's clock.
    pub began_at: DateTime<Utc>,
    /// Messages that were visible.
    pub visible: i64,
    /// Whether everything in the queue was seen, so that what was not is not there.
    pub whole: bool,
}

/// The instant before a look, by the clock that the index is written with.
pub async fn begin_look(pool: &PgPool) -> Result<DateTime<Utc>, StoreError> {
    Ok(sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(pool).await?)
}

/// Writes down what was found in a queue that keeps messages for `retention`. With
/// `look`, what was there is there again; else a message that is being redriven stays
/// redriven.
pub async fn index(
    pool: &PgPool,
    queue: &str,
    retention: Duration,
    found: &[Found],
    look: bool,
) -> Result<(), StoreError> {
    let found =
        serde_json::to_value(found).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    sqlx::query(include_str!("index/index.sql"))
        .bind(queue)
        .bind(found)
        .bind(retention_s(retention))
        .bind(look)
        .execute(pool)
        .await?;
    Ok(())
}

/// Ends a look; says how many messages have gone.
pub async fn finish_look(pool: &PgPool, queue: &str, look: Look) -> Result<i64, StoreError> {
    let gone = sqlx::query_scalar(include_str!("index/finish_look.sql"))
        .bind(queue)
        .bind(look.began_at)
        .bind(look.visible)
        .bind(look.whole)
        .fetch_one(pool)
        .await?;
    Ok(gone)
}

/// Throws away what left its queue `kept` ago or earlier; says how much.
pub async fn forget_closed(pool: &PgPool, kept: Duration) -> Result<u64, StoreError> {
    let done = sqlx::query(include_str!("index/forget_closed.sql"))
        .bind(retention_s(kept))
        .bind(FORGET_MAX)
        .execute(pool)
        .await?;
    Ok(done.rows_affected())
}

//! Who works on a queue, and how full it is.

use std::time::Duration;

use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::StoreError;

/// A lease that is not renewed ends after this time: five signs of life that did not come.
pub const LEASE: Duration = Duration::from_secs(5);

/// What SQS counts in a queue, approximately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Messages that a receive may get.
    pub visible: i64,
    /// Messages in somebody's hands.
    pub in_flight: i64,
    /// Messages that are not yet to be had.
    pub delayed: i64,
}

impl Counts {
    /// Everything in the queue.
    pub fn total(&self) -> i64 {
        self.visible.saturating_add(self.in_flight).saturating_add(self.delayed)
    }
}

/// What decides whether a dead-letter queue is worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attention {
    /// Messages that the index has as present.
    pub present: i64,
    /// Messages that were visible when the queue was last read; none before.
    pub looked: Option<i64>,
    /// Seconds since it was last read; none before.
    pub looked_ago_s: Option<i64>,
}

/// Leases the queue, or goes on with it, for [`LEASE`]; commands that `holder` runs on it
/// get a sign of life. False while another process has it.
pub async fn lease(
    pool: &PgPool,
    queue: &str,
    source: &str,
    holder: Uuid,
) -> Result<bool, StoreError> {
    let leased = sqlx::query_scalar(include_str!("lease/take.sql"))
        .bind(queue)
        .bind(source)
        .bind(holder)
        .bind(i32::try_from(LEASE.as_secs()).unwrap_or(i32::MAX))
        .fetch_one(pool)
        .await?;
    Ok(leased)
}

/// Gives the queue back before its time, with the commands that are not at their end.
pub async fn let_go(pool: &PgPool, queue: &str, holder: Uuid) -> Result<(), StoreError> {
    sqlx::query(include_str!("lease/let_go.sql")).bind(queue).bind(holder).execute(pool).await?;
    Ok(())
}

/// Writes down how full a queue is. `source` is none for one that is no dead-letter queue.
pub async fn note_sample(
    pool: &PgPool,
    queue: &str,
    source: Option<&str>,
    counts: Counts,
    retention: Duration,
) -> Result<(), StoreError> {
    sqlx::query(include_str!("lease/note_sample.sql"))
        .bind(queue)
        .bind(source)
        .bind(counts.visible)
        .bind(counts.in_flight)
        .bind(counts.delayed)
        .bind(retention_s(retention))
        .execute(pool)
        .await?;
    Ok(())
}

/// What is known of a dead-letter queue that is leased.
pub async fn attention(pool: &PgPool, queue: &str) -> Result<Attention, StoreError> {
    let row = sqlx::query(include_str!("lease/attention.sql")).bind(queue).fetch_one(pool).await?;
    Ok(Attention {
        present: row.try_get("present")?,
        looked: row.try_get("looked_count")?,
        looked_ago_s: row.try_get("looked_ago_s")?,
    })
}

/// A retention as it is stored.
pub(super) fn retention_s(retention: Duration) -> i64 {
    i64::try_from(retention.as_secs()).unwrap_or(i64::MAX)
}

//! How much runnable work waits: the measure of backpressure.

use std::time::Duration;

use sqlx::{PgPool, Row};

use crate::StoreError;

/// Runnable work across all processes. Dead letters, holds and schedules are not runnable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Open rows that are due, counted up to the limit asked for.
    pub runnable: u32,
    /// How long the oldest of them has been due.
    pub oldest: Duration,
}

/// Counts runnable work up to `limit`.
pub async fn sample(pool: &PgPool, limit: u32) -> Result<Backlog, StoreError> {
    let row = sqlx::query(include_str!("backlog/sample.sql"))
        .bind(i64::from(limit))
        .fetch_one(pool)
        .await?;
    let runnable: i64 = row.try_get(0)?;
    let oldest_ms: i64 = row.try_get(1)?;
    Ok(Backlog {
        runnable: u32::try_from(runnable).unwrap_or(limit),
        oldest: Duration::from_millis(u64::try_from(oldest_ms).unwrap_or(0)),
    })
}

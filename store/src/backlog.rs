//! How much runnable work waits: the measure of backpressure.

use std::time::Duration;

use sqlx::{PgPool, Row};

use crate::StoreError;

/// Runnable work across all processes. Dead letters, holds and schedules are not runnable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Open rows that are due and came alone.
    pub runnable: u32,
    /// How many of them have been due for longer than asked for.
    pub overdue: u32,
    /// Open rows that are due and came in bulk.
    pub bulk: u32,
}

/// Counts runnable work, the oldest `limit` rows of it, and what of it has been due for longer than `age`.
pub async fn sample(pool: &PgPool, limit: u32, age: Duration) -> Result<Backlog, StoreError> {
    let row = sqlx::query(include_str!("backlog/sample.sql"))
        .bind(i64::from(limit))
        .bind(age.as_secs_f64())
        .fetch_one(pool)
        .await?;
    let count = |column| -> Result<u32, StoreError> {
        Ok(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(limit))
    };
    Ok(Backlog { runnable: count(0)?, overdue: count(1)?, bulk: count(2)? })
}

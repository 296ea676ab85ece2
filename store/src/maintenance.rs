//! What keeps the tables in order: run by `holdfast-jobs` from time to time.
//! Each is safe to run in several processes at once.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::TransferId;
use sqlx::{Connection, PgConnection, Row};

use crate::{StoreError, jobs};

/// Most rows that one pass of a purge deletes, so that it never holds locks for long.
const PURGE_ROWS_MAX: i64 = 5_000;
/// How long the making of partitions waits for a lock.
const PARTITION_LOCK_MAX: &str = "500ms";
/// Most overdue transfers that one sweep sends again.
const SWEEP_ROWS_MAX: i64 = 5_000;

/// Gives a new job to open transfers that should have been advanced `overdue` ago
/// and were not: their job was lost. Returns how many.
pub async fn sweep_overdue(
    connection: &mut PgConnection,
    overdue: Duration,
) -> Result<usize, StoreError> {
    let mut tx = connection.begin().await?;
    let rows = sqlx::query(include_str!("maintenance/sweep_overdue.sql"))
        .bind(overdue.as_secs_f64())
        .bind(SWEEP_ROWS_MAX)
        .fetch_all(&mut *tx)
        .await?;
    let due: Vec<(TransferId, DateTime<Utc>)> = rows
        .iter()
        .map(|row| Ok((TransferId(row.try_get(0)?), row.try_get(1)?)))
        .collect::<Result<_, sqlx::Error>>()?;
    if !due.is_empty() {
        jobs::enqueue_in_tx(&mut tx, &due).await?;
    }
    tx.commit().await?;
    Ok(due.len())
}

/// Frees jobs that are taken but that nobody works on: their worker is gone, or
/// its acknowledgement was lost. Returns how many.
pub async fn rescue_lost_jobs(
    connection: &mut PgConnection,
    lost_after: Duration,
) -> Result<u64, StoreError> {
    let done = sqlx::query(include_str!("maintenance/rescue_lost_jobs.sql"))
        .bind(lost_after.as_secs_f64())
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// Deletes jobs that ended `age` ago, and workers that have been silent as long. Returns how many jobs.
pub async fn purge_jobs(connection: &mut PgConnection, age: Duration) -> Result<u64, StoreError> {
    let done = sqlx::query(include_str!("maintenance/purge_jobs.sql"))
        .bind(age.as_secs_f64())
        .bind(PURGE_ROWS_MAX)
        .execute(&mut *connection)
        .await?;
    sqlx::query(include_str!("maintenance/purge_workers.sql")).execute(connection).await?;
    Ok(done.rows_affected())
}

/// Frees idempotency keys older than 30 days. Returns how many.
pub async fn purge_idempotency_keys(connection: &mut PgConnection) -> Result<u64, StoreError> {
    let done = sqlx::query(include_str!("maintenance/purge_idempotency_keys.sql"))
        .bind(PURGE_ROWS_MAX)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// Creates the weekly partitions from now to `ahead`, where missing. Returns how many.
///
/// Attaching one needs the default partition for itself. Whoever reads that for long,
/// such as a full ledger check, would hold this up and with it every transfer behind
/// it; so it gives up after half a second and is tried again later.
pub async fn create_partitions(
    connection: &mut PgConnection,
    ahead: Duration,
) -> Result<i32, StoreError> {
    let mut tx = connection.begin().await?;
    sqlx::query("SELECT set_config('lock_timeout', $1, true)")
        .bind(PARTITION_LOCK_MAX)
        .execute(&mut *tx)
        .await?;
    let row = sqlx::query("SELECT create_partitions(now(), now() + make_interval(secs => $1))")
        .bind(ahead.as_secs_f64())
        .fetch_one(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(row.try_get(0)?)
}

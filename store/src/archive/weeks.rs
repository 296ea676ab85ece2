//! The weekly partitions: which there are, how they are frozen, how they are moved. Nobody is kept waiting for long: a lock
//! that is not had at once is given up, and tried again after a pause in which all others go on.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;

use super::ArchiveError;
use crate::StoreError;

/// How long an exclusive lock is waited for: some groups of a lane. Whoever comes in that time waits behind it.
const LOCK_MAX: &str = "200ms";
/// Pause before the next try.
const PAUSE: Duration = Duration::from_secs(1);

/// A weekly partition of a live table.
pub(super) struct Week {
    table: String,
    /// Name of the partition.
    pub(super) name: String,
}

/// Live partitions that end by `boundary`.
pub(super) async fn before(
    connection: &mut PgConnection,
    boundary: Uuid,
) -> Result<Vec<Week>, StoreError> {
    let rows = sqlx::query(include_str!("weeks.sql")).bind(boundary).fetch_all(connection).await?;
    rows.iter().map(|row| Ok(Week { table: row.try_get(0)?, name: row.try_get(1)? })).collect()
}

/// Stops every change of a week, then validates the check of its bounds.
pub(super) async fn freeze(
    connection: &mut PgConnection,
    week: &Week,
    tries_max: u32,
) -> Result<(), ArchiveError> {
    for _ in 0..tries_max {
        match freeze_once(connection, week).await {
            Ok(()) => {
                sqlx::query("SELECT archive.validate_week($1::text::regclass)")
                    .bind(&week.name)
                    .execute(connection)
                    .await?;
                return Ok(());
            }
            Err(error) if lost_a_lock(&error) => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(ArchiveError::Locked)
}

async fn freeze_once(connection: &mut PgConnection, week: &Week) -> Result<(), StoreError> {
    let mut tx = connection.begin().await?;
    limit_locks_in_tx(&mut tx).await?;
    sqlx::query("SELECT archive.freeze_week($1::text::regclass, $2::text::regclass)")
        .bind(&week.table)
        .bind(&week.name)
        .execute(&mut *tx)
        .await?;
    Ok(tx.commit().await?)
}

/// Takes the live tables for itself and moves the weeks. Returns when it had the tables. Between two tries it holds
/// nothing that stops anyone.
pub(super) async fn move_in_tx(
    connection: &mut PgConnection,
    boundary: Uuid,
    partition_count: usize,
    tries_max: u32,
) -> Result<Instant, ArchiveError> {
    for _ in 0..tries_max {
        match move_once_in_tx(connection, boundary).await {
            Ok((moved, at)) if usize::try_from(moved).ok() == Some(partition_count) => {
                return Ok(at);
            }
            Ok(_) => {
                let what = "the weeks are not those that were frozen";
                return Err(StoreError::Corrupt(what.to_owned()).into());
            }
            Err(error) if lost_a_lock(&error) => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(ArchiveError::Locked)
}

async fn move_once_in_tx(
    connection: &mut PgConnection,
    boundary: Uuid,
) -> Result<(i32, Instant), StoreError> {
    // A savepoint: when a lock is not had in time, the proof stays.
    let mut savepoint = connection.begin().await?;
    limit_locks_in_tx(&mut savepoint).await?;
    sqlx::query(
        "LOCK TABLE ONLY transfer, ONLY journal_entry, ONLY posting IN ACCESS EXCLUSIVE MODE",
    )
    .execute(&mut *savepoint)
    .await?;
    let locked_at = Instant::now();
    let moved = sqlx::query_scalar("SELECT archive.move_weeks($1)")
        .bind(boundary)
        .fetch_one(&mut *savepoint)
        .await?;
    savepoint.commit().await?;
    Ok((moved, locked_at))
}

async fn limit_locks_in_tx(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("SELECT set_config('lock_timeout', $1, true)")
        .bind(LOCK_MAX)
        .execute(connection)
        .await?;
    Ok(())
}

/// A lock was not had in time, or only by somebody else's loss.
fn lost_a_lock(error: &StoreError) -> bool {
    matches!(error.sqlstate().as_deref(), Some("55P03" | "40P01"))
}

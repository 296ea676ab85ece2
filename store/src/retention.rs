//! What is kept for a time only: weeks of the event log and of the step log. They explain how money moved; where it is
//! stands in transfers and postings, of which nothing is ever dropped.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection, PgPool, Row};

use crate::StoreError;

/// How long a drop waits for its lock. Whoever writes events in that time waits behind it.
const LOCK_MAX: &str = "500ms";

/// Held by the one process that drops. An arbitrary number.
const LOCK: i64 = 0x486f_6c64_6472_6f70;

/// A log that is dropped week by week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// What the world was told.
    Event,
    /// What the sagas did, step by step.
    Step,
}

impl Log {
    const fn table(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Step => "saga_step",
        }
    }
}

/// What became of the oldest week of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// None has ended that long ago, or another process is at it.
    Nothing,
    /// The partition is gone.
    Dropped(String),
    /// It is old enough, but somebody still needs it. Younger weeks wait for it, so that the log has no holes.
    Held {
        /// The partition.
        week: String,
        /// Transfers of that week that are not at their end.
        open_count: i64,
        /// Events of that week that were not sent yet.
        unsent_count: i64,
    },
}

/// Drops the oldest week of a log if it ended more than `kept` ago. Call it until it drops nothing more.
///
/// Fails with 55P03 when others had the log for too long; then it is tried again later.
pub async fn drop_oldest_week(
    connection: &mut PgConnection,
    log: Log,
    kept: Duration,
) -> Result<Outcome, StoreError> {
    let mut tx = connection.begin().await?;
    let outcome = drop_oldest_week_in_tx(&mut tx, log, kept).await?;
    match outcome {
        Outcome::Dropped(_) => tx.commit().await?,
        // At once: whoever drops next needs the lock.
        Outcome::Nothing | Outcome::Held { .. } => tx.rollback().await?,
    }
    Ok(outcome)
}

async fn drop_oldest_week_in_tx(
    connection: &mut PgConnection,
    log: Log,
    kept: Duration,
) -> Result<Outcome, StoreError> {
    sqlx::query("SELECT set_config('lock_timeout', $1, true)")
        .bind(LOCK_MAX)
        .execute(&mut *connection)
        .await?;
    let lock = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)").bind(LOCK);
    if !lock.fetch_one(&mut *connection).await? {
        return Ok(Outcome::Nothing);
    }
    let row = sqlx::query(include_str!("retention/oldest_week.sql"))
        .bind(log.table())
        .bind(kept.as_secs_f64())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(Outcome::Nothing) };
    let week: String = row.try_get("part")?;
    let (open_count, unsent_count) = (row.try_get("open_count")?, row.try_get("unsent_count")?);
    if (open_count, unsent_count) != (0, 0) {
        return Ok(Outcome::Held { week, open_count, unsent_count });
    }
    sqlx::query("SELECT drop_week($1::text::regclass, $2::text::regclass)")
        .bind(log.table())
        .bind(&week)
        .execute(&mut *connection)
        .await?;
    Ok(Outcome::Dropped(week))
}

/// From when on the event log is kept. None while no week of it was ever dropped.
pub async fn events_kept_since(pool: &PgPool) -> Result<Option<DateTime<Utc>>, StoreError> {
    Ok(sqlx::query_scalar("SELECT events_kept_since()").fetch_one(pool).await?)
}

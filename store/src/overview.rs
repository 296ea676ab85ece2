//! How Holdfast stands, read so that it can be read every second.

use chrono::{DateTime, Utc};
use domain::saga::Step;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::{StoreError, orm};

/// What happened to transfers in one stretch of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Written down.
    pub accepted: u64,
    /// The money has moved.
    pub settled: u64,
    /// A rule said no.
    pub rejected: u64,
    /// Failed for good and compensated.
    pub failed: u64,
    /// Gave up.
    pub stuck: u64,
    /// Of each that settled, the milliseconds from its acceptance; in no order.
    pub settled_after_ms: Vec<u64>,
}

/// Open transfers of one currency at one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAt {
    /// The step to run next.
    pub step: Step,
    /// Whether the undo of that step is next, not the step.
    pub undo: bool,
    /// Of what their money is.
    pub currency: String,
    /// Due now.
    pub runnable: i64,
    /// Due later.
    pub retrying: i64,
    /// Held up by a switch.
    pub paused: i64,
    /// Waiting for something else outside.
    pub waiting: i64,
    /// Waiting for a person.
    pub parked: i64,
    /// How many hold money.
    pub hold_count: i64,
    /// What they hold together, in minor units.
    pub held_minor: i128,
}

/// Counts what was begun from `from` on and before `until`, by the times in ids. What is not
/// committed yet is missed, so `until` must lie a moment back. It costs as much as there is in
/// that time.
pub async fn pulse(
    pool: &PgPool,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Pulse, StoreError> {
    let rows = sqlx::query(include_str!("overview/pulse.sql"))
        .bind(orm::first_from(from))
        .bind(orm::first_from(until))
        .fetch_all(pool)
        .await?;
    let mut pulse = Pulse::default();
    for row in &rows {
        let count = u64::try_from(row.try_get::<i64, _>("count")?).unwrap_or(0);
        match row.try_get::<&str, _>("what")? {
            "accepted" => pulse.accepted = count,
            "transfer.rejected.v1" => pulse.rejected = count,
            "transfer.failed.v1" => pulse.failed = count,
            "transfer.stuck.v1" => pulse.stuck = count,
            "transfer.settled.v1" => {
                pulse.settled = count;
                pulse.settled_after_ms = settled_after_ms(row)?;
            }
            // Of a newer version, and no end that this one knows.
            _ => {}
        }
    }
    Ok(pulse)
}

/// From the time in a transfer's id to that of its event. These are two clocks: less than
/// nothing is nothing.
fn settled_after_ms(row: &PgRow) -> Result<Vec<u64>, StoreError> {
    let ids: Vec<Uuid> = row.try_get("transfer_ids")?;
    let told_at: Vec<DateTime<Utc>> = row.try_get("told_at")?;
    let after = |(id, at): (&Uuid, &DateTime<Utc>)| {
        let accepted = i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX);
        u64::try_from(at.timestamp_millis().saturating_sub(accepted)).unwrap_or(0)
    };
    Ok(ids.iter().zip(&told_at).map(after).collect())
}

/// Counts the open work and the money that it holds.
pub async fn open(pool: &PgPool) -> Result<Vec<OpenAt>, StoreError> {
    let rows = sqlx::query(include_str!("overview/open.sql")).fetch_all(pool).await?;
    rows.iter().map(open_at).collect()
}

fn open_at(row: &PgRow) -> Result<OpenAt, StoreError> {
    let (step, held): (&str, &str) = (row.try_get("step")?, row.try_get("held_minor")?);
    let corrupt = |what: &str| StoreError::Corrupt(format!("open work with {what}"));
    Ok(OpenAt {
        step: step.parse().map_err(|_| corrupt(step))?,
        undo: row.try_get("undo")?,
        currency: row.try_get("currency")?,
        runnable: row.try_get("runnable")?,
        retrying: row.try_get("retrying")?,
        paused: row.try_get("paused")?,
        waiting: row.try_get("waiting")?,
        parked: row.try_get("parked")?,
        hold_count: row.try_get("hold_count")?,
        held_minor: held.parse().map_err(|_| corrupt(held))?,
    })
}

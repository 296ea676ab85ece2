//! Calls that cannot be made now: all places at the provider are taken, an operator has paused them, or somebody has
//! them in hand.

use std::time::Duration;

use domain::ids::TransferId;
use domain::job::{CALL_QUEUE, CallJob};
use domain::switch::Switch;
use sqlx::{Connection, PgConnection, Row};
use ulid::Ulid;

use crate::calls::Lease;
use crate::{StoreError, jobs};

/// Gives the call back for later, with a job for that time. It does not count as made, and
/// no attempt of its step is spent: to wait for one's turn is no failure. Does nothing when
/// the call is not this caller's any more.
pub async fn call(
    connection: &mut PgConnection,
    lease: Lease,
    wait: Duration,
) -> Result<(), StoreError> {
    let payload = jobs::encode(&CallJob::V1 { id: lease.id })?;
    let mut tx = connection.begin().await?;
    let row = sqlx::query(include_str!("put_off/give_back.sql"))
        .bind(lease.id.0)
        .bind(lease.number())
        .bind(wait.as_secs_f64())
        .bind(lease.step.as_str())
        .fetch_optional(&mut *tx)
        .await?;
    if let Some(row) = row {
        let due_at: chrono::DateTime<chrono::Utc> = row.try_get(0)?;
        sqlx::query(include_str!("put_off/enqueue.sql"))
            .bind(Ulid::generate().to_string())
            .bind(CALL_QUEUE)
            .bind(payload)
            .bind(due_at)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Gives the call back until this switch is off. It does not count as made. Does nothing when the call is not this
/// caller's any more.
pub async fn pause(
    connection: &mut PgConnection,
    lease: Lease,
    switch: Switch,
) -> Result<(), StoreError> {
    sqlx::query(include_str!("put_off/pause.sql"))
        .bind(lease.id.0)
        .bind(lease.number())
        .bind(lease.step.as_str())
        .bind(switch.waiting_for())
        .execute(connection)
        .await?;
    Ok(())
}

/// Gives a call that somebody has in hand another job, for the end of that lease: its caller may
/// have died. Does nothing when there is no such call.
pub async fn behind_lease(connection: &mut PgConnection, id: TransferId) -> Result<(), StoreError> {
    sqlx::query(include_str!("put_off/behind_lease.sql"))
        .bind(id.0)
        .bind(Ulid::generate().to_string())
        .bind(CALL_QUEUE)
        .bind(jobs::encode(&CallJob::V1 { id })?)
        .execute(connection)
        .await?;
    Ok(())
}

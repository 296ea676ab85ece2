//! A job sent back to work before its time.

use domain::ids::TransferId;
use domain::job::JobState;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{Job, get, read};
use crate::StoreError;
use crate::operator_audit::{self, Act};
use crate::operators::Operator;

/// Why a job was not made ready.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// There is none with this id. What is done goes after half a minute.
    #[error("no such job")]
    NotFound,
    /// A worker has it, or it is done.
    #[error("the job is {0}")]
    NotWaiting(JobState),
    /// A statement failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for RetryError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Makes a scheduled or failed job ready, and those of its open transfers due that wait for
/// a retry; else the lane would leave them alone. One that is ready already stays as it is,
/// so that the same request can be sent again.
pub async fn retry_now(
    pool: &PgPool,
    id: &str,
    actor: &Operator,
    reason: &str,
) -> Result<Job, RetryError> {
    // The payload never changes, so it is read before the locks, which begin with the transfers'.
    let transfers = get(pool, id).await?.ok_or(RetryError::NotFound)?.transfers;
    let mut tx = pool.begin().await?;
    lock_open_in_tx(&mut tx, &transfers).await?;
    let before = lock_in_tx(&mut tx, id).await?;
    if matches!(before.state, JobState::InHand | JobState::Done) {
        return Err(RetryError::NotWaiting(before.state));
    }
    let hastened = hasten_in_tx(&mut tx, &transfers).await?;
    if before.state == JobState::Ready && hastened == 0 {
        tx.rollback().await?;
        return Ok(before);
    }
    sqlx::query(include_str!("retry/ready.sql")).bind(id).execute(&mut *tx).await?;
    let after = read_in_tx(&mut tx, id).await?;
    let act = Act {
        actor,
        action: "job.retry_now",
        subject: format!("job:{id}"),
        reason,
        before: json!({"state": before.state, "run_at": before.run_at, "attempts": before.attempts}),
        after: json!({"state": after.state, "run_at": after.run_at, "transfers_hastened": hastened}),
    };
    operator_audit::record_in_tx(&mut tx, &act).await?;
    tx.commit().await?;
    Ok(after)
}

async fn lock_in_tx(connection: &mut PgConnection, id: &str) -> Result<Job, RetryError> {
    let sql = "SELECT 1 FROM apalis.jobs WHERE id = $1 FOR UPDATE";
    sqlx::query(sql).bind(id).execute(&mut *connection).await?;
    read_in_tx(connection, id).await
}

async fn read_in_tx(connection: &mut PgConnection, id: &str) -> Result<Job, RetryError> {
    let mut found = read(connection, Some(id), None, None, 1).await?;
    found.pop().ok_or(RetryError::NotFound)
}

/// Locks what is still open of these, in the order in which lanes do.
async fn lock_open_in_tx(
    connection: &mut PgConnection,
    transfers: &[TransferId],
) -> Result<(), StoreError> {
    let sql = "SELECT 1 FROM saga_open WHERE transfer_id = ANY($1) ORDER BY transfer_id FOR UPDATE";
    sqlx::query(sql).bind(uuids(transfers)).execute(connection).await?;
    Ok(())
}

/// Ends the wait of those that wait for a retry. Returns how many.
async fn hasten_in_tx(
    connection: &mut PgConnection,
    transfers: &[TransferId],
) -> Result<u64, StoreError> {
    let done = sqlx::query(include_str!("retry/hasten.sql"))
        .bind(uuids(transfers))
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

fn uuids(transfers: &[TransferId]) -> Vec<Uuid> {
    transfers.iter().map(|id| id.0).collect()
}

//! Queues, their jobs and their workers, as operators look at them.
//!
//! The job table is apalis's. It only says who is to look at which transfers; how far
//! these are is in the open work.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::TransferId;
use domain::job::{JobState, SAGA_QUEUE, SagaJob};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgExecutor, PgPool, Row};
use ulid::Ulid;

use crate::StoreError;

mod retry;
pub use retry::{RetryError, retry_now};

/// A worker that was not heard of for this long is dead, and its jobs are free. Workers
/// give a sign of life each second.
pub const DEAD_AFTER: Duration = Duration::from_secs(5);
/// Most workers that are shown. Those silent for an hour are gone by themselves.
const WORKERS_MAX: i64 = 1_000;

/// Saga jobs, and the open work behind them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SagaQueue {
    /// Jobs that a worker may take now.
    pub ready: i64,
    /// Jobs whose time comes later.
    pub scheduled: i64,
    /// Jobs that a worker has.
    pub in_hand: i64,
    /// Jobs that were given up.
    pub failed: i64,
    /// Jobs that ended, as far as they are kept.
    pub done: i64,
    /// How long the first ready job has been ready, in milliseconds; none without one.
    pub oldest_ready_ms: Option<i64>,
    /// Workers with a sign of life within [`DEAD_AFTER`].
    pub workers_alive: i64,
    /// Open transfers that are due.
    pub runnable: i64,
    /// Open transfers that wait for a retry.
    pub retrying: i64,
    /// Open transfers that a switch holds up.
    pub paused: i64,
    /// Open transfers that wait for a person.
    pub parked: i64,
    /// How long the first runnable transfer has been due, in milliseconds; none without one.
    pub oldest_due_ms: Option<i64>,
}

/// A saga job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id, a ULID.
    pub id: String,
    /// Where it stands.
    pub state: JobState,
    /// Times that it was run or lost.
    pub attempts: i32,
    /// After so many it is given up.
    pub attempts_max: i32,
    /// When it was written.
    pub created_at: Option<DateTime<Utc>>,
    /// When it may be taken.
    pub run_at: DateTime<Utc>,
    /// The worker that took it last; none before the first.
    pub worker: Option<String>,
    /// When that was.
    pub taken_at: Option<DateTime<Utc>>,
    /// When it last ended; none before.
    pub done_at: Option<DateTime<Utc>>,
    /// What the handler said: `{"Ok": ...}` or `{"Err": "..."}`; none before.
    pub last_result: Option<Value>,
    /// The transfers that it wakes; empty when its payload cannot be read.
    pub transfers: Vec<TransferId>,
}

/// A worker, alive or dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Its name, new at each start.
    pub id: String,
    /// Where it runs; none when its name does not say.
    pub host: Option<String>,
    /// Its process there.
    pub pid: Option<u32>,
    /// When it started; none when its name does not say.
    pub started_at: Option<DateTime<Utc>>,
    /// Its last sign of life.
    pub last_seen: DateTime<Utc>,
    /// Whether that was within [`DEAD_AFTER`].
    pub alive: bool,
    /// Jobs that it has now.
    pub in_hand: i64,
}

/// Counts the saga queue and the open work, through indexes.
pub async fn saga(pool: &PgPool) -> Result<SagaQueue, StoreError> {
    let row = sqlx::query(include_str!("queues/saga.sql"))
        .bind(SAGA_QUEUE)
        .bind(i64::try_from(DEAD_AFTER.as_secs()).unwrap_or(i64::MAX))
        .fetch_one(pool)
        .await?;
    Ok(SagaQueue {
        ready: row.try_get("ready")?,
        scheduled: row.try_get("scheduled")?,
        in_hand: row.try_get("in_hand")?,
        failed: row.try_get("failed")?,
        done: row.try_get("done")?,
        oldest_ready_ms: row.try_get("oldest_ready_ms")?,
        workers_alive: row.try_get("workers_alive")?,
        runnable: row.try_get("runnable")?,
        retrying: row.try_get("retrying")?,
        paused: row.try_get("paused")?,
        parked: row.try_get("parked")?,
        oldest_due_ms: row.try_get("oldest_due_ms")?,
    })
}

/// Saga jobs, newest first.
pub async fn list(
    pool: &PgPool,
    state: Option<JobState>,
    before: Option<&str>,
    limit: u64,
) -> Result<Vec<Job>, StoreError> {
    read(pool, None, state, before, i64::try_from(limit).unwrap_or(i64::MAX)).await
}

/// One saga job.
pub async fn get(pool: &PgPool, id: &str) -> Result<Option<Job>, StoreError> {
    Ok(read(pool, Some(id), None, None, 1).await?.pop())
}

async fn read(
    executor: impl PgExecutor<'_>,
    id: Option<&str>,
    state: Option<JobState>,
    before: Option<&str>,
    limit: i64,
) -> Result<Vec<Job>, StoreError> {
    let rows = sqlx::query(include_str!("queues/list.sql"))
        .bind(SAGA_QUEUE)
        .bind(id)
        .bind(state.map(JobState::as_str))
        .bind(before)
        .bind(limit)
        .fetch_all(executor)
        .await?;
    rows.iter().map(job).collect()
}

/// Workers, the last heard of first.
pub async fn workers(pool: &PgPool) -> Result<Vec<Worker>, StoreError> {
    let rows = sqlx::query(include_str!("queues/workers.sql"))
        .bind(SAGA_QUEUE)
        .bind(i64::try_from(DEAD_AFTER.as_secs()).unwrap_or(i64::MAX))
        .bind(WORKERS_MAX)
        .fetch_all(pool)
        .await?;
    rows.iter().map(worker).collect()
}

fn job(row: &PgRow) -> Result<Job, StoreError> {
    let id: String = row.try_get("id")?;
    let state: &str = row.try_get("state")?;
    Ok(Job {
        state: state.parse().map_err(|_| StoreError::Corrupt(format!("job {id} is {state}")))?,
        attempts: row.try_get("attempts")?,
        attempts_max: row.try_get("max_attempts")?,
        created_at: made_at(&id),
        run_at: row.try_get("run_at")?,
        worker: row.try_get("lock_by")?,
        taken_at: row.try_get("lock_at")?,
        done_at: row.try_get("done_at")?,
        last_result: row.try_get("last_result")?,
        transfers: transfers(row.try_get("job")?),
        id,
    })
}

fn transfers(payload: &[u8]) -> Vec<TransferId> {
    match serde_json::from_slice(payload) {
        Ok(SagaJob::V1 { ids }) => ids,
        Err(_) => Vec::new(),
    }
}

/// A worker is called `queue@host-pid-ulid`.
fn worker(row: &PgRow) -> Result<Worker, StoreError> {
    let id: String = row.try_get("id")?;
    let mut parts = id.rsplitn(3, '-');
    let (ulid, pid, rest) = (parts.next(), parts.next(), parts.next());
    let host = rest.and_then(|rest| rest.split_once('@')).map(|(_, host)| host);
    Ok(Worker {
        host: host.filter(|host| !host.is_empty()).map(ToOwned::to_owned),
        pid: pid.and_then(|pid| pid.parse().ok()),
        started_at: ulid.and_then(made_at),
        last_seen: row.try_get("last_seen")?,
        alive: row.try_get("alive")?,
        in_hand: row.try_get("in_hand")?,
        id,
    })
}

fn made_at(ulid: &str) -> Option<DateTime<Utc>> {
    let made = Ulid::from_string(ulid).ok()?;
    DateTime::from_timestamp_millis(i64::try_from(made.timestamp_ms()).ok()?)
}

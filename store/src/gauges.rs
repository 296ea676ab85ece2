//! Figures about everything, for dashboards and alarms: read by one process for all.

use std::time::Duration;

use domain::job::{CALL_QUEUE, SAGA_QUEUE};
use sqlx::{PgConnection, PgPool, Row};

use crate::pool::Single;
use crate::queues::DEAD_AFTER;
use crate::{StoreError, overview, queue_desk, relay};

/// Held by the process that reads for all, for as long as its connection lives.
const LEASE: i64 = 0x486f_6c64_4761_7567;

/// The right to read for all. It ends with its connection, so that of a process that died is free at once.
pub struct Lease {
    connection: PgConnection,
}

/// How a queue of jobs stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobQueue {
    /// As apalis knows it.
    pub name: String,
    /// Jobs that a worker may take now.
    pub ready: i64,
    /// Jobs whose time comes later.
    pub scheduled: i64,
    /// Jobs that a worker has.
    pub in_hand: i64,
    /// Jobs that were given up.
    pub failed: i64,
    /// How long the first ready job has been ready; zero without one.
    pub oldest_ready: Duration,
    /// Workers with a sign of life.
    pub workers_alive: i64,
}

/// Open dead letters whose failures are of one class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadClass {
    /// A word of `FailureClass`.
    pub class: String,
    /// How many.
    pub count: i64,
    /// How long the first of them has waited.
    pub oldest: Duration,
}

/// What open dead letters of one currency hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadMoney {
    /// ISO 4217 code.
    pub currency: String,
    /// In minor units.
    pub held_minor: i128,
}

/// Everything but the ledger, whose check takes longer.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Each queue of jobs.
    pub jobs: Vec<JobQueue>,
    /// Open work by step and currency.
    pub open: Vec<overview::OpenAt>,
    /// How long the first runnable transfer has been due; zero without one.
    pub oldest_due: Duration,
    /// What is still to be sent.
    pub outbox: relay::Lag,
    /// Dead letters by class.
    pub dead: Vec<DeadClass>,
    /// Dead letters by currency.
    pub dead_money: Vec<DeadMoney>,
    /// Queues of SQS, as the desk counted them.
    pub messages: Vec<queue_desk::WatchedQueue>,
}

/// Takes the lease on a connection of its own. None while another process has it.
pub async fn lease(single: &mut Single) -> Result<Option<Lease>, StoreError> {
    let mut connection = single.take().await?;
    let taken = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(LEASE);
    let taken: bool = taken.fetch_one(&mut connection).await?;
    // Without the lease there is nothing to keep a connection for.
    Ok(taken.then_some(Lease { connection }))
}

impl Lease {
    /// Whether it is still ours: a connection that was cut off has lost it.
    pub async fn holds(&mut self) -> bool {
        sqlx::query("SELECT 1").execute(&mut self.connection).await.is_ok()
    }
}

/// Reads everything, one statement after the other: they need not fit together to the millisecond.
pub async fn sample(pool: &PgPool) -> Result<Sample, StoreError> {
    let (dead, dead_money) = dead_letters(pool).await?;
    let due = "SELECT (extract(epoch FROM now() - min(due_at)) * 1000)::bigint FROM saga_open
        WHERE waiting_for IS NULL AND parked_reason IS NULL AND due_at <= now()";
    let oldest_due: Option<i64> = sqlx::query_scalar(due).fetch_one(pool).await?;
    Ok(Sample {
        jobs: jobs(pool).await?,
        open: overview::open(pool).await?,
        oldest_due: milliseconds(oldest_due),
        outbox: relay::lag(pool).await?,
        dead,
        dead_money,
        messages: queue_desk::queues(pool).await?,
    })
}

async fn jobs(pool: &PgPool) -> Result<Vec<JobQueue>, StoreError> {
    let rows = sqlx::query(include_str!("gauges/jobs.sql"))
        .bind([SAGA_QUEUE, CALL_QUEUE].as_slice())
        .bind(i64::try_from(DEAD_AFTER.as_secs()).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await?;
    let queue = |row: &sqlx::postgres::PgRow| -> Result<JobQueue, StoreError> {
        Ok(JobQueue {
            name: row.try_get("queue")?,
            ready: row.try_get("ready")?,
            scheduled: row.try_get("scheduled")?,
            in_hand: row.try_get("in_hand")?,
            failed: row.try_get("failed")?,
            oldest_ready: milliseconds(row.try_get("oldest_ready_ms")?),
            workers_alive: row.try_get("workers_alive")?,
        })
    };
    rows.iter().map(queue).collect()
}

async fn dead_letters(pool: &PgPool) -> Result<(Vec<DeadClass>, Vec<DeadMoney>), StoreError> {
    let rows = sqlx::query(include_str!("gauges/dead_letters.sql")).fetch_all(pool).await?;
    let (mut classes, mut money) = (Vec::new(), Vec::new());
    for row in &rows {
        if let Some(currency) = row.try_get("currency")? {
            let held: &str = row.try_get("held_minor")?;
            let corrupt = |_| StoreError::Corrupt(format!("dead letters hold '{held}'"));
            money.push(DeadMoney { currency, held_minor: held.parse().map_err(corrupt)? });
        } else {
            classes.push(DeadClass {
                class: row.try_get("failure_class")?,
                count: row.try_get("count")?,
                oldest: milliseconds(row.try_get("oldest_ms")?),
            });
        }
    }
    Ok((classes, money))
}

fn milliseconds(count: Option<i64>) -> Duration {
    Duration::from_millis(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}

//! The apalis worker: takes saga jobs and hands their transfers to the lane.
//!
//! What it avoids, and why:
//! * Layers that time out or catch panics leave a job `Running` for ever: the lane does both.
//! * `Err` is run again at once without a pause: the handler answers Ok once the
//!   outcome is recorded, and retries are jobs of their own.
//! * A worker that stops asking keeps what it has fetched: a pause of the queue is in the statement
//!   that fetches, so jobs in hand are finished and the heart goes on beating.
//! * A batch larger than the concurrency starves heartbeats and acknowledgements.
//! * A worker's name used twice keeps the jobs of its dead namesake: each start has a new one.
//! * A backend error ends the worker: [`supervise`] starts another, after a pause
//!   (apalis's Monitor restarts without one).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::{
    Attempt, BackendExt, BoxDynError, Data, FromRequest, Task, WorkerBuilder, WorkerBuilderExt,
    WorkerError,
};
use apalis_postgres::{Config, PostgresStorage};
use domain::job::{SAGA_QUEUE, SagaJob};
use serde_json::Value;
use store::describe;
use store::wake::Channel;
use tokio::sync::watch;
use ulid::Ulid;

use crate::Pools;
use crate::lane::LaneHandle;
use crate::steady::Steady;

/// Jobs in hand at a time, and fetched at a time. The lane merges them, so more
/// would only wait there.
const CONCURRENCY: usize = 32;
/// A worker that is silent for five of these is dead, and its jobs are free.
const HEARTBEAT: Duration = Duration::from_secs(1);
const MISSED_HEARTBEATS: usize = 5;
/// Pause before a failed worker is replaced.
const RESTART_PAUSE: Duration = Duration::from_millis(500);

/// Keeps one worker running until told to stop.
pub(crate) async fn supervise(
    pools: Arc<Pools>,
    lane: LaneHandle,
    mut stopping: watch::Receiver<bool>,
) {
    while !*stopping.borrow() {
        match run_one(&pools, lane.clone(), stopping.clone()).await {
            Ok(()) => tracing::debug!("worker ended"),
            Err(error) => {
                tracing::warn!(
                    error = describe(error.as_ref()),
                    "worker failed; another one starts"
                );
                let pause = tokio::time::sleep(RESTART_PAUSE);
                tokio::select! {
                    () = pause => {}
                    _ = stopping.wait_for(|stop| *stop) => {}
                }
            }
        }
    }
}

async fn run_one(
    pools: &Pools,
    lane: LaneHandle,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), BoxDynError> {
    let config = Config::default()
        .queue(SAGA_QUEUE)
        .batch_size(CONCURRENCY)
        .heartbeat_interval(HEARTBEAT)
        .missed_heartbeats(MISSED_HEARTBEATS)
        // Saves an update per job; a job in hand reads `Queued`.
        .lock_tasks(false)
        .persist_results(true);
    let listener = store::wake::listen(&pools.listen, Channel::Saga).await?;
    let backend = PostgresStorage::<Value>::new(&pools.queue)
        .with_config(config)
        .poll_with_strategy(Steady::new(listener));
    let name = format!("{SAGA_QUEUE}@{}-{}-{}", host(), std::process::id(), Ulid::generate());
    WorkerBuilder::new(name)
        .backend(backend)
        .data(lane)
        .concurrency(CONCURRENCY)
        .build(advance)
        .run_until(async move {
            // The sender lives as long as the process runs; its end means stop, too.
            stopping.wait_for(|stop| *stop).await.ok();
            Ok::<(), WorkerError>(())
        })
        .await?;
    Ok(())
}

/// Where this process runs, for operators who look for a worker. In containers the process
/// id is always 1, so it alone says nothing.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    name.trim().to_owned()
}

/// Whether a job's transfers came in bulk.
struct InBulk(bool);

impl<Args: Sync> FromRequest<Task<Args>> for InBulk {
    type Error = Infallible;

    async fn from_request(task: &Task<Args>) -> Result<Self, Infallible> {
        // Its priority is below zero, which apalis reads as a number that is larger than any other.
        let below_zero = |priority| isize::try_from(priority).is_err();
        Ok(Self(task.priority().is_some_and(below_zero)))
    }
}

/// Handles one job. The payload is any JSON, because a payload that apalis cannot
/// decode would end the worker.
async fn advance(
    job: Value,
    attempt: Attempt,
    InBulk(bulk): InBulk,
    lane: Data<LaneHandle>,
) -> Result<(), BoxDynError> {
    let ids = match serde_json::from_value(job) {
        Ok(SagaJob::V1 { ids }) => ids,
        Err(error) => {
            tracing::error!(error = %error, "a saga job cannot be read; the keeper finds its transfers");
            return Ok(());
        }
    };
    // A job that comes back was in the hands of a process that died: one of its
    // transfers may be the reason.
    let apart = attempt.current() > 1;
    lane.advance(ids, apart, bulk).await?;
    Ok(())
}

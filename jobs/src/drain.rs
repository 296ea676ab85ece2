//! An apalis worker that drains one queue, and another one when it fails.
//!
//! What it avoids, and why:
//! * Layers that time out or catch panics leave a job `Running` for ever: the handlers do both.
//! * `Err` is run again at once without a pause: a handler answers Ok once the
//!   outcome is recorded, and retries are jobs of their own.
//! * A worker that stops asking keeps what it has fetched: a pause of the queue is in the statement
//!   that fetches, so jobs in hand are finished and the heart goes on beating.
//! * A batch larger than the concurrency starves heartbeats and acknowledgements.
//! * A worker's name used twice keeps the jobs of its dead namesake: each start has a new one.
//! * A payload that apalis cannot decode ends the worker: handlers take any JSON.
//! * A backend error ends the worker: [`supervise`] starts another, after a pause
//!   (apalis's Monitor restarts without one).

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::{
    Attempt, BackendExt, BoxDynError, Data, FromRequest, Task, WorkerBuilder, WorkerBuilderExt,
    WorkerError,
};
use apalis_postgres::{Config, PostgresStorage};
use serde_json::Value;
use store::describe;
use store::wake::Channel;
use telemetry::metrics::metrics;
use tokio::sync::watch;
use ulid::Ulid;

use crate::Pools;
use crate::steady::Steady;

/// A worker that is silent for five of these is dead, and its jobs are free.
const HEARTBEAT: Duration = Duration::from_secs(1);
const MISSED_HEARTBEATS: usize = 5;
/// Pause before a failed worker is replaced.
const RESTART_PAUSE: Duration = Duration::from_millis(500);

/// What a worker drains.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drain {
    /// As apalis knows it.
    pub(crate) queue: &'static str,
    /// Where its wake-ups come.
    pub(crate) channel: Channel,
    /// Jobs in hand at a time, and fetched at a time.
    pub(crate) concurrency: usize,
}

/// What is done with a job.
pub(crate) trait Handler: Clone + Send + Sync + 'static {
    /// Handles one job.
    fn handle(
        &self,
        job: Value,
        sort: Sort,
    ) -> impl Future<Output = Result<(), BoxDynError>> + Send;
}

/// What is known of a job beside its payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sort {
    /// It was in somebody's hands before, who may have died of it.
    pub(crate) again: bool,
    /// Its work came in bulk and may wait behind other work.
    pub(crate) bulk: bool,
}

impl<Args: Sync> FromRequest<Task<Args>> for Sort {
    type Error = Infallible;

    async fn from_request(task: &Task<Args>) -> Result<Self, Infallible> {
        let attempt = Attempt::from_request(task).await?;
        // Below zero, which apalis reads as a number that is larger than any other.
        let below_zero = |priority| isize::try_from(priority).is_err();
        let bulk = task.priority().is_some_and(below_zero);
        Ok(Self { again: attempt.current() > 1, bulk })
    }
}

/// Keeps one worker running until told to stop.
pub(crate) async fn supervise<H: Handler>(
    pools: Arc<Pools>,
    drain: Drain,
    handler: H,
    mut stopping: watch::Receiver<bool>,
) {
    while !*stopping.borrow() {
        let doubted = pools.database.doubted();
        let ended = tokio::select! {
            ended = run_one(&pools, drain, handler.clone(), stopping.clone()) => ended,
            () = doubted => Err("the writer was left".into()),
        };
        match ended {
            Ok(()) => tracing::debug!("worker ended"),
            Err(error) => {
                metrics().sagas.worker_restarts.one([drain.queue.into()]);
                tracing::warn!(
                    error = describe(error.as_ref()),
                    "worker of {} failed; another one starts",
                    drain.queue
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

async fn run_one<H: Handler>(
    pools: &Pools,
    drain: Drain,
    handler: H,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), BoxDynError> {
    let Drain { queue, channel, concurrency } = drain;
    let config = Config::default()
        .queue(queue)
        .batch_size(concurrency)
        .heartbeat_interval(HEARTBEAT)
        .missed_heartbeats(MISSED_HEARTBEATS)
        // Saves an update per job; a job in hand reads `Queued`.
        .lock_tasks(false)
        .persist_results(true);
    let listener = store::wake::listen(&pools.listen, channel).await?;
    let backend = PostgresStorage::<Value>::new(&pools.queue)
        .with_config(config)
        .poll_with_strategy(Steady::new(listener));
    let name = format!("{queue}@{}-{}-{}", host(), std::process::id(), Ulid::generate());
    WorkerBuilder::new(name)
        .backend(backend)
        .data(Counted { queue, handler })
        .concurrency(concurrency)
        .build(handle::<H>)
        .run_until(async move {
            // The sender lives as long as the process runs; its end means stop, too.
            stopping.wait_for(|stop| *stop).await.ok();
            Ok::<(), WorkerError>(())
        })
        .await?;
    Ok(())
}

/// A handler whose jobs are counted under the name of their queue.
#[derive(Clone)]
struct Counted<H> {
    queue: &'static str,
    handler: H,
}

async fn handle<H: Handler>(
    job: Value,
    sort: Sort,
    of: Data<Counted<H>>,
) -> Result<(), BoxDynError> {
    of.handler.handle(job, sort).await?;
    metrics().sagas.jobs.one([of.queue.into()]);
    Ok(())
}

/// Where this process runs, for operators who look for a worker. In containers the process
/// id is always 1, so it alone says nothing.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    name.trim().to_owned()
}

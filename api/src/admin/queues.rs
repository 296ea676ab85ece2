use std::collections::HashMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use domain::ids::TransferId;
use domain::job::{JobState, Queue};
use domain::switch::Switch;
use domain::transfer::TransferStatus;
use store::queues::{self, RetryError};
use store::{relay, switches};
use wire::{
    Job, JobCounts, JobTransfer, OpenCounts, OperatorReason, OutboxQueue, Page, ProblemCode,
    Queues, SagaQueue, SubscriberQueue, Worker,
};

use super::operator::{Changer, Viewer};
use crate::check::Checks;
use crate::cursor::{Cursor, JobPlace};
use crate::error::ApiError;
use crate::extract::{Body, NoParams, Params, Words};
use crate::state::App;

/// `GET /admin/v1/queues`
pub(crate) async fn list(
    State(app): State<App>,
    _: Viewer,
    _: NoParams,
) -> Result<Json<Queues>, ApiError> {
    let writer = app.readers.writer();
    let settings = switches::list(writer).await?;
    let paused =
        |queue: Queue| settings.iter().any(|one| one.on && one.switch == Switch::PauseQueue(queue));
    let saga = saga(&queues::saga(writer).await?, paused(Queue::Saga));
    let lag = relay::lag(writer).await?;
    let oldest = Some(lag.oldest).filter(|_| lag.row_count > 0);
    let outbox = OutboxQueue {
        paused: paused(Queue::Outbox),
        event_count: lag.row_count,
        oldest_ms: oldest.map(milliseconds),
    };
    let subscribers = [Queue::WalletAudit, Queue::WalletMetrics]
        .map(|queue| SubscriberQueue { name: queue.to_string(), paused: paused(queue) })
        .to_vec();
    Ok(Json(Queues { saga, outbox, subscribers }))
}

/// `GET /admin/v1/jobs?queue=&status=&limit=&cursor=`, newest first.
pub(crate) async fn jobs(
    State(app): State<App>,
    _: Viewer,
    mut params: Params,
) -> Result<Json<Page<Job>>, ApiError> {
    // The other queues have no jobs; the parameter is there for the day when they have.
    let saga = |text: &str| (text == Queue::Saga.as_str()).then_some(());
    params.read("queue", "must be saga, the only queue with jobs", saga);
    let state = params.word("status", JobState::ALL);
    let (limit, before) = params.page::<JobPlace>();
    params.finish()?;
    let before = before.as_ref().map(|place| place.0.as_str());
    let found = queues::list(app.readers.writer(), state, before, limit).await?;
    let more = u64::try_from(found.len()).is_ok_and(|count| count == limit);
    let last = found.last().filter(|_| more);
    let next_cursor = last.map(|job| JobPlace(job.id.clone()).encode());
    Ok(Json(Page { items: found.into_iter().map(job).collect(), next_cursor }))
}

/// `GET /admin/v1/jobs/{job_id}`, with its transfers.
pub(crate) async fn get_job(
    State(app): State<App>,
    _: Viewer,
    Words([id]): Words<1>,
    _: NoParams,
) -> Result<Json<Job>, ApiError> {
    let found = queues::get(app.readers.writer(), &id).await?.ok_or_else(not_found)?;
    with_transfers(&app, found).await
}

/// `POST /admin/v1/jobs/{job_id}/retry-now`
pub(crate) async fn retry_job(
    State(app): State<App>,
    Changer(actor): Changer,
    Words([id]): Words<1>,
    _: NoParams,
    Body(body): Body<OperatorReason>,
) -> Result<Json<Job>, ApiError> {
    let mut checks = Checks::default();
    checks.text("reason", &body.reason);
    checks.finish()?;
    let sent = queues::retry_now(app.readers.writer(), &id, &actor, &body.reason).await;
    let ready = sent.map_err(|error| match error {
        RetryError::NotFound => not_found(),
        RetryError::NotWaiting(state) => ApiError::new(
            ProblemCode::JobNotWaiting,
            match state {
                JobState::InHand => "A worker has it in hand.",
                _ => "It is done.",
            },
        ),
        RetryError::Store(error) => error.into(),
    })?;
    app.waker.wake();
    with_transfers(&app, ready).await
}

/// `GET /admin/v1/workers`, the last heard of first.
pub(crate) async fn workers(
    State(app): State<App>,
    _: Viewer,
    _: NoParams,
) -> Result<Json<Vec<Worker>>, ApiError> {
    let found = queues::workers(app.readers.writer()).await?;
    Ok(Json(found.into_iter().map(worker).collect()))
}

async fn with_transfers(app: &App, found: queues::Job) -> Result<Json<Job>, ApiError> {
    let ids = found.transfers.clone();
    let statuses = store::transfers::statuses(app.readers.writer(), &ids).await?;
    let statuses: HashMap<TransferId, TransferStatus> = statuses.into_iter().collect();
    let transfer = |id: TransferId| JobTransfer { id, status: statuses.get(&id).copied() };
    let mut one = job(found);
    one.transfers = Some(ids.into_iter().map(transfer).collect());
    Ok(Json(one))
}

fn saga(found: &queues::SagaQueue, paused: bool) -> SagaQueue {
    SagaQueue {
        paused,
        jobs: JobCounts {
            ready: found.ready,
            scheduled: found.scheduled,
            in_hand: found.in_hand,
            failed: found.failed,
            done: found.done,
        },
        oldest_ready_ms: found.oldest_ready_ms,
        workers_alive: found.workers_alive,
        transfers: OpenCounts {
            runnable: found.runnable,
            retrying: found.retrying,
            paused: found.paused,
            parked: found.parked,
        },
        oldest_due_ms: found.oldest_due_ms,
    }
}

fn job(found: queues::Job) -> Job {
    Job {
        id: found.id,
        queue: Queue::Saga.to_string(),
        status: found.state,
        attempt_count: found.attempts,
        attempt_count_max: found.attempts_max,
        created_at: found.created_at,
        run_at: found.run_at,
        taken_by: found.worker,
        taken_at: found.taken_at,
        ended_at: found.done_at,
        last_result: found.last_result,
        transfer_count: u64::try_from(found.transfers.len()).unwrap_or(u64::MAX),
        transfers: None,
    }
}

fn worker(found: queues::Worker) -> Worker {
    Worker {
        id: found.id,
        queue: Queue::Saga.to_string(),
        host: found.host,
        pid: found.pid,
        started_at: found.started_at,
        last_seen_at: found.last_seen,
        alive: found.alive,
        jobs_in_hand: found.in_hand,
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn not_found() -> ApiError {
    ApiError::new(ProblemCode::JobNotFound, "There is no job with this id.")
}

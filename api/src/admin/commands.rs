//! What operators want done to queues. The desk of a worker process does it; the answer
//! says that it is written down, and where to see how far it is.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::idempotency::IdempotencyKey;
use domain::ids::CommandId;
use domain::queue::{CommandKind, CommandStatus};
use store::operators::Operator;
use store::queue_desk::{self, CommandFilter, NewCommand, RequestError, Requested, StopError};
use wire::limits::MESSAGE_IDS_MAX;
use wire::{Command, FieldError, OperatorReason, Page, ProblemCode, PurgeQueue, RedriveQueue};

use super::operator::{Changer, Viewer};
use crate::check::Checks;
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::extract::{Body, Id, NoParams, OptionalKey, Params};
use crate::state::App;
use crate::wallets::IDEMPOTENT_REPLAYED;

/// `POST /admin/v1/sqs/redrive`: everything in a queue, or the messages named.
pub(crate) async fn redrive(
    State(app): State<App>,
    Changer(actor): Changer,
    _: NoParams,
    OptionalKey(key): OptionalKey,
    Body(body): Body<RedriveQueue>,
) -> Result<Response, ApiError> {
    let mut checks = Checks::default();
    checks.text("queue", &body.queue);
    checks.text("reason", &body.reason);
    // None is everything; an empty list is more likely a mistake than nothing to do.
    if let Some(ids) = &body.message_ids
        && !(1..=MESSAGE_IDS_MAX).contains(&ids.len())
    {
        let detail = format!("must have 1 to {MESSAGE_IDS_MAX} ids; leave it out for all messages");
        checks.wrong(ProblemCode::InvalidBody, "message_ids", detail);
    }
    for id in body.message_ids.iter().flatten() {
        checks.text("message_ids", id);
    }
    checks.finish()?;
    let kind = match body.message_ids {
        Some(_) => CommandKind::RedriveMessages,
        None => CommandKind::RedriveQueue,
    };
    let message_ids = body.message_ids.unwrap_or_default();
    ask(&app, &actor, new(kind, body.queue, message_ids, body.reason, key)).await
}

/// `POST /admin/v1/sqs/purge`
pub(crate) async fn purge(
    State(app): State<App>,
    Changer(actor): Changer,
    _: NoParams,
    OptionalKey(key): OptionalKey,
    Body(body): Body<PurgeQueue>,
) -> Result<Response, ApiError> {
    let mut checks = Checks::default();
    checks.text("queue", &body.queue);
    checks.text("reason", &body.reason);
    checks.finish()?;
    let command = new(CommandKind::PurgeQueue, body.queue, Vec::new(), body.reason, key);
    ask(&app, &actor, command).await
}

fn new(
    kind: CommandKind,
    queue: String,
    message_ids: Vec<String>,
    reason: String,
    key: Option<IdempotencyKey>,
) -> NewCommand {
    let key = key.map(|key| key.as_str().to_owned());
    NewCommand { kind, queue, message_ids, reason, key }
}

async fn ask(app: &App, actor: &Operator, new: NewCommand) -> Result<Response, ApiError> {
    let asked = queue_desk::request(app.readers.writer(), actor, &new).await;
    let (command, replayed) = match asked.map_err(|error| refusal(error, &new.queue))? {
        Requested::New(command) => (command, false),
        Requested::Replayed(command) => (command, true),
    };
    app.desk.wake();
    let place = HeaderValue::from_str(&format!("/admin/v1/commands/{}", command.id));
    let mut headers = HeaderMap::new();
    if let Ok(place) = place {
        headers.insert(header::LOCATION, place);
    }
    if replayed {
        headers.insert(&IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    Ok((StatusCode::ACCEPTED, headers, Json(view(command))).into_response())
}

fn refusal(error: RequestError, queue: &str) -> ApiError {
    match error {
        RequestError::UnknownQueue => {
            let detail = format!("The desk watches no queue {queue}.");
            ApiError::new(ProblemCode::QueueNotFound, detail)
        }
        RequestError::NoDeadLetterQueue => {
            let detail = format!("names {queue}, which is no dead-letter queue");
            ApiError::field(ProblemCode::InvalidBody, "queue", detail)
        }
        RequestError::UnknownMessages(ids) => {
            let absent =
                |id: String| FieldError::new("message_ids", format!("{id} is not in {queue}"));
            ApiError::fields(ProblemCode::InvalidBody, ids.into_iter().map(absent).collect())
        }
        RequestError::KeyReused => ApiError::key_reused(),
        RequestError::Store(error) => error.into(),
    }
}

/// `GET /admin/v1/commands?queue=&status=`, newest first.
pub(crate) async fn list(
    State(app): State<App>,
    _: Viewer,
    mut params: Params,
) -> Result<Json<Page<Command>>, ApiError> {
    let status = params.word("status", CommandStatus::ALL);
    let (limit, before) = params.page();
    let filter = CommandFilter { queue: params.text("queue"), status, before };
    params.finish()?;
    let commands = queue_desk::commands(app.readers.writer(), &filter, limit).await?;
    let more = u64::try_from(commands.len()).is_ok_and(|count| count == limit);
    let next_cursor = commands.last().filter(|_| more).map(|last| last.id.encode());
    Ok(Json(Page { items: commands.into_iter().map(view).collect(), next_cursor }))
}

/// `GET /admin/v1/commands/{command_id}`
pub(crate) async fn get(
    State(app): State<App>,
    _: Viewer,
    Id(id): Id<CommandId>,
    _: NoParams,
) -> Result<Json<Command>, ApiError> {
    let command = queue_desk::get_command(app.readers.writer(), id).await?;
    command.map(|command| Json(view(command))).ok_or_else(not_found)
}

/// `POST /admin/v1/commands/{command_id}/stop`
pub(crate) async fn stop(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): Id<CommandId>,
    _: NoParams,
    Body(body): Body<OperatorReason>,
) -> Result<Json<Command>, ApiError> {
    let mut checks = Checks::default();
    checks.text("reason", &body.reason);
    checks.finish()?;
    let stopped = queue_desk::stop(app.readers.writer(), &actor, id, &body.reason).await;
    let command = stopped.map_err(|error| match error {
        StopError::NotFound => not_found(),
        StopError::Store(error) => error.into(),
    })?;
    app.desk.wake();
    Ok(Json(view(command)))
}

fn not_found() -> ApiError {
    ApiError::new(ProblemCode::CommandNotFound, "There is no command with this id.")
}

fn view(command: queue_desk::Command) -> Command {
    Command {
        id: command.id,
        kind: command.kind,
        queue: command.queue,
        message_ids: command.message_ids,
        status: command.status,
        done_count: command.done_count,
        total_count: command.total_count,
        detail: command.detail,
        requested_by: command.requested_by,
        reason: command.reason,
        created_at: command.created_at,
        started_at: command.started_at,
        ended_at: command.finished_at,
        stop_requested_at: command.stop_requested_at,
        heartbeat_at: command.heartbeat_at,
    }
}

//! Commands as operators ask for them.
//!
//! Protocol: the same intention, asked again, is the same command. It is the same by its
//! `Idempotency-Key`, or while it is open by its kind, queue and messages.

use domain::ids::CommandId;
use domain::queue::{CommandKind, CommandStatus};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, PgPool, Row};
use uuid::Uuid;

use super::command::act;
use super::{Command, LEASE};
use crate::StoreError;
use crate::operator_audit::{self, Act};
use crate::operators::Operator;

/// Tries to write a command while others write the same one.
const TRIES: usize = 3;

/// What an operator asks.
#[derive(Debug, Clone)]
pub struct NewCommand {
    /// What is to be done.
    pub kind: CommandKind,
    /// The dead-letter queue.
    pub queue: String,
    /// Which messages, for `redrive_messages`.
    pub message_ids: Vec<String>,
    /// Why.
    pub reason: String,
    /// The operator's own id of this intention.
    pub key: Option<String>,
}

/// What became of the request.
#[derive(Debug, Clone)]
pub enum Requested {
    /// A new command.
    New(Command),
    /// It was asked before; as it stands now.
    Replayed(Command),
}

/// Why there is no command.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The desk watches no queue of this name.
    #[error("no such queue")]
    UnknownQueue,
    /// Its messages have no source that they could go back to, and are not lost.
    #[error("the queue is no dead-letter queue")]
    NoDeadLetterQueue,
    /// The index does not have these as present.
    #[error("{} messages are not in the queue", .0.len())]
    UnknownMessages(Vec<String>),
    /// The key stands for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// A statement failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a command was not stopped.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// There is none with this id.
    #[error("no such command")]
    NotFound,
    /// A statement failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for RequestError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<sqlx::Error> for StopError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Writes a command down, and that it was asked.
pub async fn request(
    pool: &PgPool,
    actor: &Operator,
    new: &NewCommand,
) -> Result<Requested, RequestError> {
    let mut connection = pool.acquire().await?;
    let arguments = arguments(new);
    for _ in 0..TRIES {
        let mut tx = connection.begin().await?;
        if let Some(known) = known_in_tx(&mut tx, actor, new, &arguments).await? {
            return Ok(Requested::Replayed(known));
        }
        check_in_tx(&mut tx, new).await?;
        let row = sqlx::query(include_str!("request/insert.sql"))
            .bind(Uuid::now_v7())
            .bind(new.kind.as_str())
            .bind(&new.queue)
            .bind(&arguments)
            .bind(&actor.name)
            .bind(actor.role.as_str())
            .bind(&new.reason)
            .bind(&new.key)
            .fetch_optional(&mut *tx)
            .await?;
        // None: somebody asked for the same at the same time. Look again.
        let Some(row) = row else { continue };
        let command = Command::of(&row)?;
        let act = Act {
            actor,
            action: &format!("queue.{}", act(new.kind)),
            subject: format!("queue:{}", new.queue),
            reason: &new.reason,
            before: Value::Null,
            after: json!({"command_id": command.id, "kind": new.kind, "arguments": arguments}),
        };
        operator_audit::record_in_tx(&mut tx, &act).await?;
        tx.commit().await?;
        return Ok(Requested::New(command));
    }
    Err(StoreError::Contended.into())
}

/// In one spelling, so that equal requests are equal.
fn arguments(new: &NewCommand) -> Value {
    if new.kind != CommandKind::RedriveMessages {
        return json!({});
    }
    let mut ids: Vec<&str> = new.message_ids.iter().map(String::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    json!({ "message_ids": ids })
}

/// The command that this request has made already.
async fn known_in_tx(
    connection: &mut PgConnection,
    actor: &Operator,
    new: &NewCommand,
    arguments: &Value,
) -> Result<Option<Command>, RequestError> {
    let row = sqlx::query(include_str!("request/known.sql"))
        .bind(&actor.name)
        .bind(&new.key)
        .bind(new.kind.as_str())
        .bind(&new.queue)
        .bind(arguments)
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let known = Command::of(&row)?;
    let by_key: bool = row.try_get("by_key")?;
    let same = known.kind == new.kind
        && known.queue == new.queue
        && known.reason == new.reason
        && row.try_get::<Value, _>("arguments")? == *arguments;
    if by_key && !same {
        return Err(RequestError::KeyReused);
    }
    Ok(Some(known))
}

async fn check_in_tx(connection: &mut PgConnection, new: &NewCommand) -> Result<(), RequestError> {
    let source: Option<Option<String>> =
        sqlx::query_scalar("SELECT source_queue FROM sqs_queue WHERE name = $1")
            .bind(&new.queue)
            .fetch_optional(&mut *connection)
            .await?;
    match source {
        None => return Err(RequestError::UnknownQueue),
        Some(None) => return Err(RequestError::NoDeadLetterQueue),
        Some(Some(_)) => {}
    }
    let absent: Vec<String> = sqlx::query_scalar(include_str!("request/absent.sql"))
        .bind(&new.queue)
        .bind(&new.message_ids)
        .fetch_all(connection)
        .await?;
    if absent.is_empty() { Ok(()) } else { Err(RequestError::UnknownMessages(absent)) }
}

/// Stops a command: one that runs ends at its next message, one that nobody is at ends at
/// once, one at its end stays as it is.
pub async fn stop(
    pool: &PgPool,
    actor: &Operator,
    id: CommandId,
    reason: &str,
) -> Result<Command, StopError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    let row = sqlx::query(include_str!("request/to_stop.sql"))
        .bind(id.0)
        .bind(i32::try_from(LEASE.as_secs()).unwrap_or(i32::MAX))
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(StopError::NotFound)?;
    let (before, idle) = (Command::of(&row)?, row.try_get::<bool, _>("idle")?);
    let runs = before.status == CommandStatus::Running && before.stop_requested_at.is_none();
    if !idle && !runs {
        return Ok(before);
    }
    let stopping = sqlx::query(include_str!("request/stop.sql")).bind(id.0).bind(idle);
    let row = stopping.fetch_one(&mut *tx).await?;
    let after = Command::of(&row)?;
    let act = Act {
        actor,
        action: "command.stop",
        subject: format!("command:{id}"),
        reason,
        before: before.outcome(),
        after: after.outcome(),
    };
    operator_audit::record_in_tx(&mut tx, &act).await?;
    tx.commit().await?;
    Ok(after)
}

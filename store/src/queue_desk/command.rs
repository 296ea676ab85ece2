//! Commands to look at.

use chrono::{DateTime, Utc};
use domain::ids::CommandId;
use domain::operator::OperatorRole;
use domain::queue::{CommandKind, CommandStatus};
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};

use crate::StoreError;
use crate::operators::Operator;

/// What an operator wants done to a queue, and how far it is.
#[derive(Debug, Clone)]
pub struct Command {
    /// A uuid v7.
    pub id: CommandId,
    /// What is to be done.
    pub kind: CommandKind,
    /// The dead-letter queue.
    pub queue: String,
    /// The messages of `redrive_messages`, sorted; empty for the others.
    pub message_ids: Vec<String>,
    /// How far it is.
    pub status: CommandStatus,
    /// Messages dealt with.
    pub done_count: i64,
    /// Messages to deal with as counted at its start; null before.
    pub total_count: Option<i64>,
    /// What a person should know about how it goes; null when there is nothing to say.
    pub detail: Option<String>,
    /// The message move task of SQS that does it; null when it is done by hand.
    pub task_handle: Option<String>,
    /// Name of the operator.
    pub requested_by: String,
    /// Role of the operator at that time.
    pub role: OperatorRole,
    /// Why, in the operator's words.
    pub reason: String,
    /// When it was asked.
    pub created_at: DateTime<Utc>,
    /// When a desk first began; null before.
    pub started_at: Option<DateTime<Utc>>,
    /// When it came to its end; null before.
    pub finished_at: Option<DateTime<Utc>>,
    /// When an operator asked to stop it; null when none did.
    pub stop_requested_at: Option<DateTime<Utc>>,
    /// Last sign of life of the process that does it.
    pub heartbeat_at: Option<DateTime<Utc>>,
}

/// Which commands.
#[derive(Debug, Clone, Default)]
pub struct CommandFilter {
    /// Of this dead-letter queue.
    pub queue: Option<String>,
    /// As far as this.
    pub status: Option<CommandStatus>,
    /// Older than this one.
    pub before: Option<CommandId>,
}

/// One command.
pub async fn get_command(pool: &PgPool, id: CommandId) -> Result<Option<Command>, StoreError> {
    let row = sqlx::query("SELECT * FROM operator_command WHERE id = $1").bind(id.0);
    row.fetch_optional(pool).await?.as_ref().map(Command::of).transpose()
}

/// Commands, newest first.
pub async fn commands(
    pool: &PgPool,
    filter: &CommandFilter,
    limit: u64,
) -> Result<Vec<Command>, StoreError> {
    let rows = sqlx::query(include_str!("command/list.sql"))
        .bind(&filter.queue)
        .bind(filter.status.map(CommandStatus::as_str))
        .bind(filter.before.map(|id| id.0))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await?;
    rows.iter().map(Command::of).collect()
}

impl Command {
    pub(super) fn of(row: &PgRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: CommandId(row.try_get("id")?),
            kind: word(row, "kind")?,
            queue: row.try_get("queue")?,
            message_ids: message_ids(&row.try_get("arguments")?),
            status: word(row, "status")?,
            done_count: row.try_get("done_count")?,
            total_count: row.try_get("total_count")?,
            detail: row.try_get("detail")?,
            task_handle: row.try_get("task_handle")?,
            requested_by: row.try_get("requested_by")?,
            role: word(row, "role")?,
            reason: row.try_get("reason")?,
            created_at: row.try_get("created_at")?,
            started_at: row.try_get("started_at")?,
            finished_at: row.try_get("finished_at")?,
            stop_requested_at: row.try_get("stop_requested_at")?,
            heartbeat_at: row.try_get("heartbeat_at")?,
        })
    }

    /// The verb of the audit: what is done to the queue.
    pub(super) fn act(&self) -> &'static str {
        act(self.kind)
    }

    pub(super) fn requester(&self) -> Operator {
        Operator { name: self.requested_by.clone(), role: self.role }
    }

    /// How it stands, for the audit.
    pub(super) fn outcome(&self) -> Value {
        json!({
            "command_id": self.id, "kind": self.kind, "status": self.status,
            "done_count": self.done_count, "total_count": self.total_count, "detail": self.detail,
        })
    }
}

pub(super) fn act(kind: CommandKind) -> &'static str {
    match kind {
        CommandKind::RedriveQueue | CommandKind::RedriveMessages => "redrive",
        CommandKind::PurgeQueue => "purge",
    }
}

fn message_ids(arguments: &Value) -> Vec<String> {
    let ids = arguments["message_ids"].as_array().into_iter().flatten();
    ids.filter_map(|id| id.as_str().map(ToOwned::to_owned)).collect()
}

/// A stored word as the domain knows it.
pub(super) fn word<T>(row: &PgRow, column: &str) -> Result<T, StoreError>
where
    T: std::str::FromStr<Err = domain::text::UnknownWord>,
{
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|error: T::Err| StoreError::Corrupt(error.to_string()))
}

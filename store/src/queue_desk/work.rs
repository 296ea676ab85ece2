//! Commands as the desk runs them.

use domain::ids::CommandId;
use domain::queue::{CommandStatus, DeadMessageStatus};
use sqlx::{Connection, PgPool, Row};
use uuid::Uuid;

use super::{Command, record_in_tx};
use crate::StoreError;

/// What the one who runs a command is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orders {
    /// Go on.
    Go,
    /// An operator wants it to stop.
    Stop,
    /// Another process has it, or it is at its end.
    Leave,
}

/// What there is to say about a command that runs; none leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Messages dealt with, as SQS counts them.
    pub done_count: Option<i64>,
    /// Messages to deal with.
    pub total_count: Option<i64>,
    /// How it goes.
    pub detail: Option<String>,
    /// The move task that does it.
    pub task_handle: Option<String>,
}

/// How a command ends.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// A final status.
    pub status: CommandStatus,
    /// What a person should know, in the place of what was said before.
    pub detail: Option<String>,
    /// What became of everything that is in the queue; none when that is known already.
    pub all: Option<DeadMessageStatus>,
}

/// The next command on the queue: first one that was begun. None when `holder` has no lease of it.
pub async fn claim(
    pool: &PgPool,
    queue: &str,
    holder: Uuid,
) -> Result<Option<Command>, StoreError> {
    let row = sqlx::query(include_str!("work/claim.sql"))
        .bind(queue)
        .bind(holder)
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(Command::of).transpose()
}

/// Says how it goes, and asks for orders.
pub async fn report(
    pool: &PgPool,
    id: CommandId,
    holder: Uuid,
    report: &Report,
) -> Result<Orders, StoreError> {
    let stop: Option<bool> = sqlx::query_scalar(include_str!("work/report.sql"))
        .bind(id.0)
        .bind(holder)
        .bind(report.done_count)
        .bind(report.total_count)
        .bind(&report.detail)
        .bind(&report.task_handle)
        .fetch_optional(pool)
        .await?;
    Ok(orders(stop))
}

/// Messages were sent back to their source. Each counts once for a command, also when
/// it has to be sent again because its deletion did not come through.
pub async fn note_redriven(
    pool: &PgPool,
    command: &Command,
    holder: Uuid,
    message_ids: &[String],
) -> Result<Orders, StoreError> {
    let stop: Option<bool> = sqlx::query_scalar(include_str!("work/note_redriven.sql"))
        .bind(command.id.0)
        .bind(holder)
        .bind(&command.queue)
        .bind(message_ids)
        .fetch_optional(pool)
        .await?;
    Ok(orders(stop))
}

fn orders(stop: Option<bool>) -> Orders {
    match stop {
        Some(false) => Orders::Go,
        Some(true) => Orders::Stop,
        None => Orders::Leave,
    }
}

/// Whether SQS itself put everything there that the index has as present.
pub async fn all_by_sqs(pool: &PgPool, queue: &str) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(include_str!("work/all_by_sqs.sql")).bind(queue).fetch_one(pool).await?)
}

/// Ends a command and appends that to the audit. None when another process has it.
pub async fn finish(
    pool: &PgPool,
    command: &Command,
    holder: Uuid,
    outcome: &Outcome,
) -> Result<Option<Command>, StoreError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    let row = sqlx::query(include_str!("work/finish.sql"))
        .bind(command.id.0)
        .bind(holder)
        .bind(outcome.status.as_str())
        .bind(&outcome.detail)
        .fetch_optional(&mut *tx)
        .await?;
    let Some(mut ended) = row.as_ref().map(Command::of).transpose()? else { return Ok(None) };
    if let Some(status) = outcome.all {
        let row = sqlx::query(include_str!("work/close_all.sql"))
            .bind(command.id.0)
            .bind(&command.queue)
            .bind(status.as_str())
            .fetch_one(&mut *tx)
            .await?;
        ended.done_count = row.try_get(0)?;
    }
    record_in_tx(&mut tx, &ended, ended.status.as_str()).await?;
    tx.commit().await?;
    Ok(Some(ended))
}

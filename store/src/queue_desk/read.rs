//! Queues and their dead messages to look at: all from the index, none by a receive.

use chrono::{DateTime, Utc};
use domain::ids::{CommandId, DeadLetterId, EventId, TransferId};
use domain::queue::DeadMessageStatus;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::command::word;
use crate::StoreError;

/// A queue that the desk watches.
#[derive(Debug, Clone)]
pub struct WatchedQueue {
    /// Its name.
    pub name: String,
    /// Where its messages come from; none for one that is no dead-letter queue.
    pub source_queue: Option<String>,
    /// Messages that a receive may get; none before the first sample, like the others.
    pub visible_count: Option<i64>,
    /// Messages in somebody's hands.
    pub in_flight_count: Option<i64>,
    /// Messages that are not yet to be had.
    pub delayed_count: Option<i64>,
    /// Seconds that it keeps a message.
    pub retention_s: Option<i64>,
    /// When it was counted.
    pub sampled_at: Option<DateTime<Utc>>,
    /// Messages that the index has as present.
    pub present_count: i64,
    /// When the first of them expires; none when there is none.
    pub first_expires_at: Option<DateTime<Utc>>,
}

/// A message that is, or was, in a dead-letter queue.
#[derive(Debug, Clone)]
pub struct DeadMessage {
    /// As SQS names it in this queue.
    pub message_id: String,
    /// The dead-letter queue.
    pub queue: String,
    /// As it was sent; none in lists.
    pub body: Option<String>,
    /// Its message attributes, those that are text.
    pub attributes: Value,
    /// Transfers that its envelopes tell of.
    pub transfer_ids: Vec<TransferId>,
    /// Ids of its envelopes.
    pub event_ids: Vec<EventId>,
    /// Why it is there.
    pub reason: String,
    /// Same cause, same text.
    pub fingerprint: String,
    /// The queue that SQS took it from; none when a consumer put it there.
    pub source_arn: Option<String>,
    /// Receives when it was last seen.
    pub receive_count: i32,
    /// On a standard queue when it was first sent.
    pub sent_at: DateTime<Utc>,
    /// When SQS throws it away.
    pub expires_at: DateTime<Utc>,
    /// Seconds until then, by the database's clock; negative when it is past.
    pub expires_in_s: i64,
    /// When the desk saw it first.
    pub first_seen_at: DateTime<Utc>,
    /// When the desk saw it last.
    pub last_seen_at: DateTime<Utc>,
    /// What is known of it.
    pub status: DeadMessageStatus,
    /// When it left the queue as far as we know; none while present.
    pub closed_at: Option<DateTime<Utc>>,
    /// The last command that sent it back or purged it.
    pub command_id: Option<CommandId>,
}

/// A place in the list of dead messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// When the desk saw it first.
    pub first_seen_at: DateTime<Utc>,
    /// Its id.
    pub message_id: String,
}

/// Which dead messages.
#[derive(Debug, Clone, Default)]
pub struct MessageFilter {
    /// In this dead-letter queue.
    pub queue: Option<String>,
    /// Of which this is known.
    pub status: Option<DeadMessageStatus>,
    /// With this reason, letter for letter.
    pub reason: Option<String>,
    /// With this cause.
    pub fingerprint: Option<String>,
    /// That tell of this transfer.
    pub transfer: Option<TransferId>,
    /// Seen earlier than this one.
    pub before: Option<Seen>,
}

/// Messages in a queue with the same cause.
#[derive(Debug, Clone)]
pub struct MessageGroup {
    /// The dead-letter queue.
    pub queue: String,
    /// The cause.
    pub fingerprint: String,
    /// The reason of one of them.
    pub reason: String,
    /// How many.
    pub count: i64,
    /// When the oldest was sent.
    pub oldest_sent_at: DateTime<Utc>,
    /// When the first of them expires.
    pub first_expires_at: DateTime<Utc>,
    /// Seconds until then; negative when it is past.
    pub first_expires_in_s: i64,
}

/// A transfer that a dead message tells of.
#[derive(Debug, Clone)]
pub struct MessageTransfer {
    /// The transfer.
    pub id: TransferId,
    /// Its status; none when there is no such transfer.
    pub status: Option<String>,
    /// Its open dead letter; none when it has none.
    pub dead_letter_id: Option<DeadLetterId>,
}

/// All queues, by name.
pub async fn queues(pool: &PgPool) -> Result<Vec<WatchedQueue>, StoreError> {
    let rows = sqlx::query(include_str!("read/queues.sql")).fetch_all(pool).await?;
    let queue = |row: &PgRow| -> Result<WatchedQueue, StoreError> {
        Ok(WatchedQueue {
            name: row.try_get("name")?,
            source_queue: row.try_get("source_queue")?,
            visible_count: row.try_get("visible_count")?,
            in_flight_count: row.try_get("in_flight_count")?,
            delayed_count: row.try_get("delayed_count")?,
            retention_s: row.try_get("retention_s")?,
            sampled_at: row.try_get("sampled_at")?,
            present_count: row.try_get("present_count")?,
            first_expires_at: row.try_get("first_expires_at")?,
        })
    };
    rows.iter().map(queue).collect()
}

/// Dead messages, newest first by when the desk first saw them.
pub async fn messages(
    pool: &PgPool,
    filter: &MessageFilter,
    limit: u64,
) -> Result<Vec<DeadMessage>, StoreError> {
    let rows = sqlx::query(include_str!("read/messages.sql"))
        .bind(&filter.queue)
        .bind(filter.status.map(DeadMessageStatus::as_str))
        .bind(&filter.reason)
        .bind(&filter.fingerprint)
        .bind(filter.transfer.map(|id| id.0))
        .bind(filter.before.as_ref().map(|seen| seen.first_seen_at))
        .bind(filter.before.as_ref().map(|seen| seen.message_id.as_str()))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await?;
    rows.iter().map(message).collect()
}

/// One dead message with its body; where two queues have one of this id, the later one.
pub async fn get_message(
    pool: &PgPool,
    message_id: &str,
) -> Result<Option<DeadMessage>, StoreError> {
    let row = sqlx::query(include_str!("read/message.sql")).bind(message_id);
    let row = row.fetch_optional(pool).await?;
    let Some(row) = row else { return Ok(None) };
    let body = row.try_get("body")?;
    Ok(Some(DeadMessage { body: Some(body), ..message(&row)? }))
}

/// Present messages by queue and cause, the most first.
pub async fn groups(pool: &PgPool) -> Result<Vec<MessageGroup>, StoreError> {
    let rows = sqlx::query(include_str!("read/groups.sql")).fetch_all(pool).await?;
    let group = |row: &PgRow| -> Result<MessageGroup, StoreError> {
        Ok(MessageGroup {
            queue: row.try_get("queue")?,
            fingerprint: row.try_get("fingerprint")?,
            reason: row.try_get("reason")?,
            count: row.try_get("count")?,
            oldest_sent_at: row.try_get("oldest_sent_at")?,
            first_expires_at: row.try_get("first_expires_at")?,
            first_expires_in_s: row.try_get("first_expires_in_s")?,
        })
    };
    rows.iter().map(group).collect()
}

/// What the ledger knows of transfers, in the order of their ids.
pub async fn transfers_of(
    pool: &PgPool,
    ids: &[TransferId],
) -> Result<Vec<MessageTransfer>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query(include_str!("read/transfers.sql")).bind(ids).fetch_all(pool).await?;
    let transfer = |row: &PgRow| -> Result<MessageTransfer, StoreError> {
        Ok(MessageTransfer {
            id: TransferId(row.try_get("id")?),
            status: row.try_get("status")?,
            dead_letter_id: row.try_get::<Option<Uuid>, _>("dead_letter_id")?.map(DeadLetterId),
        })
    };
    rows.iter().map(transfer).collect()
}

fn message(row: &PgRow) -> Result<DeadMessage, StoreError> {
    let transfer_ids: Vec<Uuid> = row.try_get("transfer_ids")?;
    let event_ids: Vec<Uuid> = row.try_get("event_ids")?;
    Ok(DeadMessage {
        message_id: row.try_get("message_id")?,
        queue: row.try_get("queue")?,
        body: None,
        attributes: row.try_get("attributes")?,
        transfer_ids: transfer_ids.into_iter().map(TransferId).collect(),
        event_ids: event_ids.into_iter().map(EventId).collect(),
        reason: row.try_get("reason")?,
        fingerprint: row.try_get("fingerprint")?,
        source_arn: row.try_get("source_arn")?,
        receive_count: row.try_get("receive_count")?,
        sent_at: row.try_get("sent_at")?,
        expires_at: row.try_get("expires_at")?,
        expires_in_s: row.try_get("expires_in_s")?,
        first_seen_at: row.try_get("first_seen_at")?,
        last_seen_at: row.try_get("last_seen_at")?,
        status: word(row, "status")?,
        closed_at: row.try_get("closed_at")?,
        command_id: row.try_get::<Option<Uuid>, _>("command_id")?.map(CommandId),
    })
}

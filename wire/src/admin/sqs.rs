use chrono::{DateTime, Utc};
use domain::ids::{CommandId, DeadLetterId, EventId, TransferId};
use domain::queue::{CommandKind, CommandStatus, DeadMessageStatus};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A queue that the desk watches, with its counts as SQS gives them: approximately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SqsQueue {
    /// Its name.
    pub name: String,
    /// Where its messages come from; null for one that is no dead-letter queue.
    pub source_queue: Option<String>,
    /// Messages that a receive may get; null before the first sample, like the others.
    pub visible_count: Option<i64>,
    /// Messages in somebody's hands.
    pub in_flight_count: Option<i64>,
    /// Messages that are not yet to be had.
    pub delayed_count: Option<i64>,
    /// Seconds that it keeps a message.
    pub retention_s: Option<i64>,
    /// When it was counted.
    pub sampled_at: Option<DateTime<Utc>>,
    /// Messages that the index has as present; 0 for one that is no dead-letter queue.
    pub present_count: i64,
    /// When the first of them expires; null when there is none.
    pub first_expires_at: Option<DateTime<Utc>>,
}

/// A message that is, or was, in a dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadMessage {
    /// As SQS names it in this queue.
    pub message_id: String,
    /// The dead-letter queue.
    pub queue: String,
    /// As it was sent; only where one message is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub body: Option<String>,
    /// Its message attributes, those that are text.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub attributes: Value,
    /// Transfers that its envelopes tell of.
    pub transfer_ids: Vec<TransferId>,
    /// Ids of its envelopes.
    pub event_ids: Vec<EventId>,
    /// What the consumer said that put it there, or `receive_count_exceeded` when SQS did.
    pub reason: String,
    /// Same cause, same text.
    pub fingerprint: String,
    /// The queue that SQS took it from; null when a consumer put it there.
    pub source_arn: Option<String>,
    /// Receives when it was last seen.
    pub receive_count: i32,
    /// On a standard queue when it was first sent, not when it came here.
    pub sent_at: DateTime<Utc>,
    /// When SQS throws it away.
    pub expires_at: DateTime<Utc>,
    /// Seconds until then; negative when it is past.
    pub expires_in_s: i64,
    /// When the desk saw it first.
    pub first_seen_at: DateTime<Utc>,
    /// When the desk saw it last.
    pub last_seen_at: DateTime<Utc>,
    /// What is known of it.
    pub status: DeadMessageStatus,
    /// When it left the queue as far as we know; null while present.
    pub closed_at: Option<DateTime<Utc>>,
    /// The last command that sent it back or purged it; null when none did.
    pub command_id: Option<CommandId>,
    /// What the ledger knows of its transfers; only where one message is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub transfers: Option<Vec<DeadMessageTransfer>>,
}

/// A transfer that a dead message tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadMessageTransfer {
    /// The transfer.
    pub id: TransferId,
    /// Its status now; null when there is no such transfer.
    pub status: Option<String>,
    /// Its open dead letter; null when it has none.
    pub dead_letter_id: Option<DeadLetterId>,
}

/// Messages in a dead-letter queue with the same cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadMessageGroup {
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

/// Body of `POST /admin/v1/sqs/redrive`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RedriveQueue {
    /// The dead-letter queue.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub queue: String,
    /// Which messages; everything in the queue when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    pub message_ids: Option<Vec<String>>,
    /// Why, for the audit; 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub reason: String,
}

/// Body of `POST /admin/v1/sqs/purge`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PurgeQueue {
    /// The dead-letter queue.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub queue: String,
    /// Why, for the audit; 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub reason: String,
}

/// What an operator wants done to a queue, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Command {
    /// Its id.
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
    /// Who asked.
    pub requested_by: String,
    /// Why.
    pub reason: String,
    /// When it was asked.
    pub created_at: DateTime<Utc>,
    /// When a desk first began; null before.
    pub started_at: Option<DateTime<Utc>>,
    /// When it came to its end; null before.
    pub ended_at: Option<DateTime<Utc>>,
    /// When an operator asked to stop it; null when none did.
    pub stop_requested_at: Option<DateTime<Utc>>,
    /// Last sign of life of the process that does it.
    pub heartbeat_at: Option<DateTime<Utc>>,
}

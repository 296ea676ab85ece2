//! The index of the dead-letter queues.

use domain::queue::DeadMessageStatus;
use sea_orm::entity::prelude::*;

use crate::row::{InvalidRow, word};

/// One message that is, or was, in a dead-letter queue.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dead_message")]
pub struct Model {
    /// As SQS names it in this queue.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub message_id: String,
    /// The dead-letter queue.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub queue: String,
    /// As it was sent.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// Its message attributes, those that are text.
    #[sea_orm(column_type = "JsonBinary")]
    pub attributes: Json,
    /// Transfers that its envelopes tell of.
    pub transfer_ids: Vec<Uuid>,
    /// Ids of its envelopes.
    pub event_ids: Vec<Uuid>,
    /// Why it is there.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// Same cause, same text.
    #[sea_orm(column_type = "Text")]
    pub fingerprint: String,
    /// The queue that SQS took it from; null when a consumer put it there.
    #[sea_orm(column_type = "Text", nullable)]
    pub source_arn: Option<String>,
    /// Receives when it was last seen, that one included.
    pub receive_count: i32,
    /// On a standard queue when it was first sent.
    pub sent_at: DateTimeUtc,
    /// When SQS throws it away.
    pub expires_at: DateTimeUtc,
    /// When the desk saw it first.
    pub first_seen_at: DateTimeUtc,
    /// When the desk saw it last.
    pub last_seen_at: DateTimeUtc,
    /// A [`DeadMessageStatus`].
    #[sea_orm(column_type = "Text")]
    pub status: String,
    /// When it left the queue as far as we know; null while present.
    pub closed_at: Option<DateTimeUtc>,
    /// The last command that sent it back or purged it; null when none did.
    pub command_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What is known of it.
    pub fn status(&self) -> Result<DeadMessageStatus, InvalidRow> {
        word("dead_message", "status", &self.status)
    }
}

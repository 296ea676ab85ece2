//! What operators want done to queues.

use domain::operator::OperatorRole;
use domain::queue::{CommandKind, CommandStatus};
use sea_orm::entity::prelude::*;

use crate::row::{InvalidRow, word};

/// One command, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "operator_command")]
pub struct Model {
    /// A uuid v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// A [`CommandKind`].
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// The dead-letter queue.
    #[sea_orm(column_type = "Text")]
    pub queue: String,
    /// The message ids of `redrive_messages`.
    #[sea_orm(column_type = "JsonBinary")]
    pub arguments: Json,
    /// A [`CommandStatus`].
    #[sea_orm(column_type = "Text")]
    pub status: String,
    /// Messages dealt with.
    pub done_count: i64,
    /// Messages to deal with as counted at its start; null before.
    pub total_count: Option<i64>,
    /// What a person should know about how it goes; null when there is nothing to say.
    #[sea_orm(column_type = "Text", nullable)]
    pub detail: Option<String>,
    /// The message move task of SQS that does it; null when it is done by hand.
    #[sea_orm(column_type = "Text", nullable)]
    pub task_handle: Option<String>,
    /// Name of the operator.
    #[sea_orm(column_type = "Text")]
    pub requested_by: String,
    /// Role of the operator at that time.
    #[sea_orm(column_type = "Text")]
    pub role: String,
    /// Why, in the operator's words.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// The operator's id of this intention; null when none was sent.
    #[sea_orm(column_type = "Text", nullable)]
    pub idempotency_key: Option<String>,
    /// When it was asked.
    pub created_at: DateTimeUtc,
    /// When a desk first began; null before.
    pub started_at: Option<DateTimeUtc>,
    /// When it came to its end; null before.
    pub finished_at: Option<DateTimeUtc>,
    /// When an operator asked to stop it; null when none did.
    pub stop_requested_at: Option<DateTimeUtc>,
    /// The process that does it; null while none does.
    pub taken_by: Option<Uuid>,
    /// Last sign of life of that process.
    pub heartbeat_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What is to be done.
    pub fn kind(&self) -> Result<CommandKind, InvalidRow> {
        word("operator_command", "kind", &self.kind)
    }

    /// How far it is.
    pub fn status(&self) -> Result<CommandStatus, InvalidRow> {
        word("operator_command", "status", &self.status)
    }

    /// What the operator might do when it was asked.
    pub fn role(&self) -> Result<OperatorRole, InvalidRow> {
        word("operator_command", "role", &self.role)
    }
}

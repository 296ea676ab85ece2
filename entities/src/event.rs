//! The event log.

use domain::event::EventType;
use sea_orm::entity::prelude::*;

use crate::row::{InvalidRow, word};

/// One event, kept and replayable. Append-only.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    /// A uuid v7; the range of it decides the partition.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// An [`EventType`].
    #[sea_orm(column_name = "type", column_type = "Text")]
    pub event_type: String,
    /// When, by the database's clock.
    pub occurred_at: DateTimeUtc,
    /// What it is about; null when it is about a wallet.
    pub transfer_id: Option<Uuid>,
    /// What it is about; null when it is about a transfer.
    pub wallet_id: Option<Uuid>,
    /// Of the request that caused it; null when there was none.
    #[sea_orm(column_type = "Text", nullable)]
    pub correlation_id: Option<String>,
    /// W3C trace context of that request; null when there was none.
    #[sea_orm(column_type = "Text", nullable)]
    pub traceparent: Option<String>,
    /// The JSON envelope, byte for byte as consumers receive it.
    #[sea_orm(column_type = "Text")]
    pub envelope: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What happened.
    pub fn event_type(&self) -> Result<EventType, InvalidRow> {
        word("event", "type", &self.event_type)
    }
}

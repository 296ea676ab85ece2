//! Every event that reached the audit consumer, as a hash chain.

use domain::event::EventType;
use sea_orm::entity::prelude::*;

use crate::row::{InvalidRow, word};

/// One event in the chain. Append-only; `holdfast-jobs audit-verify` proves it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_audit")]
pub struct Model {
    /// Order of arrival from 1, without a gap.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// The event; it is in the chain once.
    pub event_id: Uuid,
    /// An [`EventType`].
    #[sea_orm(column_name = "type", column_type = "Text")]
    pub event_type: String,
    /// What it is about; null when it is about a wallet.
    pub transfer_id: Option<Uuid>,
    /// Clock of the database under the lock of the chain; one value for a batch.
    pub received_at: DateTimeUtc,
    /// The JSON envelope, byte for byte as it was received.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// Hash of the row before; 32 zero bytes in the first.
    pub prev_hash: Vec<u8>,
    /// SHA-256 over `prev_hash` and every other column of the row.
    pub hash: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What happened.
    pub fn event_type(&self) -> Result<EventType, InvalidRow> {
        word("event_audit", "type", &self.event_type)
    }
}

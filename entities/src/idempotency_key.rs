//! Idempotency keys, kept 30 days.

use sea_orm::entity::prelude::*;

/// One key that made something.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_key")]
pub struct Model {
    /// Of caller and key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_hash: Uuid,
    /// Of what must be the same when the key comes again.
    pub payload_hash: Uuid,
    /// The transfer or wallet that the key made.
    pub resource_id: Uuid,
    /// When the key was first used; it is free again 30 days later.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Which events a consumer has dealt with.

use sea_orm::entity::prelude::*;

/// One event dealt with by one consumer. Written in the transaction of its work, kept 30 days.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "inbox")]
pub struct Model {
    /// `audit` or `metrics`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub consumer: String,
    /// The event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// Begin of the transaction that dealt with it; the row goes 30 days later.
    pub handled_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

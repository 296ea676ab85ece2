//! How much of a transfer its reversals take back.

use sea_orm::entity::prelude::*;

/// Made with the first reversal of a transfer; its lock orders those of several lanes.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "transfer_reversal")]
pub struct Model {
    /// The transfer that is reversed.
    #[sea_orm(primary_key, auto_increment = false)]
    pub transfer_id: Uuid,
    /// What the transfer has moved, in minor units.
    pub moved_minor: i64,
    /// Posted by settled reversals and reserved by open ones, in minor units.
    pub reversed_minor: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

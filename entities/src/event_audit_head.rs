//! The end of the audit chain.

use sea_orm::entity::prelude::*;

/// The only row: it is locked once for each batch that is appended.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_audit_head")]
pub struct Model {
    /// Always true, so that there is one row at most.
    #[sea_orm(primary_key, auto_increment = false)]
    pub only_row: bool,
    /// Of the newest row of `event_audit`; 0 while it is empty.
    pub seq: i64,
    /// Of the newest row of `event_audit`; 32 zero bytes while it is empty.
    pub hash: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

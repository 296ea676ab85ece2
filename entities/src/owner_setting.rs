//! What is set for an owner.

use sea_orm::entity::prelude::*;

/// An owner for whom something is set; all others have the defaults.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "owner_setting")]
pub struct Model {
    /// The owner, in the client's words.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub owner_id: String,
    /// IANA name: where the owner's days and months begin and end. UTC without a row.
    #[sea_orm(column_type = "Text")]
    pub time_zone: String,
    /// Why it was last changed.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// Who changed it last.
    #[sea_orm(column_type = "Text")]
    pub changed_by: String,
    /// When.
    pub changed_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! What operators have stopped or started.

use sea_orm::entity::prelude::*;

/// A switch that somebody has turned at least once.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "switch")]
pub struct Model {
    /// What sort of switch it is.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub kind: String,
    /// What of its kind it is about; empty for maintenance.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub subject: String,
    /// How it stands.
    pub on: bool,
    /// Why it was last turned.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// Who turned it last.
    #[sea_orm(column_type = "Text")]
    pub changed_by: String,
    /// When.
    pub changed_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

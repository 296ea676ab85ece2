//! That a second operator has agreed to what one may not do alone.

use sea_orm::entity::prelude::*;

/// Never changed or taken back.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "approval")]
pub struct Model {
    /// A uuid v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What may be done, such as `redrive_plan:<id>`.
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    /// The hash of the plan that was shown; empty for a dead letter.
    #[sea_orm(column_type = "Text")]
    pub hash: String,
    /// Who agreed.
    #[sea_orm(column_type = "Text")]
    pub approved_by: String,
    /// In which role.
    #[sea_orm(column_type = "Text")]
    pub approved_role: String,
    /// Why.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// When.
    pub approved_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

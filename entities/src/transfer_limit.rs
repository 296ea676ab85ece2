//! What operators allow a wallet or an owner to send.

use sea_orm::entity::prelude::*;

/// A limit. Lanes read them only for wallets whose hot row says that it is limited.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "transfer_limit")]
pub struct Model {
    /// A uuid v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// A [`domain::limit::LimitScope`].
    #[sea_orm(column_type = "Text")]
    pub scope: String,
    /// The id of the wallet, or of the owner.
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    /// The owner, of a wallet's limit too.
    #[sea_orm(column_type = "Text")]
    pub owner_id: String,
    /// ISO 4217 code.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    /// A [`domain::limit::LimitPeriod`].
    #[sea_orm(column_type = "Text")]
    pub period: String,
    /// A [`domain::limit::LimitUnit`].
    #[sea_orm(column_type = "Text")]
    pub unit: String,
    /// The most that is allowed: minor units, or transfers.
    pub value: i64,
    /// Why it was set so.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// Who set it.
    #[sea_orm(column_type = "Text")]
    pub set_by: String,
    /// When.
    pub set_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

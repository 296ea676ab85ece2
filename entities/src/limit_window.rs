//! What was sent in a day or a month by those who have a limit.

use sea_orm::entity::prelude::*;

/// The usage of one subject in one day or month. Locked after all wallets.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "limit_window")]
pub struct Model {
    /// A [`domain::limit::LimitScope`].
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub scope: String,
    /// The id of the wallet, or of the owner.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub subject: String,
    /// ISO 4217 code.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub currency: String,
    /// A [`domain::limit::LimitPeriod`] that is counted: day or month.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub period: String,
    /// Its first day, as a date of the owner's time zone.
    #[sea_orm(primary_key, auto_increment = false)]
    pub first_day: Date,
    /// What was sent, in minor units.
    pub amount_minor: i64,
    /// How many transfers.
    pub transfer_count: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Legs of transfers with more than one source, destination or currency.

use sea_orm::entity::prelude::*;

/// One leg; a plain transfer has none.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "transfer_leg")]
pub struct Model {
    /// Whose leg.
    #[sea_orm(primary_key, auto_increment = false)]
    pub transfer_id: Uuid,
    /// Position among the legs, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub leg: i16,
    /// `split`, `fee` or `exchange`.
    #[sea_orm(column_type = "Text")]
    pub purpose: String,
    /// The wallet it debits or credits.
    pub wallet_id: Uuid,
    /// A [`domain::wallet::Side`].
    #[sea_orm(column_type = "Text")]
    pub side: String,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// ISO 4217 code.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

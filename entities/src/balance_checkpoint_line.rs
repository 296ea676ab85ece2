//! What one wallet came to before the boundary of a checkpoint.

use sea_orm::entity::prelude::*;

/// A line of a checkpoint. Every wallet that was posted to before the boundary has one.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "balance_checkpoint_line")]
pub struct Model {
    /// The checkpoint.
    #[sea_orm(primary_key, auto_increment = false)]
    pub checkpoint_seq: i64,
    /// The wallet.
    #[sea_orm(primary_key, auto_increment = false)]
    pub wallet_id: Uuid,
    /// What it counts.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    /// Sum of its debits before the boundary, in minor units.
    pub debits_posted: i64,
    /// Sum of its credits before the boundary, in minor units.
    pub credits_posted: i64,
    /// Ledger balance after its last posting before the boundary.
    pub balance_minor: i64,
    /// Number of that posting.
    pub wallet_seq: i64,
    /// Time of that posting.
    pub last_posted_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

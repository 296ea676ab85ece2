//! What a redrive plan holds: one dead letter each, with forecast and outcome.

use sea_orm::entity::prelude::*;

/// One dead letter of one plan. Frozen but for its status and times.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "redrive_item")]
pub struct Model {
    /// The plan.
    #[sea_orm(primary_key, auto_increment = false)]
    pub plan_id: Uuid,
    /// From 1, in order of transfer ids.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// The dead letter.
    pub dead_letter_id: Uuid,
    /// Whose saga.
    pub transfer_id: Uuid,
    /// Its cause when the plan was made.
    #[sea_orm(column_type = "Text")]
    pub fingerprint: String,
    /// Where it goes on.
    #[sea_orm(column_type = "Text")]
    pub step: String,
    /// Whether the undo of the step is run, not the step.
    pub undo: bool,
    /// Where the money comes from; null for a deposit that was never given a shard.
    pub source_wallet_id: Option<Uuid>,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// ISO 4217 code.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    /// What its hold keeps reserved, in minor units.
    pub held_minor: i64,
    /// What the rules said of it when the plan was made.
    #[sea_orm(column_type = "Text")]
    pub outlook: String,
    /// The code of a bad outlook; null for a good one.
    #[sea_orm(column_type = "Text", nullable)]
    pub outlook_code: Option<String>,
    /// A `domain::plan::ItemStatus`.
    #[sea_orm(column_type = "Text")]
    pub status: String,
    /// Why it was skipped, or how it ended badly; null otherwise.
    #[sea_orm(column_type = "Text", nullable)]
    pub outcome_code: Option<String>,
    /// When it was sent back to work; null before.
    pub dispatched_at: Option<DateTimeUtc>,
    /// When its end was seen, or when it was passed over; null before.
    pub ended_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

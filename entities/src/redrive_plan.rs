//! Redrive plans: a frozen set of dead letters and how far it has come.

use sea_orm::entity::prelude::*;

/// One plan. Written by an operator; moved on by the desk role.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "redrive_plan")]
pub struct Model {
    /// A uuid v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// A `domain::plan::PlanStatus`.
    #[sea_orm(column_type = "Text")]
    pub status: String,
    /// `redrive` or `compensate`.
    #[sea_orm(column_type = "Text")]
    pub way: String,
    /// How the set was chosen, for people.
    #[sea_orm(column_type = "JsonBinary")]
    pub selection: Json,
    /// SHA-256 over way and items.
    pub hash: Vec<u8>,
    /// Fingerprints that are no news.
    #[sea_orm(column_type = "Array(RcOrArc::new(ColumnType::Text))")]
    pub causes: Vec<String>,
    /// How many items it has.
    pub item_count: i32,
    /// Who made it.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// Who applied it; null while it is a draft.
    #[sea_orm(column_type = "Text", nullable)]
    pub applied_by: Option<String>,
    /// In which role; null while it is a draft.
    #[sea_orm(column_type = "Text", nullable)]
    pub applied_role: Option<String>,
    /// Why; null while it is a draft.
    #[sea_orm(column_type = "Text", nullable)]
    pub applied_reason: Option<String>,
    /// When; null while it is a draft.
    pub applied_at: Option<DateTimeUtc>,
    /// Items that go first, alone; null while it is a draft.
    pub canary_count: Option<i32>,
    /// Items a second after the canaries; null while it is a draft.
    pub rate_per_second: Option<i32>,
    /// Of the newest outcomes so many in a hundred may be bad; null while it is a draft.
    pub failure_percent_max: Option<i32>,
    /// The item that is sent next.
    pub next_position: i32,
    /// Items sent.
    pub dispatched_count: i32,
    /// Items that were passed over.
    pub skipped_count: i32,
    /// Items sent that have come to their end.
    pub ended_count: i32,
    /// When it was applied or last resumed; null while it is a draft.
    pub running_since: Option<DateTimeUtc>,
    /// When the canaries were through; null before, and anew after a pause.
    pub ramp_since: Option<DateTimeUtc>,
    /// Items sent in this part of the run.
    pub phase_dispatched: i32,
    /// Why it halted by itself; null when it did not.
    #[sea_orm(column_type = "Text", nullable)]
    pub halt_reason: Option<String>,
    /// The new fingerprint that halted it; null when the ratio did.
    #[sea_orm(column_type = "Text", nullable)]
    pub halt_cause: Option<String>,
    /// When it was done or stopped; null before.
    pub ended_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

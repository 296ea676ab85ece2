//! Sagas that gave up and wait for a person.

use domain::dead_letter::DeadLetterStatus;
use domain::failure::Failure;
use domain::saga::{Step, StuckReason};
use sea_orm::entity::prelude::*;

use crate::row::{InvalidRow, word};

/// One saga that gave up. Written by the lane; closed by an operator.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dead_letter")]
pub struct Model {
    /// A uuid v7, by which the desk pages.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose saga; at most one open dead letter each.
    pub transfer_id: Uuid,
    /// A [`DeadLetterStatus`].
    #[sea_orm(column_type = "Text")]
    pub status: String,
    /// A [`StuckReason`].
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// A [`Step`]: where it stands.
    #[sea_orm(column_type = "Text")]
    pub step: String,
    /// Whether the undo of the step failed, not the step.
    pub undo: bool,
    /// Class of the last failure.
    #[sea_orm(column_type = "Text")]
    pub failure_class: String,
    /// Its code, for programs.
    #[sea_orm(column_type = "Text")]
    pub failure_code: String,
    /// Its sentence, for people.
    #[sea_orm(column_type = "Text")]
    pub failure_detail: String,
    /// Same cause, same text: `step/class/code`.
    #[sea_orm(column_type = "Text")]
    pub fingerprint: String,
    /// Tries of the step before it gave up.
    pub attempt_count: i32,
    /// Where the money comes from; null for a deposit that was never given a shard.
    pub source_wallet_id: Option<Uuid>,
    /// Where it goes.
    pub destination_wallet_id: Uuid,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// ISO 4217 code.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    /// What its hold keeps reserved while it waits, in minor units.
    pub held_minor: i64,
    /// The command as it was asked.
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    /// Of the request that began it; null when there was none.
    #[sea_orm(column_type = "Text", nullable)]
    pub correlation_id: Option<String>,
    /// When it gave up.
    pub opened_at: DateTimeUtc,
    /// When a person closed it; null while open.
    pub closed_at: Option<DateTimeUtc>,
    /// Name of the operator who closed it; null while open.
    #[sea_orm(column_type = "Text", nullable)]
    pub closed_by: Option<String>,
    /// Why, in the operator's words; null while open.
    #[sea_orm(column_type = "Text", nullable)]
    pub closed_reason: Option<String>,
    /// What proves outside how it ended; null unless resolved.
    #[sea_orm(column_type = "Text", nullable)]
    pub evidence: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// How it stands.
    pub fn status(&self) -> Result<DeadLetterStatus, InvalidRow> {
        word("dead_letter", "status", &self.status)
    }

    /// Why it waits.
    pub fn reason(&self) -> Result<StuckReason, InvalidRow> {
        word("dead_letter", "reason", &self.reason)
    }

    /// Where it stands.
    pub fn step(&self) -> Result<Step, InvalidRow> {
        word("dead_letter", "step", &self.step)
    }

    /// The last failure.
    pub fn failure(&self) -> Result<Failure, InvalidRow> {
        let class = word("dead_letter", "failure_class", &self.failure_class)?;
        Ok(Failure::new(class, &self.failure_code, self.failure_detail.as_str()))
    }
}

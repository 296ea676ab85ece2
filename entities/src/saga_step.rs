//! The step log.

use domain::failure::{Failure, FailureClass};
use domain::group::LogLine;
use sea_orm::entity::prelude::*;

use crate::row::{InvalidRow, count, word};

const TABLE: &str = "saga_step";

/// What `outcome` holds when the step did its work; else it is the class of the failure.
const SUCCEEDED: &str = "succeeded";

/// One run of a step or of its undo. Append-only.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "saga_step")]
pub struct Model {
    /// Whose step; the range of it decides the partition.
    #[sea_orm(primary_key, auto_increment = false)]
    pub transfer_id: Uuid,
    /// Position in the log, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i16,
    /// A [`domain::saga::Step`].
    #[sea_orm(column_type = "Text")]
    pub step: String,
    /// Whether its undo ran, not the step itself.
    pub undo: bool,
    /// Which try it was, from 1.
    pub attempt: i16,
    /// `succeeded`, or the [`FailureClass`].
    #[sea_orm(column_type = "Text")]
    pub outcome: String,
    /// Null when it succeeded.
    #[sea_orm(column_type = "Text", nullable)]
    pub failure_code: Option<String>,
    /// Null when it succeeded.
    #[sea_orm(column_type = "Text", nullable)]
    pub failure_detail: Option<String>,
    /// When, by the database's clock.
    pub at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<&Model> for LogLine {
    type Error = InvalidRow;

    fn try_from(row: &Model) -> Result<Self, InvalidRow> {
        let failure = if row.outcome == SUCCEEDED {
            None
        } else {
            let class: FailureClass = word(TABLE, "outcome", &row.outcome)?;
            let code = row.failure_code.as_deref().unwrap_or_default();
            let detail = row.failure_detail.as_deref().unwrap_or_default();
            Some(Failure::new(class, code, detail))
        };
        Ok(Self {
            seq: count(TABLE, "seq", row.seq.into())?,
            step: word(TABLE, "step", &row.step)?,
            undo: row.undo,
            attempt: count(TABLE, "attempt", row.attempt.into())?,
            failure,
        })
    }
}

//! Where the saga of a transfer stands, for operators.

use chrono::{DateTime, Utc};
use domain::failure::Failure;
use domain::group::OpenTransfer;
use domain::ids::TransferId;
use domain::money::MinorUnits;
use domain::saga::{Step, StuckReason};
use entities::saga_open;
use sea_orm::EntityTrait;
use sqlx::PgPool;

use crate::{StoreError, orm};

/// The working row of a transfer that is not at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRow {
    /// The step to run next, or whose undo is next.
    pub step: Step,
    /// Tries of it already used; 0 before the first.
    pub attempt: u32,
    /// What made the saga turn back; none while it goes forward.
    pub undo_of: Option<Failure>,
    /// What its hold reserves now; 0 when there is none.
    pub hold: MinorUnits,
    /// When it is to run; in the past when it is due.
    pub due_at: DateTime<Utc>,
    /// The outside event it waits for; none when it only waits for `due_at`.
    pub waiting_for: Option<String>,
    /// Why it waits for a person; none otherwise.
    pub parked_reason: Option<StuckReason>,
    /// Times it was run apart after its process had died.
    pub crash_count: i16,
}

/// The open row of a transfer; none when it is at its end, or unknown.
pub async fn open_row(pool: &PgPool, id: TransferId) -> Result<Option<OpenRow>, StoreError> {
    let row = saga_open::Entity::find_by_id(id.0).one(&orm::connection(pool)).await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let transfer = OpenTransfer::try_from(&row)?;
    Ok(Some(OpenRow {
        step: transfer.step,
        attempt: transfer.attempt,
        undo_of: transfer.undo_of,
        hold: transfer.hold,
        due_at: row.due_at,
        parked_reason: row.parked_reason()?,
        waiting_for: row.waiting_for,
        crash_count: row.crash_count,
    }))
}

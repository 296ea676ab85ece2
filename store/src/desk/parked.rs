//! The parked saga behind an open dead letter, under its lock.

use domain::failure::Failure;
use domain::ids::{DeadLetterId, TransferId};
use domain::saga::{Route, State, Step, StuckReason};
use domain::terms::Terms;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};

use crate::StoreError;

/// A parked saga, under its lock.
pub(super) struct Parked {
    pub(super) transfer: TransferId,
    pub(super) route: Route,
    pub(super) step: Step,
    pub(super) hold_minor: i64,
    pub(super) state: State,
}

/// Locks the parked saga behind an open dead letter. None when it is closed.
pub(super) async fn lock_in_tx(
    connection: &mut PgConnection,
    id: DeadLetterId,
) -> Result<Option<Parked>, StoreError> {
    let row = sqlx::query(include_str!("lock.sql")).bind(id.0).fetch_optional(connection).await?;
    row.as_ref().map(parked).transpose()
}

fn parked(row: &PgRow) -> Result<Parked, StoreError> {
    let text = |column| -> Result<String, StoreError> { Ok(row.try_get(column)?) };
    let step: Step = text("step")?.parse().map_err(corrupt)?;
    let undo_of = match row.try_get::<Option<String>, _>("undo_class")? {
        None => None,
        Some(class) => Some(Failure {
            class: class.parse().map_err(corrupt)?,
            code: text("undo_code")?,
            detail: row.try_get::<Option<String>, _>("undo_detail")?.unwrap_or_default(),
        }),
    };
    let call_count = u32::try_from(row.try_get::<i16, _>("call_count")?).unwrap_or(0);
    // Whoever parked it may not have known that a call was under way.
    let reason = if step.may_have_left(call_count) {
        StuckReason::OutcomeUnknown
    } else {
        text("parked_reason")?.parse().map_err(corrupt)?
    };
    let terms = row.try_get::<Option<Json<Terms>>, _>("terms")?;
    Ok(Parked {
        transfer: TransferId(row.try_get("transfer_id")?),
        route: Route::of(text("kind")?.parse().map_err(corrupt)?, terms.as_deref()),
        step,
        hold_minor: row.try_get("hold_minor")?,
        state: State::Stuck { step, reason, failure: failure(row)?, undo_of },
    })
}

/// The failure that a row of `dead_letter` shows.
pub(super) fn failure(row: &PgRow) -> Result<Failure, StoreError> {
    Ok(Failure {
        class: row.try_get::<&str, _>("failure_class")?.parse().map_err(corrupt)?,
        code: row.try_get("failure_code")?,
        detail: row.try_get("failure_detail")?,
    })
}

pub(super) fn corrupt(error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

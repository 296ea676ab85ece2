//! The dead-letter desk: what gave up, and the two ways back.
//!
//! Only stuck transfers are touched. Every act locks the open row first (it is the
//! transfer's lock), decides by the saga's own rules, and is written to the audit in
//! the same transaction.

use chrono::{DateTime, Utc};
use domain::failure::{Failure, FailureClass};
use domain::ids::{DeadLetterId, TransferId};
use domain::retry::RetrySchedule;
use domain::saga::{Event, State, Step};
use domain::text::UnknownWord;
use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, PgPool, Row};

use crate::operator_audit::{self, Act};
use crate::operators::Operator;
use crate::{StoreError, jobs};

mod many;
mod read;
pub(crate) use many::{Goes, send_back_all_in_tx};
pub use read::{DeadLetter, Filter, Group, get, groups, list};
pub(crate) use read::{by_ids_in_tx, list_in_tx};

/// How a stuck transfer is sent back to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// On from the step where it stuck.
    Redrive,
    /// Back to a clean slate: the transfer ends as failed.
    Compensate,
}

impl Way {
    /// The word that stands for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redrive => "redrive",
            Self::Compensate => "compensate",
        }
    }

    pub(crate) const fn action(self) -> &'static str {
        match self {
            Self::Redrive => "dead_letter.redrive",
            Self::Compensate => "dead_letter.compensate",
        }
    }
}

impl std::str::FromStr for Way {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let known = [Self::Redrive, Self::Compensate].into_iter().find(|way| way.as_str() == text);
        known.ok_or_else(|| UnknownWord { type_name: "Way", text: text.to_owned() })
    }
}

/// Why a dead letter was not sent back.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// There is none with this id.
    #[error("no such dead letter")]
    NotFound,
    /// Its saga was turning back already; it can only be redriven.
    #[error("the saga is compensating already")]
    CompensatingAlready,
    /// A statement failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for DeskError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A parked saga, under its lock.
struct Parked {
    transfer: TransferId,
    step: Step,
    hold_minor: i64,
    state: State,
}

/// Sends a dead letter back to work. One that is closed already stays as it is, so
/// that the same request can be sent again.
pub async fn send_back(
    pool: &PgPool,
    id: DeadLetterId,
    way: Way,
    actor: &Operator,
    reason: &str,
) -> Result<DeadLetter, DeskError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    if let Some(parked) = lock_in_tx(&mut tx, id).await? {
        let next = decide(&parked, way, actor, reason)?;
        let (step, undo_of) = match &next {
            State::Running { step, .. } => (*step, None),
            State::Compensating { step, failure, .. } => (*step, Some(failure)),
            // Nothing was done yet. The undo of the first step finds no hold, does
            // nothing, and ends the saga where all sagas end: in a lane.
            State::Compensated { failure } => (Step::PlaceHold, Some(failure)),
            _ => return Err(StoreError::Corrupt(format!("{} after a redrive", next.name())).into()),
        };
        let now = write_in_tx(&mut tx, id, &parked, step, undo_of).await?;
        jobs::enqueue_in_tx(&mut tx, &[(parked.transfer, now)]).await?;
        let act = Act {
            actor,
            action: way.action(),
            subject: format!("transfer:{}", parked.transfer),
            reason,
            before: json!({"dead_letter_id": id, "state": "stuck", "step": parked.step}),
            after: json!({"state": next.name(), "step": step, "held_minor": parked.hold_minor}),
        };
        operator_audit::record_in_tx(&mut tx, &act).await?;
    }
    tx.commit().await?;
    // Given back before another is taken: callers that each hold one and want a second
    // would wait for each other.
    drop(connection);
    get(pool, id).await?.ok_or(DeskError::NotFound)
}

/// The saga's own rules say what comes next.
fn decide(parked: &Parked, way: Way, actor: &Operator, reason: &str) -> Result<State, DeskError> {
    let event = match way {
        Way::Redrive => Event::Redriven,
        Way::Compensate => Event::CompensateNow(Failure::new(
            FailureClass::Permanent,
            "compensated_by_operator",
            format!("Turned back by {}: {reason}", actor.name),
        )),
    };
    let next = parked.state.clone().next(event, parked.transfer, &RetrySchedule::default());
    next.map(|(state, _)| state).map_err(|_| DeskError::CompensatingAlready)
}

/// Locks the parked saga behind an open dead letter. None when it is closed.
async fn lock_in_tx(
    connection: &mut PgConnection,
    id: DeadLetterId,
) -> Result<Option<Parked>, StoreError> {
    let row =
        sqlx::query(include_str!("desk/lock.sql")).bind(id.0).fetch_optional(connection).await?;
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
    let reason = text("parked_reason")?.parse().map_err(corrupt)?;
    Ok(Parked {
        transfer: TransferId(row.try_get("transfer_id")?),
        step,
        hold_minor: row.try_get("hold_minor")?,
        state: State::Stuck { step, reason, failure: failure(row)?, undo_of },
    })
}

/// Unparks the saga, shows the transfer as open again, and closes the dead letter.
async fn write_in_tx(
    connection: &mut PgConnection,
    id: DeadLetterId,
    parked: &Parked,
    step: Step,
    undo_of: Option<&Failure>,
) -> Result<DateTime<Utc>, StoreError> {
    let row = sqlx::query(include_str!("desk/send_back.sql"))
        .bind(id.0)
        .bind(parked.transfer.0)
        .bind(step.as_str())
        .bind(undo_of.map(|failure| failure.class.as_str()))
        .bind(undo_of.map(|failure| failure.code.as_str()))
        .bind(undo_of.map(|failure| failure.detail.as_str()))
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}

/// The failure that a row of `dead_letter` shows.
fn failure(row: &PgRow) -> Result<Failure, StoreError> {
    Ok(Failure {
        class: row.try_get::<&str, _>("failure_class")?.parse().map_err(corrupt)?,
        code: row.try_get("failure_code")?,
        detail: row.try_get("failure_detail")?,
    })
}

fn corrupt(error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

//! Stuck transfers sent back to work: one, or a thousand of a plan.

use chrono::{DateTime, Utc};
use domain::dead_letter::DeadLetterStatus;
use domain::failure::Failure;
use domain::ids::{DeadLetterId, TransferId};
use domain::saga::Step;
use sqlx::{PgConnection, Row};

use crate::operators::Operator;
use crate::{StoreError, jobs};

/// A parked saga that goes back to work. The caller holds its lock.
pub(crate) struct Goes {
    pub(crate) dead_letter: DeadLetterId,
    pub(crate) transfer: TransferId,
    /// Where it goes on.
    pub(crate) step: Step,
    /// Set when the undo of the step is run, not the step.
    pub(crate) undo_of: Option<Failure>,
}

/// Unparks the sagas, shows their transfers as open again, closes the dead letters, and
/// gives the transfers new jobs.
pub(crate) async fn send_back_in_tx(
    connection: &mut PgConnection,
    closes_as: DeadLetterStatus,
    all: &[Goes],
    actor: &Operator,
    reason: &str,
) -> Result<(), StoreError> {
    fn column<T>(all: &[Goes], read: impl Fn(&Goes) -> T) -> Vec<T> {
        all.iter().map(read).collect()
    }
    let undo = |read: fn(&Failure) -> String| column(all, |one| one.undo_of.as_ref().map(read));
    let rows = sqlx::query(include_str!("send/send_back.sql"))
        .bind(column(all, |one| one.dead_letter.0))
        .bind(column(all, |one| one.transfer.0))
        .bind(column(all, |one| one.step.as_str()))
        .bind(undo(|failure| failure.class.to_string()))
        .bind(undo(|failure| failure.code.clone()))
        .bind(undo(|failure| failure.detail.clone()))
        .bind(closes_as.as_str())
        .bind(&actor.name)
        .bind(reason)
        .fetch_all(&mut *connection)
        .await?;
    let due: Vec<(TransferId, DateTime<Utc>)> = rows
        .iter()
        .map(|row| Ok((TransferId(row.try_get("transfer_id")?), row.try_get("due_at")?)))
        .collect::<Result<_, sqlx::Error>>()?;
    jobs::enqueue_in_tx(connection, &due).await
}

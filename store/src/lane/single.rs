//! One transfer changed by hand, under the same locks and by the same statements as in a lane.

use chrono::{DateTime, Utc};
use domain::failure::Failure;
use domain::group::{
    Advanced, Book, Boundaries, NoFaults, OpenTransfer, Patience, Progress, Rules,
};
use domain::ids::TransferId;
use domain::retry::RetrySchedule;
use domain::saga::{Resolution, StuckReason};
use domain::switch::SwitchSet;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{Claimed, GroupError, apply, limits, lock_wallets_in_tx, reversals, rows};
use crate::{StoreError, jobs};

/// The shard of the system wallets that stands in where a lane would choose its own.
pub(crate) const SHARD: u8 = 0;

/// An open row under its lock.
pub(crate) struct Locked {
    claimed: Claimed,
    /// When it is to run; in the past when it is due.
    pub(crate) due_at: DateTime<Utc>,
    /// Whether it waits for a person.
    pub(crate) parked: bool,
}

/// What a person changes at once.
pub(crate) enum Change {
    /// Ends it.
    Resolve(Resolution),
    /// Counts the step where it stuck as done.
    ForceForward,
    /// Stops it, for this reason.
    Park(Failure),
}

/// What a change did.
pub(crate) struct Changed {
    /// The transfer afterwards.
    pub(crate) advanced: Advanced,
    /// Its wallets before.
    pub(crate) before: Book,
    /// Its wallets as they are written.
    pub(crate) after: Book,
}

impl Locked {
    /// The transfer as its row says.
    pub(crate) fn transfer(&self) -> &OpenTransfer {
        &self.claimed.transfer
    }
}

/// The rules as they apply to what a person decides: no boundaries, no faults.
pub(crate) fn by_hand<T>(now: DateTime<Utc>, work: impl FnOnce(&Rules<'_>) -> T) -> T {
    work(&Rules {
        schedule: &RetrySchedule::default(),
        patience: Patience::default(),
        boundaries: Boundaries::Fused,
        shard: SHARD,
        faults: &NoFaults,
        // What a person has decided is done, and a forecast says what comes after a pause. A lane
        // that goes on with it meets the pauses.
        switches: SwitchSet::default(),
        now,
        new_id: &Uuid::now_v7,
    })
}

/// Locks the open row of a transfer. None when it is at its end, or unknown.
pub(crate) async fn lock_one_in_tx(
    connection: &mut PgConnection,
    id: TransferId,
) -> Result<Option<Locked>, StoreError> {
    let row = sqlx::query(include_str!("single/lock.sql")).bind(id.0);
    let Some(row) = row.fetch_optional(connection).await? else {
        return Ok(None);
    };
    let claimed = Claimed {
        transfer: rows::open_transfer(&row)?,
        correlation_id: row.try_get("correlation_id")?,
        traceparent: row.try_get("traceparent")?,
        crash_count: row.try_get("crash_count")?,
    };
    let parked = row.try_get::<Option<String>, _>("parked_reason")?.is_some();
    Ok(Some(Locked { claimed, due_at: row.try_get("due_at")?, parked }))
}

/// Locks the wallets, changes the transfer by the saga's rules, and writes what came of it
/// with event, log and dead letter. What can go on at once gets a job.
pub(crate) async fn change_in_tx(
    connection: &mut PgConnection,
    locked: Locked,
    change: Change,
) -> Result<Changed, GroupError> {
    let group = [locked.claimed];
    let (mut book, now) = lock_wallets_in_tx(connection, SHARD, &group).await?;
    let [Claimed { transfer, correlation_id, traceparent, .. }] = group;
    let (id, before) = (transfer.id, book.clone());
    if let Change::Resolve(resolution) = change {
        // Before the status: a settled transfer without an entry must have it.
        sqlx::query("UPDATE transfer SET resolution = $2 WHERE id = $1")
            .bind(id.0)
            .bind(resolution.as_str())
            .execute(&mut *connection)
            .await?;
    }
    let advanced = by_hand(now, |rules| match change {
        Change::Resolve(resolution) => rules.resolve(transfer, resolution, &mut book),
        Change::ForceForward => rules.force_forward(transfer, &mut book),
        Change::Park(failure) => {
            rules.halt(transfer, StuckReason::ParkedByOperator, failure, &mut book)
        }
    })?;
    let outcomes = [apply::Outcome { advanced, correlation_id, traceparent }];
    limits::write_in_tx(connection, &book).await?;
    apply::write_in_tx(connection, now, &book.changes()?, &outcomes).await?;
    reversals::write_in_tx(connection, &book).await?;
    let [apply::Outcome { advanced, .. }] = outcomes;
    if advanced.progress == Progress::Ready {
        jobs::enqueue_in_tx(connection, &[(id, now)]).await?;
    }
    Ok(Changed { advanced, before, after: book })
}

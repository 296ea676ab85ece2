//! Transfers stopped and started by hand, without a dead letter to begin with.

use domain::dead_letter::{DeadLetterStatus, DeskAct};
use domain::failure::{Failure, FailureClass};
use domain::ids::TransferId;
use domain::saga::StuckReason;
use serde_json::json;
use sqlx::{Connection, PgPool};

use super::{Decision, DeskError, act, read};
use crate::lane::{self, Change, Locked};
use crate::operator_audit::{self, Act};
use crate::operators::Operator;
use crate::{StoreError, jobs, transfers};

/// Stops an open transfer between two transactions: parked, with a dead letter. A lane
/// that has it just now is waited for. One that is parked already stays as it is.
pub async fn park(
    pool: &PgPool,
    id: TransferId,
    actor: &Operator,
    reason: &str,
) -> Result<(), DeskError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    let Some(locked) = lane::lock_one_in_tx(&mut tx, id).await? else {
        drop(tx);
        drop(connection);
        return Err(at_its_end(pool, id).await);
    };
    if locked.parked {
        return Ok(());
    }
    let before = seen(&locked);
    let failure = Failure::new(
        FailureClass::Permanent,
        StuckReason::ParkedByOperator.as_str(),
        format!("Parked by {}: {reason}", actor.name),
    );
    let changed = lane::change_in_tx(&mut tx, locked, Change::Park(failure)).await?;
    let act = Act {
        actor,
        action: "transfer.park",
        subject: format!("transfer:{id}"),
        reason,
        before,
        after: json!({"state": "stuck", "step": changed.advanced.transfer.step}),
    };
    operator_audit::record_in_tx(&mut tx, &act).await?;
    Ok(tx.commit().await?)
}

/// Sends a parked transfer on from where it stands: redrives its open dead letter. One that
/// was sent on already stays as it is, so that the same request can be sent again.
pub async fn unpark(
    pool: &PgPool,
    id: TransferId,
    actor: &Operator,
    reason: &str,
) -> Result<(), DeskError> {
    let letters = read::of_transfer(pool, id).await?;
    let Some(letter) = letters.iter().find(|letter| letter.is_open()) else {
        if letters.first().is_some_and(|newest| newest.status == DeadLetterStatus::Redriven) {
            return Ok(());
        }
        return Err(match transfers::get(pool, id).await? {
            None => DeskError::TransferNotFound,
            Some(_) => DeskError::TransferNotParked,
        });
    };
    let letter = letter.id;
    let decision = Decision { act: DeskAct::Redrive, actor, reason, evidence: None };
    act(pool, letter, &decision).await.map(|_| ())
}

/// Ends the wait of a transfer that waits for a retry, or for news that its provider can be
/// asked for: due now, with a new job. One that is due already gets no more than the job; so
/// does one that waits for a client or a person, whose time is not the operator's to cut, and
/// one whose call is under way, which would be made twice.
pub async fn retry_now(
    pool: &PgPool,
    id: TransferId,
    actor: &Operator,
    reason: &str,
) -> Result<(), DeskError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    let Some(locked) = lane::lock_one_in_tx(&mut tx, id).await? else {
        drop(tx);
        drop(connection);
        return Err(at_its_end(pool, id).await);
    };
    if locked.parked {
        return Err(DeskError::TransferParked);
    }
    let due = sqlx::query_scalar(include_str!("hasten.sql"));
    let due_at = due.bind(id.0).fetch_optional(&mut *tx).await?;
    // Even if nothing changed: a lane may have passed the row by while it was locked here.
    jobs::enqueue_in_tx(&mut tx, &[(id, due_at.unwrap_or(locked.due_at))]).await?;
    if let Some(due_at) = due_at {
        let act = Act {
            actor,
            action: "transfer.retry_now",
            subject: format!("transfer:{id}"),
            reason,
            before: seen(&locked),
            after: json!({"state": "waiting", "step": locked.transfer().step, "due_at": due_at}),
        };
        operator_audit::record_in_tx(&mut tx, &act).await?;
    }
    Ok(tx.commit().await?)
}

/// The transfer before the act, for the audit.
fn seen(locked: &Locked) -> serde_json::Value {
    let transfer = locked.transfer();
    json!({
        "state": "waiting",
        "step": transfer.step,
        "attempt": transfer.attempt,
        "held_minor": transfer.hold,
        "due_at": locked.due_at,
    })
}

/// Why a transfer has no open row.
pub(super) async fn at_its_end(pool: &PgPool, id: TransferId) -> DeskError {
    match transfers::get(pool, id).await {
        Ok(None) => DeskError::TransferNotFound,
        Ok(Some(transfer)) if transfer.status.is_final() => {
            DeskError::TransferFinal(transfer.status)
        }
        Ok(Some(_)) => StoreError::Corrupt(format!("transfer {id} has no open row")).into(),
        Err(error) => error.into(),
    }
}

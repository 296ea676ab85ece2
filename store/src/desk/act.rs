//! One act on one dead letter.

use domain::dead_letter::{DeadLetterStatus, DeskAct};
use domain::failure::{Failure, FailureClass};
use domain::ids::DeadLetterId;
use domain::saga::{Resolution, Route, State, Step};
use serde_json::json;
use sqlx::{Connection, PgConnection, PgPool};

use super::parked::{Parked, lock_in_tx};
use super::{DeadLetter, DeskError, Goes, get, resolve, send_back_in_tx};
use crate::StoreError;
use crate::lane::Change;
use crate::operator_audit::{self, Act};
use crate::operators::Operator;

/// What somebody has decided about a dead letter.
#[derive(Debug, Clone, Copy)]
pub struct Decision<'a> {
    /// What.
    pub act: DeskAct,
    /// Who.
    pub actor: &'a Operator,
    /// Why, in the operator's words.
    pub reason: &'a str,
    /// What proves it outside; for the two ways to resolve, and for no other act.
    pub evidence: Option<&'a str>,
}

impl Decision<'_> {
    pub(super) fn action(&self) -> String {
        let name = match self.act {
            DeskAct::ResolveSettled | DeskAct::ResolveFailed => "resolve",
            other => other.as_str(),
        };
        format!("dead_letter.{name}")
    }
}

/// Does it, in one transaction. A dead letter that the same act has closed already stays
/// as it is, so that the same request can be sent again.
pub async fn act(
    pool: &PgPool,
    id: DeadLetterId,
    decision: &Decision<'_>,
) -> Result<DeadLetter, DeskError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    let locked = lock_in_tx(&mut tx, id).await?;
    let acted = locked.is_some();
    if let Some(parked) = locked {
        let next = decide(&parked, decision.act, decision.actor, decision.reason)?;
        let change = match next {
            State::Abandoned(resolution) => Some(Change::Resolve(resolution)),
            _ if decision.act == DeskAct::ForceForward => Some(Change::ForceForward),
            _ => None,
        };
        match change {
            Some(change) => {
                resolve::change_in_tx(&mut tx, id, &parked, change, decision).await?;
            }
            None => send_in_tx(&mut tx, id, &parked, next, decision).await?,
        }
    }
    tx.commit().await?;
    // Given back before another is taken: callers that each hold one and want a second
    // would wait for each other.
    drop(connection);
    let letter = get(pool, id).await?.ok_or(DeskError::NotFound)?;
    if acted || closed_by(pool, &letter, decision.act).await? {
        return Ok(letter);
    }
    match letter.status {
        DeadLetterStatus::Open => {
            Err(StoreError::Corrupt(format!("dead letter {id} is open, its saga not parked"))
                .into())
        }
        other => Err(DeskError::Closed(other)),
    }
}

/// The saga's own rules say what comes next.
pub(super) fn decide(
    parked: &Parked,
    act: impl Into<DeskAct>,
    actor: &Operator,
    reason: &str,
) -> Result<State, DeskError> {
    let (stuck, cause) = (parked.state.clone(), cause(actor, reason));
    let decided = act.into().decide(stuck, cause, parked.route, parked.transfer);
    decided.map(|(state, _)| state).map_err(DeskError::Refused)
}

/// What makes a saga turn back when a person says so.
pub(super) fn cause(actor: &Operator, reason: &str) -> Failure {
    Failure::new(
        FailureClass::Permanent,
        "compensated_by_operator",
        format!("Turned back by {}: {reason}", actor.name),
    )
}

/// Sends the saga back to work in a lane.
async fn send_in_tx(
    connection: &mut PgConnection,
    id: DeadLetterId,
    parked: &Parked,
    next: State,
    decision: &Decision<'_>,
) -> Result<(), DeskError> {
    let name = next.name();
    let Some((step, undo_of)) = next.goes_on_at() else {
        return Err(StoreError::Corrupt(format!("{name} after a redrive")).into());
    };
    let goes = Goes { dead_letter: id, transfer: parked.transfer, step, undo_of };
    let (closes_as, by) = (decision.act.closes_as(), decision.actor);
    send_back_in_tx(connection, closes_as, &[goes], by, decision.reason).await?;
    let act = Act {
        actor: decision.actor,
        action: &decision.action(),
        subject: format!("transfer:{}", parked.transfer),
        reason: decision.reason,
        before: json!({"dead_letter_id": id, "state": "stuck", "step": parked.step}),
        after: json!({"state": name, "step": step, "held_minor": parked.hold_minor}),
    };
    Ok(operator_audit::record_in_tx(connection, &act).await?)
}

/// Whether it was this act that closed the dead letter.
async fn closed_by(pool: &PgPool, letter: &DeadLetter, act: DeskAct) -> Result<bool, StoreError> {
    if letter.status != act.closes_as() {
        return Ok(false);
    }
    Ok(match act {
        DeskAct::Redrive | DeskAct::Compensate | DeskAct::Discard => true,
        DeskAct::RetryCompensation => letter.undo,
        DeskAct::ForceForward => {
            let kind = letter.payload.get("kind").and_then(serde_json::Value::as_str);
            let route = kind.and_then(|kind| kind.parse().ok()).map(Route::plain);
            let step: Option<Step> = letter.step.parse().ok();
            route.zip(step).is_some_and(|(route, step)| route.is_after_pivot(step))
        }
        DeskAct::ResolveSettled | DeskAct::ResolveFailed => {
            let transfer = crate::transfers::get(pool, letter.transfer_id).await?;
            let resolution = transfer.and_then(|transfer| transfer.resolution);
            resolution.as_deref() == act.resolution().map(Resolution::as_str)
        }
    })
}

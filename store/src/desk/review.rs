//! Transfers that the screening service is not sure of: a person says yes or no.

use domain::answer::{Answer, Awaited, Verdict};
use domain::ids::TransferId;
use serde_json::json;
use sqlx::{Connection, PgPool};

use super::DeskError;
use super::park::at_its_end;
use crate::answers::{self, Posted};
use crate::lane;
use crate::operator_audit::{self, Act};
use crate::operators::Operator;

/// What the saga is told.
fn answer(verdict: Verdict, actor: &Operator, reason: &str) -> Answer {
    match verdict {
        Verdict::Allow => Answer::ReviewAllowed,
        Verdict::Deny => {
            Answer::ReviewDenied { detail: format!("Denied by {}: {reason}", actor.name) }
        }
    }
}

/// Gives a verdict about a transfer that waits for one. The same verdict again, before a lane
/// has come to it, changes nothing.
pub async fn review(
    pool: &PgPool,
    id: TransferId,
    verdict: Verdict,
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
    let answer = answer(verdict, actor, reason);
    if answers::post_in_tx(&mut tx, id, &[Awaited::Review], &answer).await? == Posted::NotAwaited {
        let given = locked.transfer().answer.as_ref();
        let same = given.is_some_and(|given| given.name() == answer.name());
        return if same { Ok(()) } else { Err(DeskError::NotInReview) };
    }
    let act = Act {
        actor,
        action: "transfer.review",
        subject: format!("transfer:{id}"),
        reason,
        before: json!({"waiting_for": "review"}),
        after: json!({"verdict": verdict.as_str()}),
    };
    operator_audit::record_in_tx(&mut tx, &act).await?;
    Ok(tx.commit().await?)
}

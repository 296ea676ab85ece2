//! Transfers that the screening service is not sure of: a person says yes or no.

use domain::answer::{Answer, Awaited};
use domain::ids::TransferId;
use domain::text::UnknownWord;
use serde_json::json;
use sqlx::{Connection, PgPool};

use super::DeskError;
use crate::answers::{self, Posted};
use crate::operator_audit::{self, Act};
use crate::operators::Operator;
use crate::{lane, transfers};

/// What a person has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing speaks against it: the transfer goes on.
    Allow,
    /// No: what was held is given back, and the transfer ends as rejected.
    Deny,
}

impl Verdict {
    /// The word that stands for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }

    fn answer(self, actor: &Operator, reason: &str) -> Answer {
        match self {
            Self::Allow => Answer::ReviewAllowed,
            Self::Deny => {
                Answer::ReviewDenied { detail: format!("Denied by {}: {reason}", actor.name) }
            }
        }
    }
}

impl std::str::FromStr for Verdict {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let known = [Self::Allow, Self::Deny].into_iter().find(|one| one.as_str() == text);
        known.ok_or_else(|| UnknownWord { type_name: "Verdict", text: text.to_owned() })
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
        return Err(match transfers::get(pool, id).await? {
            None => DeskError::TransferNotFound,
            Some(transfer) => DeskError::TransferFinal(transfer.status),
        });
    };
    let answer = verdict.answer(actor, reason);
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

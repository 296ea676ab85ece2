//! Four eyes: what one operator may not do alone, and who else has agreed to it.

use chrono::{DateTime, Utc};
use domain::ids::{DeadLetterId, PlanId};
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::StoreError;
use crate::operator_audit::{self, Act};
use crate::operators::Operator;

/// What somebody may agree to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// That a redrive plan with this hash is applied.
    Plan {
        /// Which one.
        id: PlanId,
        /// What was shown of it.
        hash: String,
    },
    /// That a dead letter is forced forward. It stays as it is until somebody acts on it, so its id says all.
    ForceForward(DeadLetterId),
    /// That a dead letter is resolved so.
    Resolve {
        /// Which one.
        id: DeadLetterId,
        /// As settled; as failed otherwise.
        settled: bool,
    },
}

impl Subject {
    fn name(&self) -> String {
        match self {
            Self::Plan { id, .. } => format!("redrive_plan:{id}"),
            Self::ForceForward(id) | Self::Resolve { id, .. } => format!("dead_letter:{id}"),
        }
    }

    /// What of it is agreed to.
    fn hash(&self) -> &str {
        match self {
            Self::Plan { hash, .. } => hash,
            Self::ForceForward(_) => "",
            Self::Resolve { settled: true, .. } => "settled",
            Self::Resolve { settled: false, .. } => "failed",
        }
    }
}

/// That somebody has agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// To what, as `thing:<id>`.
    pub subject: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Notes that somebody agrees. Who has agreed before has; nothing is written then.
pub async fn approve(
    pool: &PgPool,
    actor: &Operator,
    subject: &Subject,
    reason: &str,
) -> Result<Approval, StoreError> {
    let mut tx = pool.begin().await?;
    let written = sqlx::query(include_str!("approvals/insert.sql"))
        .bind(Uuid::now_v7())
        .bind(subject.name())
        .bind(subject.hash())
        .bind(&actor.name)
        .bind(actor.role.as_str())
        .bind(reason)
        .execute(&mut *tx)
        .await?;
    let row = sqlx::query(
        "SELECT reason, approved_at FROM approval WHERE subject = $1 AND hash = $2 AND approved_by = $3",
    )
    .bind(subject.name())
    .bind(subject.hash())
    .bind(&actor.name)
    .fetch_one(&mut *tx)
    .await?;
    if written.rows_affected() > 0 {
        let action = match subject {
            Subject::Plan { .. } => "redrive_plan.approve",
            Subject::ForceForward(_) => "dead_letter.approve_force_forward",
            Subject::Resolve { .. } => "dead_letter.approve_resolve",
        };
        let after = json!({ "hash": subject.hash() });
        let subject = subject.name();
        let act = Act { actor, action, subject, reason, before: Value::Null, after };
        operator_audit::record_in_tx(&mut tx, &act).await?;
    }
    tx.commit().await?;
    Ok(Approval {
        subject: subject.name(),
        by: actor.name.clone(),
        reason: row.try_get(0)?,
        at: row.try_get(1)?,
    })
}

/// Whether somebody else than this operator has agreed.
pub async fn has_second(
    pool: &PgPool,
    subject: &Subject,
    actor: &Operator,
) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM approval WHERE subject = $1 AND hash = $2 AND approved_by <> $3)",
    )
    .bind(subject.name())
    .bind(subject.hash())
    .bind(&actor.name)
    .fetch_one(pool)
    .await?;
    Ok(found)
}

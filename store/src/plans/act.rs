//! What an operator does to a plan: apply, pause, resume, stop.

use domain::ids::PlanId;
use domain::plan::{Pace, PlanAct, PlanStatus};
use serde_json::json;
use sqlx::{Connection, PgConnection, PgPool};

use super::{Plan, PlanError, read, rows};
use crate::operator_audit::{self, Act};
use crate::operators::Operator;

/// Begins a plan. `hash` is the one that the operator was shown. A plan that was applied
/// already stays as it is, so that the same request can be sent again.
pub async fn apply(
    pool: &PgPool,
    id: PlanId,
    hash: &str,
    pace: Pace,
    actor: &Operator,
    reason: &str,
) -> Result<Plan, PlanError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    let plan = lock_in_tx(&mut tx, id).await?;
    if plan.hash != hash {
        return Err(PlanError::OtherHash);
    }
    if plan.status == PlanStatus::Draft {
        sqlx::query(include_str!("apply.sql"))
            .bind(id.0)
            .bind(&actor.name)
            .bind(actor.role.as_str())
            .bind(reason)
            .bind(small(pace.canary_count))
            .bind(small(pace.rate_per_second))
            .bind(small(pace.failure_percent_max))
            .execute(&mut *tx)
            .await?;
        let after = json!({
            "status": PlanStatus::Running, "hash": hash, "canary_count": pace.canary_count,
            "rate_per_second": pace.rate_per_second, "failure_percent_max": pace.failure_percent_max,
        });
        audit_in_tx(&mut tx, &plan, PlanAct::Apply, actor, reason, after).await?;
    }
    tx.commit().await?;
    drop(connection);
    read::get(pool, id).await?.ok_or(PlanError::NotFound)
}

/// Pauses, resumes or stops a plan. One that stands so already stays as it is.
pub async fn act(
    pool: &PgPool,
    id: PlanId,
    act: PlanAct,
    actor: &Operator,
    reason: &str,
) -> Result<Plan, PlanError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    let plan = lock_in_tx(&mut tx, id).await?;
    let there_already = matches!(
        (plan.status, act),
        (PlanStatus::Paused, PlanAct::Pause)
            | (PlanStatus::Running, PlanAct::Resume)
            | (PlanStatus::Stopped, PlanAct::Stop)
    );
    if !there_already {
        let illegal = PlanError::Illegal { status: plan.status, act };
        let next = plan.status.after(act).filter(|_| act != PlanAct::Apply).ok_or(illegal)?;
        sqlx::query(include_str!("act.sql"))
            .bind(id.0)
            .bind(next.as_str())
            .execute(&mut *tx)
            .await?;
        let after = json!({"status": next});
        audit_in_tx(&mut tx, &plan, act, actor, reason, after).await?;
    }
    tx.commit().await?;
    drop(connection);
    read::get(pool, id).await?.ok_or(PlanError::NotFound)
}

async fn lock_in_tx(connection: &mut PgConnection, id: PlanId) -> Result<Plan, PlanError> {
    let row = sqlx::query("SELECT * FROM redrive_plan WHERE id = $1 FOR UPDATE")
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    Ok(rows::plan(&row.ok_or(PlanError::NotFound)?)?)
}

async fn audit_in_tx(
    connection: &mut PgConnection,
    plan: &Plan,
    act: PlanAct,
    actor: &Operator,
    reason: &str,
    after: serde_json::Value,
) -> Result<(), PlanError> {
    let act = Act {
        actor,
        action: match act {
            PlanAct::Apply => "redrive_plan.apply",
            PlanAct::Pause => "redrive_plan.pause",
            PlanAct::Resume => "redrive_plan.resume",
            PlanAct::Stop => "redrive_plan.stop",
        },
        subject: format!("redrive_plan:{}", plan.id),
        reason,
        before: json!({
            "status": plan.status, "dispatched": plan.dispatched_count, "ended": plan.ended_count,
        }),
        after,
    };
    Ok(operator_audit::record_in_tx(connection, &act).await?)
}

/// The API keeps these far below the largest `i32`.
fn small(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

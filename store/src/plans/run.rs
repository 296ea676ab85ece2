//! Carrying plans out, tick by tick.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::group::Outlook;
use domain::ids::PlanId;
use domain::plan::{HaltReason, ItemStatus, Move, Phase, PlanStatus, Standing};
use serde_json::json;
use sqlx::{Connection, PgConnection, PgPool, Row};
use uuid::Uuid;

use super::{Applied, Plan, rows};
use crate::StoreError;
use crate::operator_audit::{self, Act};
use crate::operators::Operator;

mod send;

/// Most outcomes that one tick takes up.
const FOLLOW_MAX: i64 = 5_000;

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Items sent; their jobs wait for a worker.
    pub sent: u32,
    /// Whether there is something to do at once, without waiting for a tick.
    pub again: bool,
}

/// The plans that need somebody: running, or with items under way.
pub async fn active(pool: &PgPool) -> Result<Vec<PlanId>, StoreError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(include_str!("run/active.sql")).fetch_all(pool).await?;
    Ok(ids.into_iter().map(PlanId).collect())
}

/// Deletes drafts that nobody applied within a week.
pub async fn purge_drafts(pool: &PgPool) -> Result<(), StoreError> {
    sqlx::query(include_str!("run/purge_drafts.sql")).execute(pool).await?;
    Ok(())
}

/// Moves one plan on, unless another process does so just now.
pub async fn tick(connection: &mut PgConnection, id: PlanId) -> Result<Ticked, StoreError> {
    let mut tx = connection.begin().await?;
    let row = sqlx::query(include_str!("run/lock.sql")).bind(id.0).fetch_optional(&mut *tx).await?;
    let Some(row) = row else { return Ok(Ticked::default()) };
    let mut plan = rows::plan(&row)?;
    let Some(applied) = plan.applied.clone() else { return Ok(Ticked::default()) };
    plan.ended_count += follow_in_tx(&mut tx, id, plan.ended_count).await?;
    let mut ticked = Ticked::default();
    if plan.status == PlanStatus::Running {
        let standing = standing_in_tx(&mut tx, &plan, &row).await?;
        let next = applied.pace.next(&standing.0);
        match next {
            Move::Send(count) => {
                let sent = send::send_in_tx(&mut tx, &plan, &applied, count).await?;
                // What was passed over leaves room that need not wait.
                ticked = Ticked { sent: sent.sent, again: sent.skipped > 0 };
            }
            Move::StartRamp => {
                let started = "UPDATE redrive_plan SET ramp_since = clock_timestamp(), phase_dispatched = 0 WHERE id = $1";
                sqlx::query(started).bind(id.0).execute(&mut *tx).await?;
                ticked.again = true;
            }
            Move::Halt(reason) => halt_in_tx(&mut tx, &plan, &applied, reason, standing.1).await?,
            Move::Finish => finish_in_tx(&mut tx, &plan, &applied).await?,
            Move::Wait => {}
        }
    }
    tx.commit().await?;
    Ok(ticked)
}

/// Takes up the ends that sent items have come to. Returns how many.
async fn follow_in_tx(
    connection: &mut PgConnection,
    id: PlanId,
    ended: u32,
) -> Result<u32, StoreError> {
    let done = sqlx::query(include_str!("run/follow.sql"))
        .bind(id.0)
        .bind(FOLLOW_MAX)
        .execute(&mut *connection)
        .await?;
    let more = u32::try_from(done.rows_affected()).unwrap_or(u32::MAX);
    if more > 0 {
        sqlx::query("UPDATE redrive_plan SET ended_count = $2 WHERE id = $1")
            .bind(id.0)
            .bind(i32::try_from(ended.saturating_add(more)).unwrap_or(i32::MAX))
            .execute(connection)
            .await?;
    }
    Ok(more)
}

/// How the plan stands, and the new cause if there is one.
async fn standing_in_tx(
    connection: &mut PgConnection,
    plan: &Plan,
    row: &sqlx::postgres::PgRow,
) -> Result<(Standing, Option<String>), StoreError> {
    let recent = sqlx::query(include_str!("run/recent.sql"))
        .bind(plan.id.0)
        .bind(row.try_get::<Option<DateTime<Utc>>, _>("running_since")?)
        .bind(i64::from(domain::plan::WINDOW))
        .fetch_all(&mut *connection)
        .await?;
    let mut bad = 0;
    for one in &recent {
        let (status, outlook): (ItemStatus, Outlook) =
            (rows::word(one, "status")?, rows::word(one, "outlook")?);
        bad += u32::from(status.is_bad(outlook));
    }
    let new_cause: Option<String> = sqlx::query_scalar(include_str!("run/new_cause.sql"))
        .bind(plan.id.0)
        .fetch_optional(connection)
        .await?;
    let ramp_ms: Option<i64> = row.try_get("ramp_ms")?;
    let phase = ramp_ms.map_or(Phase::Canary, |milliseconds| {
        Phase::Ramp(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0)))
    });
    let standing = Standing {
        items: plan.item_count,
        dispatched: plan.dispatched_count,
        skipped: plan.skipped_count,
        ended: plan.ended_count,
        phase,
        phase_dispatched: rows::count(row, "phase_dispatched")?,
        recent: u32::try_from(recent.len()).unwrap_or(u32::MAX),
        recent_bad: bad,
        new_cause: new_cause.is_some(),
    };
    Ok((standing, new_cause))
}

async fn halt_in_tx(
    connection: &mut PgConnection,
    plan: &Plan,
    applied: &Applied,
    reason: HaltReason,
    cause: Option<String>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE redrive_plan SET status = 'halted', halt_reason = $2, halt_cause = $3 WHERE id = $1")
        .bind(plan.id.0)
        .bind(reason.as_str())
        .bind(&cause)
        .execute(&mut *connection)
        .await?;
    tracing::warn!(
        plan.id = %plan.id, "redrive plan {} halted by itself: {reason} {}",
        plan.id, cause.as_deref().unwrap_or_default()
    );
    let after = json!({"status": PlanStatus::Halted, "halt_reason": reason, "new_cause": cause});
    // Nobody halted it: the act says so, and the reason is the rule's, not the operator's.
    let why = cause.map_or_else(|| reason.to_string(), |cause| format!("{reason}: {cause}"));
    audit_in_tx(connection, plan, &applied.by, ("redrive_plan.halted_itself", &why), after).await
}

async fn finish_in_tx(
    connection: &mut PgConnection,
    plan: &Plan,
    applied: &Applied,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE redrive_plan SET status = 'done', ended_at = now() WHERE id = $1")
        .bind(plan.id.0)
        .execute(&mut *connection)
        .await?;
    let counts = sqlx::query(include_str!("run/counts.sql"))
        .bind(plan.id.0)
        .fetch_all(&mut *connection)
        .await?;
    let mut receipt = serde_json::Map::new();
    for row in &counts {
        receipt.insert(row.try_get("status")?, json!(row.try_get::<i64, _>("count")?));
    }
    tracing::info!(plan.id = %plan.id, "redrive plan {} is done: {receipt:?}", plan.id);
    let after = json!({"status": PlanStatus::Done, "receipt": receipt});
    let act = ("redrive_plan.done", applied.reason.as_str());
    audit_in_tx(connection, plan, &applied.by, act, after).await
}

/// What a plan does by itself stands under the name of whoever applied it; the action says that it
/// did it by itself.
async fn audit_in_tx(
    connection: &mut PgConnection,
    plan: &Plan,
    actor: &Operator,
    (action, reason): (&str, &str),
    after: serde_json::Value,
) -> Result<(), StoreError> {
    let act = Act {
        actor,
        action,
        subject: format!("redrive_plan:{}", plan.id),
        reason,
        before: json!({"status": plan.status}),
        after,
    };
    operator_audit::record_in_tx(connection, &act).await
}

//! Sending the next items of a plan.

use std::collections::BTreeMap;

use domain::group::{Boundaries, NoFaults, OpenTransfer, Outlook, Rules, forecast};
use domain::ids::{DeadLetterId, PlanId, TransferId};
use domain::plan::turned_worse;
use domain::retry::RetrySchedule;
use serde_json::json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::StoreError;
use crate::desk::{Goes, Way, send_back_all_in_tx};
use crate::lane::{Peek, peek_in_tx};
use crate::operator_audit::{self, Act};
use crate::plans::make::{goes_on_at, turn_back};
use crate::plans::{Applied, Plan, rows};

/// What became of the next items.
pub(super) struct Sent {
    pub(super) sent: u32,
    pub(super) skipped: u32,
}

/// One of the next items whose dead letter is still open, its saga locked.
struct Next {
    position: i32,
    dead_letter: DeadLetterId,
    transfer: TransferId,
    outlook: Outlook,
}

/// Why an item is passed over.
struct Skip {
    position: i32,
    code: String,
}

/// Locks the next `count` items, looks at each again, and sends those back to work that
/// are what the plan has shown. The others stay dead, with the reason.
pub(super) async fn send_in_tx(
    connection: &mut PgConnection,
    plan: &Plan,
    applied: &Applied,
    count: u32,
) -> Result<Sent, StoreError> {
    let first = plan.dispatched_count.saturating_add(plan.skipped_count).saturating_add(1);
    let last = first.saturating_add(count).saturating_sub(1).min(plan.item_count);
    let range = (small(first)..=small(last)).collect::<Vec<_>>();
    let next = lock_in_tx(connection, plan.id, &range).await?;
    let transfers: Vec<TransferId> = next.iter().map(|one| one.transfer).collect();
    let peek = peek_in_tx(connection, &transfers, 0).await?;
    let (going, mut skipped) = look_again(plan.way, next, peek);
    let found = |position: &i32| {
        going.iter().any(|one| one.0 == *position)
            || skipped.iter().any(|one| one.position == *position)
    };
    let gone: Vec<i32> = range.into_iter().filter(|position| !found(position)).collect();
    let code = "closed_already".to_owned();
    skipped.extend(gone.into_iter().map(|position| Skip { position, code: code.clone() }));

    let (positions, goes): (Vec<i32>, Vec<Goes>) = going.into_iter().unzip();
    sqlx::query(include_str!("send/note.sql"))
        .bind(plan.id.0)
        .bind(&positions)
        .bind(skipped.iter().map(|one| one.position).collect::<Vec<_>>())
        .bind(skipped.iter().map(|one| one.code.as_str()).collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
    if !goes.is_empty() {
        let (by, reason) = (&applied.by, applied.reason.as_str());
        send_back_all_in_tx(connection, plan.way, &goes, by, reason).await?;
        let acts: Vec<Act<'_>> = goes.iter().map(|one| act(plan, applied, one)).collect();
        operator_audit::record_all_in_tx(connection, &acts).await?;
    }
    let counted = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    Ok(Sent { sent: counted(goes.len()), skipped: counted(skipped.len()) })
}

async fn lock_in_tx(
    connection: &mut PgConnection,
    id: PlanId,
    positions: &[i32],
) -> Result<Vec<Next>, StoreError> {
    let rows = sqlx::query(include_str!("send/lock.sql"))
        .bind(id.0)
        .bind(positions.first())
        .bind(positions.last())
        .fetch_all(connection)
        .await?;
    let next = |row| -> Result<Next, StoreError> {
        Ok(Next {
            position: Row::try_get(row, "position")?,
            dead_letter: DeadLetterId(Row::try_get(row, "dead_letter_id")?),
            transfer: TransferId(Row::try_get(row, "transfer_id")?),
            outlook: rows::word(row, "outlook")?,
        })
    };
    rows.iter().map(next).collect()
}

/// Forecasts each again: one that looks worse than the plan has shown is not sent.
fn look_again(way: Way, next: Vec<Next>, peek: Peek) -> (Vec<(i32, Goes)>, Vec<Skip>) {
    let Peek { transfers, mut book, now } = peek;
    let schedule = RetrySchedule::default();
    let rules = Rules {
        schedule: &schedule,
        boundaries: Boundaries::Fused,
        shard: 0,
        faults: &NoFaults,
        now,
        new_id: &Uuid::now_v7,
    };
    let mut open: BTreeMap<TransferId, OpenTransfer> =
        transfers.into_iter().map(|one| (one.id, one)).collect();
    let (mut going, mut skipped) = (Vec::with_capacity(next.len()), Vec::new());
    for one in next {
        let Some(transfer) = open.remove(&one.transfer) else { continue };
        let back = turn_back(way, transfer.undo_of.is_some());
        let (step, undo_of) = goes_on_at(&transfer, back.clone());
        let told = forecast(&rules, transfer, back, &mut book);
        if turned_worse(one.outlook, told.outlook) {
            let code = told.code.map(|code| format!("/{code}")).unwrap_or_default();
            skipped.push(Skip { position: one.position, code: format!("{}{code}", told.outlook) });
        } else {
            let goes = Goes { dead_letter: one.dead_letter, transfer: one.transfer, step, undo_of };
            going.push((one.position, goes));
        }
    }
    (going, skipped)
}

fn act<'a>(plan: &Plan, applied: &'a Applied, one: &Goes) -> Act<'a> {
    Act {
        actor: &applied.by,
        action: plan.way.action(),
        subject: format!("transfer:{}", one.transfer),
        reason: &applied.reason,
        before: json!({"dead_letter_id": one.dead_letter, "state": "stuck", "plan_id": plan.id}),
        after: json!({"step": one.step, "compensating": one.undo_of.is_some()}),
    }
}

/// Positions are far below the largest `i32`: a constraint of the plan's size.
fn small(position: u32) -> i32 {
    i32::try_from(position).unwrap_or(i32::MAX)
}

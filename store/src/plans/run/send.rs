//! Sending the next items of a plan.

use std::collections::BTreeMap;

use domain::dead_letter::DeskAct;
use domain::group::{OpenTransfer, Outlook};
use domain::ids::{DeadLetterId, PlanId, TransferId};
use domain::plan::turned_worse;
use serde_json::json;
use sqlx::{PgConnection, Row};

use crate::StoreError;
use crate::desk::{Goes, Way, send_back_in_tx};
use crate::lane::{Peek, SHARD, by_hand, peek_in_tx};
use crate::operator_audit::{self, Act};
use crate::plans::make::{Future, look_ahead};
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
    let peek = peek_in_tx(connection, &transfers, SHARD).await?;
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
        let closes_as = DeskAct::from(plan.way).closes_as();
        send_back_in_tx(connection, closes_as, &goes, by, reason).await?;
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

/// Forecasts each again: one that looks worse than the plan has shown is not sent, nor is one that
/// may not be turned back.
fn look_again(way: Way, next: Vec<Next>, peek: Peek) -> (Vec<(i32, Goes)>, Vec<Skip>) {
    let Peek { transfers, mut book, now } = peek;
    let mut open: BTreeMap<TransferId, OpenTransfer> =
        transfers.into_iter().map(|one| (one.id, one)).collect();
    let (mut going, mut skipped) = (Vec::with_capacity(next.len()), Vec::new());
    by_hand(now, |rules| {
        for one in next {
            let Some(transfer) = open.remove(&one.transfer) else { continue };
            let future = look_ahead(rules, way, transfer, &mut book);
            let Future { step, undo_of, told, possible } = future;
            let position = one.position;
            if !possible || turned_worse(one.outlook, told.outlook) {
                let code = told.code.map(|code| format!("/{code}")).unwrap_or_default();
                skipped.push(Skip { position, code: format!("{}{code}", told.outlook) });
            } else {
                let (dead_letter, transfer) = (one.dead_letter, one.transfer);
                going.push((position, Goes { dead_letter, transfer, step, undo_of }));
            }
        }
    });
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

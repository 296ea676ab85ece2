//! Acts that change the transfer at once, under the locks of its wallets.

use domain::ids::DeadLetterId;
use serde_json::json;
use sqlx::PgConnection;

use super::act::Decision;
use super::balances::{by_wallet, changes};
use super::parked::Parked;
use super::{DeskError, StoreError};
use crate::lane::{self, Change, Changed, SHARD};
use crate::operator_audit::{self, Act};

/// Changes the transfer as a person has decided and closes its dead letter.
pub(super) async fn change_in_tx(
    connection: &mut PgConnection,
    id: DeadLetterId,
    parked: &Parked,
    change: Change,
    decision: &Decision<'_>,
) -> Result<(), DeskError> {
    let locked = lane::lock_one_in_tx(connection, parked.transfer).await?;
    let locked = locked.ok_or_else(|| lost(parked))?;
    let changed = lane::change_in_tx(connection, locked, change).await?;
    close_in_tx(connection, id, parked, decision, &changed).await
}

async fn close_in_tx(
    connection: &mut PgConnection,
    id: DeadLetterId,
    parked: &Parked,
    decision: &Decision<'_>,
    changed: &Changed,
) -> Result<(), DeskError> {
    let closed = sqlx::query(include_str!("close.sql"))
        .bind(id.0)
        .bind(decision.act.closes_as().as_str())
        .bind(&decision.actor.name)
        .bind(decision.reason)
        .bind(decision.evidence)
        .execute(&mut *connection)
        .await?;
    if closed.rows_affected() != 1 {
        return Err(lost(parked).into());
    }
    let Changed { advanced, before, after } = changed;
    let wallets = changes(&advanced.transfer, SHARD, before, after)?;
    let act = Act {
        actor: decision.actor,
        action: &decision.action(),
        subject: format!("transfer:{}", parked.transfer),
        reason: decision.reason,
        before: json!({
            "dead_letter_id": id,
            "state": "stuck",
            "step": parked.step,
            "held_minor": parked.hold_minor,
            "balances": by_wallet(&wallets, |wallet| wallet.before),
        }),
        after: json!({
            "status": advanced.status,
            "resolution": decision.act.resolution(),
            "evidence": decision.evidence,
            "held_minor": advanced.transfer.hold,
            "balances": by_wallet(&wallets, |wallet| wallet.after),
        }),
    };
    Ok(operator_audit::record_in_tx(connection, &act).await?)
}

fn lost(parked: &Parked) -> StoreError {
    StoreError::Corrupt(format!("transfer {} changed under its lock", parked.transfer))
}

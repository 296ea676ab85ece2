//! The proof: a checkpoint is written and held against everything that it will stand for.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::StoreError;
use crate::checkpoint::{self, Checkpoint};
use crate::ledger::{self, Rule, Scope, Violation};

/// Rules about the weeks to be moved alone, with the checkpoint before as their ground.
const WEEKS: &[Rule] = &[
    ledger::ENTRIES_BALANCE,
    ledger::ENTRIES_FOLLOW,
    ledger::RUNNING_BALANCES_MATCH,
    ledger::SETTLED_COMPLETE,
];
/// Rules about the lines of the new checkpoint.
const LINES: &[Rule] = &[
    ("lines follow from postings and the lines before", include_str!("lines_follow.sql")),
    ("debits equal credits over all lines", include_str!("lines_balance.sql")),
];

/// Writes the checkpoint behind `before` and its lines.
pub(super) async fn write_in_tx(
    connection: &mut PgConnection,
    before: Option<&Checkpoint>,
    boundary_at: DateTime<Utc>,
    boundary: Uuid,
) -> Result<Checkpoint, StoreError> {
    let seq = before.map_or(0, |one| one.seq) + 1;
    sqlx::query(include_str!("write_lines.sql"))
        .bind(seq)
        .bind(boundary)
        .execute(&mut *connection)
        .await?;
    // The rules that follow join the lines; nobody else has counted them yet.
    sqlx::query("ANALYZE balance_checkpoint_line").execute(&mut *connection).await?;
    let row = sqlx::query(include_str!("counts.sql"))
        .bind(seq)
        .bind(boundary)
        .fetch_one(&mut *connection)
        .await?;
    let new = Checkpoint {
        seq,
        boundary,
        boundary_at,
        made_at: sqlx::query_scalar("SELECT now()").fetch_one(&mut *connection).await?,
        transfer_count: row.try_get("transfer_count")?,
        entry_count: row.try_get("entry_count")?,
        posting_count: row.try_get("posting_count")?,
        totals: row.try_get("totals")?,
        // The sealing makes these.
        line_count: 0,
        lines_hash: Vec::new(),
        prev_hash: Vec::new(),
        hash: Vec::new(),
    };
    checkpoint::seal_in_tx(connection, before, new).await
}

/// Proves the weeks, the lines, and last what the ledger check will say from the new checkpoint on. Empty when all holds.
pub(super) async fn violations_in_tx(
    connection: &mut PgConnection,
    before: Option<&Checkpoint>,
    new: &Checkpoint,
    progress: impl Fn(&str),
) -> Result<Vec<Violation>, StoreError> {
    let (seq, from) = before.map_or((0, Uuid::nil()), |one| (one.seq, one.boundary));
    let weeks = Scope { from, checkpoint: seq, until: new.boundary };
    let lines = Scope { checkpoint: new.seq, ..weeks };
    let after = new.scope_after();
    let mut violations = Vec::new();
    let rules = WEEKS.iter().map(|rule| (rule, weeks, "archived weeks"));
    let rules = rules.chain(LINES.iter().map(|rule| (rule, lines, "checkpoint")));
    let rules = rules.chain(ledger::QUICK.iter().map(|rule| (rule, after, "live")));
    let rules = rules.chain(ledger::FULL.iter().map(|rule| (rule, after, "live")));
    for (rule, scope, part) in rules {
        progress(&format!("proving, {part}: {}", rule.0));
        violations.extend(ledger::violations_in_tx(connection, rule, scope).await?);
    }
    violations.extend(ledger::broken_checkpoints_in_tx(connection).await?);
    Ok(violations)
}

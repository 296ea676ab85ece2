//! Old weeks of the ledger, moved out of the live tables behind a proven balance checkpoint. Nothing is dropped.
//!
//! 1. Freeze: each weekly partition gets a trigger that refuses every change, and a validated check of its bounds. Each
//!    is a transaction of its own; a freeze that is there already is kept.
//! 2. Prove: one REPEATABLE READ transaction writes the checkpoint and its lines, and proves on one snapshot that they
//!    follow from the checkpoint before and the postings of the weeks, and that the live rows follow from them. It takes
//!    as long as it takes, and holds no lock that stops anyone. What was proven stays true, because the weeks are frozen.
//! 3. Move: the same transaction locks the three live tables for some milliseconds, moves the partitions as they are, and
//!    commits.
//!
//! If the process dies before that commit, no checkpoint exists and no week has moved: run it again. After it, all is done.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::TransferId;
use sqlx::{Connection, PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::checkpoint::{self, Checkpoint, Total};
use crate::ledger::{self, Rule, Scope, Violation};
use crate::{StoreError, orm};

/// Held by the one archiving that may run. An arbitrary number.
const LOCK: i64 = 0x486f_6c64_6172_6368;
/// How long an exclusive lock is waited for. Whoever comes in that time waits behind it, so it is short.
const LOCK_MAX: &str = "500ms";
/// Pause before the next try.
const PAUSE: Duration = Duration::from_secs(1);
/// Tries before it gives up: a full ledger check, which holds it up, may take minutes.
const TRIES_MAX: u32 = 600;
/// Open transfers that a refusal names.
const OPEN_NAMED_MAX: i64 = 20;

/// What to archive.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// All whole weeks before this Monday, 00:00 UTC.
    pub before: DateTime<Utc>,
    /// Nothing younger is archived.
    pub kept: TimeDelta,
    /// Prove only: everything is rolled back, and no week is frozen.
    pub dry_run: bool,
    /// How long the move may try for its locks, in tries of about 1.5 s.
    pub tries_max: u32,
}

impl Request {
    /// All weeks before an instant that are at least `kept` old.
    pub fn new(before: DateTime<Utc>, kept: TimeDelta) -> Self {
        Self { before, kept, dry_run: false, tries_max: TRIES_MAX }
    }
}

/// What came of it.
#[derive(Debug)]
pub enum Outcome {
    /// No whole week before that instant is live.
    Nothing,
    /// The weeks do not prove. Nothing was moved.
    Broken(Vec<Violation>),
    /// Proven, and moved unless it was a dry run.
    Done(Summary),
}

/// A checkpoint, and what was archived with it.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Its number, from 1.
    pub seq: i64,
    /// Partitions moved; those that would be, in a dry run.
    pub partition_count: usize,
    /// Transfers archived.
    pub transfer_count: i64,
    /// Journal entries archived.
    pub entry_count: i64,
    /// Postings archived.
    pub posting_count: i64,
    /// Wallets that the checkpoint knows.
    pub line_count: i64,
    /// What they add up to, by currency.
    pub totals: BTreeMap<String, Total>,
    /// The end of the chain, for people to note.
    pub hash: Vec<u8>,
}

/// Nothing was archived.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A statement failed.
    #[error("the weeks cannot be archived")]
    Store(#[from] StoreError),
    /// Too young.
    #[error("only weeks that ended before {newest} are old enough")]
    TooYoung {
        /// The latest instant that is allowed.
        newest: DateTime<Utc>,
    },
    /// Somebody else is at it.
    #[error("another archive command is running")]
    Busy,
    /// Transfers of those weeks are not at their end.
    #[error("{count} transfers from before that are not at their end: {}", list(ids, *count))]
    Open {
        /// How many.
        count: i64,
        /// The oldest of them.
        ids: Vec<TransferId>,
    },
    /// Events of those weeks were not sent.
    #[error("{count} events from before that were not sent yet")]
    Unsent {
        /// How many.
        count: i64,
    },
    /// Others had the tables for too long.
    #[error(
        "the tables were in use for too long, such as by a full ledger check; run it again when that is over"
    )]
    Locked,
}

impl From<sqlx::Error> for ArchiveError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

fn list(ids: &[TransferId], count: i64) -> String {
    let named: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let more = usize::try_from(count).unwrap_or(usize::MAX) > named.len();
    format!("{}{}", named.join(", "), if more { ", ..." } else { "" })
}

/// Archives whole weeks. `progress` is told what is being done.
pub async fn run(
    pool: &PgPool,
    request: &Request,
    progress: impl Fn(&str) + Send + Sync,
) -> Result<Outcome, ArchiveError> {
    // Not given back to the pool: the lock of the session ends with the connection.
    let mut connection = pool.acquire().await?.detach();
    let lock = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(LOCK);
    if !lock.fetch_one(&mut connection).await? {
        return Err(ArchiveError::Busy);
    }
    let now: DateTime<Utc> =
        sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&mut connection).await?;
    if request.before > now - request.kept {
        return Err(ArchiveError::TooYoung { newest: now - request.kept });
    }
    let boundary = orm::first_from(request.before);
    let weeks = weeks(&mut connection, boundary).await?;
    if weeks.is_empty() {
        return Ok(Outcome::Nothing);
    }
    refuse_open_work(&mut connection, boundary).await?;
    if !request.dry_run {
        for (parent, week) in &weeks {
            progress(&format!("freezing {week}"));
            freeze(&mut connection, parent, week, request.tries_max).await?;
        }
    }
    let outcome = prove_and_move(&mut connection, request, boundary, weeks.len(), progress).await;
    connection.close().await?;
    outcome
}

/// Live partitions that end by `boundary`: (table, partition).
async fn weeks(
    connection: &mut PgConnection,
    boundary: Uuid,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows =
        sqlx::query(include_str!("archive/weeks.sql")).bind(boundary).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Open transfers can still change rows of those weeks. None can come anew: intake makes ids of now.
async fn refuse_open_work(
    connection: &mut PgConnection,
    boundary: Uuid,
) -> Result<(), ArchiveError> {
    let row = sqlx::query(include_str!("archive/open_work.sql"))
        .bind(boundary)
        .bind(OPEN_NAMED_MAX)
        .fetch_one(connection)
        .await?;
    let (count, unsent): (i64, i64) = (row.try_get("open_count")?, row.try_get("unsent_count")?);
    let ids: Vec<Uuid> = row.try_get("open_ids")?;
    match (count, unsent) {
        (0, 0) => Ok(()),
        (0, count) => Err(ArchiveError::Unsent { count }),
        (count, _) => {
            Err(ArchiveError::Open { count, ids: ids.into_iter().map(TransferId).collect() })
        }
    }
}

/// Stops every change of a week, then validates the check of its bounds.
async fn freeze(
    connection: &mut PgConnection,
    parent: &str,
    week: &str,
    tries_max: u32,
) -> Result<(), ArchiveError> {
    for _ in 0..tries_max {
        match freeze_once(connection, parent, week).await {
            Ok(()) => {
                sqlx::query("SELECT archive.validate_week($1::text::regclass)")
                    .bind(week)
                    .execute(connection)
                    .await?;
                return Ok(());
            }
            Err(error) if lost_a_lock(&error) => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(ArchiveError::Locked)
}

async fn freeze_once(
    connection: &mut PgConnection,
    parent: &str,
    week: &str,
) -> Result<(), StoreError> {
    let mut tx = connection.begin().await?;
    limit_locks_in_tx(&mut tx).await?;
    sqlx::query("SELECT archive.freeze_week($1::text::regclass, $2::text::regclass)")
        .bind(parent)
        .bind(week)
        .execute(&mut *tx)
        .await?;
    Ok(tx.commit().await?)
}

async fn limit_locks_in_tx(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("SELECT set_config('lock_timeout', $1, true)")
        .bind(LOCK_MAX)
        .execute(connection)
        .await?;
    Ok(())
}

/// A lock was not had in time, or only by somebody else's loss.
fn lost_a_lock(error: &StoreError) -> bool {
    matches!(error.sqlstate().as_deref(), Some("55P03" | "40P01"))
}

async fn prove_and_move(
    connection: &mut PgConnection,
    request: &Request,
    boundary: Uuid,
    partition_count: usize,
    progress: impl Fn(&str),
) -> Result<Outcome, ArchiveError> {
    let mut tx = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    // Again, on the snapshot of the proof.
    refuse_open_work(&mut tx, boundary).await?;
    let before = checkpoint::newest_in_tx(&mut tx).await?;
    progress("writing the checkpoint");
    let new = write_in_tx(&mut tx, before.as_ref(), request.before, boundary).await?;
    let violations = prove_in_tx(&mut tx, before.as_ref(), &new, &progress).await?;
    if !violations.is_empty() {
        tx.rollback().await?;
        return Ok(Outcome::Broken(violations));
    }
    if request.dry_run {
        tx.rollback().await?;
    } else {
        progress("moving the weeks");
        move_in_tx(&mut tx, boundary, partition_count, request.tries_max).await?;
        let left = ledger::violations_in_tx(&mut tx, &ledger::NOTHING_BEFORE, new.scope_after());
        let left = left.await?;
        if !left.is_empty() {
            tx.rollback().await?;
            return Ok(Outcome::Broken(left));
        }
        tx.commit().await?;
    }
    Ok(Outcome::Done(Summary {
        seq: new.seq,
        partition_count,
        transfer_count: new.transfer_count,
        entry_count: new.entry_count,
        posting_count: new.posting_count,
        line_count: new.line_count,
        totals: new.totals()?,
        hash: new.hash,
    }))
}

async fn write_in_tx(
    connection: &mut PgConnection,
    before: Option<&Checkpoint>,
    boundary_at: DateTime<Utc>,
    boundary: Uuid,
) -> Result<Checkpoint, StoreError> {
    let seq = before.map_or(0, |one| one.seq) + 1;
    sqlx::query(include_str!("archive/write_lines.sql"))
        .bind(seq)
        .bind(boundary)
        .execute(&mut *connection)
        .await?;
    // The rules that follow join the lines; nobody else has counted them yet.
    sqlx::query("ANALYZE balance_checkpoint_line").execute(&mut *connection).await?;
    let row = sqlx::query(include_str!("archive/counts.sql"))
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

/// Rules about the weeks to be moved alone, with the checkpoint before as their ground.
const WEEKS: &[Rule] =
    &[ledger::ENTRIES_BALANCE, ledger::RUNNING_BALANCES_MATCH, ledger::SETTLED_COMPLETE];
/// Rules about the lines of the new checkpoint.
const LINES: &[Rule] = &[
    ("lines follow from postings and the lines before", include_str!("archive/lines_follow.sql")),
    ("debits equal credits over all lines", include_str!("archive/lines_balance.sql")),
];

/// Proves the weeks, the lines, and last what the ledger check will say from the new checkpoint on.
async fn prove_in_tx(
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
    for (id, detail) in checkpoint::verify_in_tx(connection).await? {
        violations.push(Violation { rule: ledger::CHECKPOINTS_HOLD, id, detail });
    }
    Ok(violations)
}

/// Takes the live tables for itself and moves the weeks. Between two tries it holds nothing that stops anyone.
async fn move_in_tx(
    connection: &mut PgConnection,
    boundary: Uuid,
    partition_count: usize,
    tries_max: u32,
) -> Result<(), ArchiveError> {
    for _ in 0..tries_max {
        match move_once_in_tx(connection, boundary).await {
            Ok(moved) if usize::try_from(moved).ok() == Some(partition_count) => return Ok(()),
            Ok(_) => {
                let what = "the weeks are not those that were frozen";
                return Err(StoreError::Corrupt(what.to_owned()).into());
            }
            Err(error) if lost_a_lock(&error) => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(ArchiveError::Locked)
}

async fn move_once_in_tx(
    connection: &mut PgConnection,
    boundary: Uuid,
) -> Result<i32, StoreError> {
    // A savepoint: when a lock is not had in time, the proof stays.
    let mut savepoint = connection.begin().await?;
    limit_locks_in_tx(&mut savepoint).await?;
    sqlx::query("LOCK TABLE ONLY transfer, ONLY journal_entry, ONLY posting IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *savepoint)
        .await?;
    let moved = sqlx::query_scalar("SELECT archive.move_weeks($1)")
        .bind(boundary)
        .fetch_one(&mut *savepoint)
        .await?;
    savepoint.commit().await?;
    Ok(moved)
}

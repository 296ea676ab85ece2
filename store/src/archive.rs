//! Old weeks of the ledger, moved out of the live tables behind a proven balance checkpoint. Nothing is dropped.
//!
//! 1. Freeze: each weekly partition gets a trigger that refuses every change, and a validated check of its bounds.
//!    Each is a transaction of its own; a freeze that is there already is kept.
//! 2. Prove: one REPEATABLE READ transaction writes the checkpoint and its lines, and proves on one snapshot that they
//!    follow from the checkpoint before and the postings of the weeks, and that the live rows follow from them. It
//!    takes as long as it takes, and holds no lock that stops transfers. What was proven stays true, because the weeks
//!    are frozen.
//! 3. Move: the same transaction locks the three live tables for some milliseconds, moves the partitions as they are,
//!    and commits.
//!
//! If the process dies before that commit, no checkpoint exists and no week has moved: run it again. After it, all is
//! done.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Connection, PgConnection, PgPool};
use uuid::Uuid;

use crate::checkpoint::{self, Checkpoint, Total};
use crate::ledger::{self, Violation};
use crate::{StoreError, orm};

mod error;
mod prove;
mod refuse;
mod weeks;

pub use error::ArchiveError;

/// Held by the one archiving that may run. An arbitrary number.
const LOCK: i64 = 0x486f_6c64_6172_6368;
/// A server that does not hear from a killed command ends its statement after this time, in milliseconds.
const GONE_MS: &str = "2000";
/// Tries before it gives up: a full ledger check, which holds it up, may take minutes.
const TRIES_MAX: u32 = 600;

/// What to archive.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// All whole weeks before this Monday, 00:00 UTC.
    pub before: DateTime<Utc>,
    /// Nothing younger is archived.
    pub kept: TimeDelta,
    /// Prove only: everything is rolled back, and no week is frozen.
    pub dry_run: bool,
    /// How long it may try for its locks, in tries of about 1.2 s.
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
    /// For how long the live tables were locked: from the lock to the end of the commit. Zero in a dry run.
    pub held: Duration,
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
    let outcome = run_alone(&mut connection, request, progress).await;
    // A close alone ends the lock a little later, and the next command would still meet it. Neither can undo the outcome.
    sqlx::query("SELECT pg_advisory_unlock($1)").bind(LOCK).execute(&mut connection).await.ok();
    connection.close().await.ok();
    outcome
}

async fn run_alone(
    connection: &mut PgConnection,
    request: &Request,
    progress: impl Fn(&str) + Send + Sync,
) -> Result<Outcome, ArchiveError> {
    // Not every system can do that. Then a killed command's statement ends when it is done.
    let notice = sqlx::query("SELECT set_config('client_connection_check_interval', $1, false)");
    notice.bind(GONE_MS).execute(&mut *connection).await.ok();
    let now = sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&mut *connection).await?;
    refuse::wrong_time(request, now)?;
    let boundary = orm::first_from(request.before);
    let weeks = weeks::before(connection, boundary).await?;
    if weeks.is_empty() {
        return Ok(Outcome::Nothing);
    }
    refuse::open_work(connection, boundary).await?;
    if !request.dry_run {
        for week in &weeks {
            progress(&format!("freezing {}", week.name));
            weeks::freeze(connection, week, request.tries_max).await?;
        }
    }
    prove_and_move(connection, request, boundary, weeks.len(), progress).await
}

async fn prove_and_move(
    connection: &mut PgConnection,
    request: &Request,
    boundary: Uuid,
    partition_count: usize,
    progress: impl Fn(&str),
) -> Result<Outcome, ArchiveError> {
    let mut tx = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    ledger::lock_in_tx(&mut tx).await?;
    // Again, on the snapshot of the proof.
    refuse::open_work(&mut tx, boundary).await?;
    let before = checkpoint::newest_in_tx(&mut tx).await?;
    progress("writing the checkpoint");
    let new = prove::write_in_tx(&mut tx, before.as_ref(), request.before, boundary).await?;
    let violations = prove::violations_in_tx(&mut tx, before.as_ref(), &new, &progress).await?;
    if !violations.is_empty() {
        tx.rollback().await?;
        return Ok(Outcome::Broken(violations));
    }
    if request.dry_run {
        tx.rollback().await?;
        return Ok(Outcome::Done(summary(new, partition_count, Duration::ZERO)?));
    }
    progress("moving the weeks");
    let locked_at =
        weeks::move_in_tx(&mut tx, boundary, partition_count, request.tries_max).await?;
    let scope = new.scope_after();
    let left = ledger::violations_in_tx(&mut tx, &ledger::NOTHING_BEFORE, scope).await?;
    if !left.is_empty() {
        tx.rollback().await?;
        return Ok(Outcome::Broken(left));
    }
    tx.commit().await?;
    Ok(Outcome::Done(summary(new, partition_count, locked_at.elapsed())?))
}

fn summary(new: Checkpoint, partition_count: usize, held: Duration) -> Result<Summary, StoreError> {
    Ok(Summary {
        seq: new.seq,
        partition_count,
        transfer_count: new.transfer_count,
        entry_count: new.entry_count,
        posting_count: new.posting_count,
        line_count: new.line_count,
        totals: new.totals()?,
        hash: new.hash,
        held,
    })
}

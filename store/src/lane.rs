//! One group of transfers advanced in one transaction.
//!
//! Lock the open rows, lock the wallets in id order, judge in memory, write all
//! of it in one statement, commit. If the process dies anywhere before the commit
//! nothing has happened; after it the open rows say how far each transfer is.

use std::collections::BTreeSet;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use domain::answer::Awaited;
use domain::failure::Failure;
use domain::group::{
    Advanced, Book, Boundaries, BrokenInvariant, Faults, OpenTransfer, Patience, Progress, Rules,
};
use domain::ids::{TransferId, WalletId};
use domain::money::MoneyOverflow;
use domain::retry::RetrySchedule;
use domain::saga::StuckReason;
use domain::transfer::TransferStatus;
use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;

use crate::error::Temper;
use crate::switches::Switches;
use crate::{StoreError, describe, notices};

mod apply;
mod limits;
mod peek;
mod reversals;
mod rows;
mod single;

pub use apply::Outcome;
pub(crate) use peek::{Peek, peek_in_tx};
pub(crate) use single::{Change, Changed, Locked, SHARD, by_hand, change_in_tx, lock_one_in_tx};

/// What a lane knows beside its transfers.
pub struct LaneRules {
    /// When to retry.
    pub schedule: RetrySchedule,
    /// How long to wait for others.
    pub patience: Patience,
    /// How far one transaction goes.
    pub boundaries: Boundaries,
    /// Its shard of the system wallets, 0 to 15.
    pub shard: u8,
    /// Failures to inject; `NoFaults` outside tests.
    pub faults: Box<dyn Faults>,
    /// Watches the transaction; `NoProbe` outside tests.
    pub probe: Box<dyn Probe>,
    /// What operators have paused.
    pub switches: Switches,
}

/// Where a transaction stands, for the tests that kill the process there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Everything is written, nothing is committed.
    BeforeCommit,
    /// Committed; nobody has been told.
    AfterCommit,
}

/// Told when a group passes a [`Point`].
pub trait Probe: Send + Sync {
    /// `group` holds the transfers as they were claimed.
    fn reached(&self, point: Point, group: &[OpenTransfer]);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProbe;

impl Probe for NoProbe {
    fn reached(&self, _: Point, _: &[OpenTransfer]) {}
}

/// Why a group was rolled back.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// A statement failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored state contradicts itself.
    #[error("broken invariant")]
    Broken(#[from] BrokenInvariant),
    /// A counter left the range of `i64` in spite of all checks.
    #[error("broken invariant")]
    Overflow(#[from] MoneyOverflow),
}

impl From<sqlx::Error> for GroupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl GroupError {
    /// Whether one of the transfers, the database, or the program is at fault.
    pub fn temper(&self) -> Temper {
        match self {
            Self::Store(error) => error.temper(),
            Self::Broken(_) | Self::Overflow(_) => Temper::Data,
        }
    }
}

/// Times that a transfer may take its process down before it is parked.
pub const CRASH_MAX: i16 = 3;

/// What a committed group did.
#[derive(Debug, Default)]
pub struct GroupReport {
    /// At a durable boundary: run them again at once.
    pub ready: Vec<TransferId>,
    /// Suspected of killing their process, and left alone: run them apart.
    pub suspects: Vec<TransferId>,
    /// How every transfer advanced here stands now.
    pub statuses: Vec<(TransferId, TransferStatus)>,
    /// Whether there are calls to make: whoever makes them is to be woken.
    pub calls: bool,
    /// The statuses with all that was done to each transfer.
    pub outcomes: Vec<Outcome>,
    /// When it happened; none when nothing was to be done.
    pub times: Option<GroupTimes>,
}

/// When a group came how far, by the clock of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupTimes {
    /// The transaction was asked for.
    pub began: SystemTime,
    /// All rows were locked and read.
    pub locked: SystemTime,
    /// Every transfer was judged; nothing was written.
    pub judged: SystemTime,
    /// Committed.
    pub committed: SystemTime,
}

/// Advances those of `ids` that are open, due and not held by another lane.
/// Suspects are left out unless `apart`.
pub async fn advance(
    connection: &mut PgConnection,
    rules: &LaneRules,
    ids: &[TransferId],
    apart: bool,
) -> Result<GroupReport, GroupError> {
    let probe = rules.probe.as_ref();
    let among = if apart { Among::All } else { Among::Unsuspected };
    run(connection, rules, probe, ids, among, &|context, transfer, book| {
        context.advance(transfer, book)
    })
    .await
}

/// Parks one transfer that cannot go on, with a dead letter. None of its steps is run. One that is
/// said to kill its worker is parked only while its row says so: another lane may have run it well
/// since the caller looked.
pub async fn halt(
    connection: &mut PgConnection,
    rules: &LaneRules,
    id: TransferId,
    reason: StuckReason,
    failure: &Failure,
) -> Result<GroupReport, GroupError> {
    let among = match reason {
        StuckReason::KillsItsWorker => Among::Crashed(CRASH_MAX),
        _ => Among::All,
    };
    run(connection, rules, &NoProbe, &[id], among, &|context, transfer, book| {
        context.halt(transfer, reason, failure.clone(), book)
    })
    .await
}

/// Notes that these are about to be run apart, so that a crash is held against them.
pub async fn suspect(connection: &mut PgConnection, ids: &[TransferId]) -> Result<(), StoreError> {
    sqlx::query(include_str!("lane/suspect.sql")).bind(uuids(ids)).execute(connection).await?;
    Ok(())
}

/// The runnable ones among `ids` with how often each was run apart, the least suspect first.
pub async fn crash_counts(
    connection: &mut PgConnection,
    ids: &[TransferId],
) -> Result<Vec<(TransferId, i16)>, StoreError> {
    let rows = sqlx::query(include_str!("lane/crash_counts.sql"))
        .bind(uuids(ids))
        .fetch_all(connection)
        .await?;
    let mut counts = Vec::with_capacity(rows.len());
    for row in &rows {
        if row.try_get("runnable")? {
            counts.push((TransferId(row.try_get(0)?), row.try_get(1)?));
        }
    }
    Ok(counts)
}

/// Which of the open rows that were claimed.
#[derive(Clone, Copy)]
enum Among {
    /// Those that nothing is held against; the others are reported.
    Unsuspected,
    /// All of them.
    All,
    /// Those that were run apart so often without coming back.
    Crashed(i16),
}

type Advance<'a> =
    &'a (dyn Fn(&Rules<'_>, OpenTransfer, &mut Book) -> Result<Advanced, BrokenInvariant> + Sync);

/// An open row with what only the writing needs of it.
struct Claimed {
    transfer: OpenTransfer,
    correlation_id: Option<String>,
    traceparent: Option<String>,
    crash_count: i16,
}

async fn run(
    connection: &mut PgConnection,
    rules: &LaneRules,
    probe: &dyn Probe,
    ids: &[TransferId],
    among: Among,
    advance: Advance<'_>,
) -> Result<GroupReport, GroupError> {
    let mut report = GroupReport::default();
    let began = SystemTime::now();
    let mut tx = connection.begin().await?;
    let mut group = claim_in_tx(&mut tx, ids).await?;
    match among {
        Among::Unsuspected => {
            let suspects = group.extract_if(.., |one| one.crash_count > 0);
            report.suspects = suspects.map(|one| one.transfer.id).collect();
        }
        Among::All => {}
        Among::Crashed(times) => group.retain(|one| one.crash_count >= times),
    }
    if group.is_empty() {
        tx.rollback().await?;
        return Ok(report);
    }
    let (mut book, now) = lock_wallets_in_tx(&mut tx, rules.shard, &group).await?;
    let locked = SystemTime::now();
    let context = Rules {
        schedule: &rules.schedule,
        patience: rules.patience,
        boundaries: rules.boundaries,
        shard: rules.shard,
        faults: rules.faults.as_ref(),
        switches: rules.switches.now(),
        now,
        new_id: &Uuid::now_v7,
    };
    let before: Vec<OpenTransfer> = group.iter().map(|one| one.transfer.clone()).collect();
    let mut advanced = Vec::with_capacity(group.len());
    for one in group {
        let Claimed { transfer, correlation_id, traceparent, .. } = one;
        let outcome = advance(&context, transfer, &mut book)?;
        advanced.push(Outcome { advanced: outcome, correlation_id, traceparent });
    }
    let judged = SystemTime::now();
    limits::write_in_tx(&mut tx, &book).await?;
    apply::write_in_tx(&mut tx, now, &book.changes()?, &advanced).await?;
    reversals::write_in_tx(&mut tx, &book).await?;
    probe.reached(Point::BeforeCommit, &before);
    tx.commit().await?;
    probe.reached(Point::AfterCommit, &before);

    report.times = Some(GroupTimes { began, locked, judged, committed: SystemTime::now() });
    let mut confirming = Vec::new();
    for outcome in &advanced {
        let one = &outcome.advanced;
        match one.progress {
            Progress::Ready => report.ready.push(one.transfer.id),
            Progress::Awaits { what: Awaited::Call, .. } => report.calls = true,
            Progress::Awaits { what: Awaited::Confirmation, .. } => {
                confirming.push(one.transfer.id);
            }
            _ => {}
        }
        report.statuses.push((one.transfer.id, one.status));
    }
    report.outcomes = advanced;
    report.ready.extend(told_before(connection, &confirming).await);
    Ok(report)
}

/// Those of these payouts whose provider was quicker than we were, and that go on at once. If
/// this fails or is not come to, the keeper does it.
async fn told_before(connection: &mut PgConnection, ids: &[TransferId]) -> Vec<TransferId> {
    if ids.is_empty() {
        return Vec::new();
    }
    notices::apply_early(connection, ids).await.unwrap_or_else(|error| {
        tracing::debug!(error = describe(&error), "early notices are left to the keeper");
        Vec::new()
    })
}

async fn claim_in_tx(
    connection: &mut PgConnection,
    ids: &[TransferId],
) -> Result<Vec<Claimed>, StoreError> {
    let rows =
        sqlx::query(include_str!("lane/claim.sql")).bind(uuids(ids)).fetch_all(connection).await?;
    let claimed = rows.iter().map(rows::claimed);
    claimed.filter_map(Result::transpose).collect()
}

async fn lock_wallets_in_tx(
    connection: &mut PgConnection,
    shard: u8,
    group: &[Claimed],
) -> Result<(Book, DateTime<Utc>), StoreError> {
    let ends = |one: &Claimed| [one.transfer.source_in(shard), one.transfer.destination];
    let wallets: BTreeSet<WalletId> = group.iter().flat_map(ends).collect();
    let wallets: Vec<Uuid> = wallets.into_iter().map(|id| id.0).collect();
    let rows = sqlx::query(include_str!("lane/lock_wallets.sql"))
        .bind(wallets)
        .fetch_all(&mut *connection)
        .await?;
    let mut now = DateTime::<Utc>::MIN_UTC;
    let mut hot = Vec::with_capacity(rows.len());
    for row in &rows {
        hot.push(rows::hot_wallet(row)?);
        now = now.max(row.try_get("locked_at")?);
    }
    if rows.is_empty() {
        // No wallet of the group exists; the verdicts still need a time.
        now = Utc::now();
    }
    let transfers = group.iter().map(|one| &one.transfer);
    let mut book = reversals::lock_in_tx(connection, transfers, Book::new(hot)).await?;
    let limited = limits::concerned(&book, group.iter().map(|one| &one.transfer));
    limits::bring_in_tx(connection, &mut book, &limited, now, true).await?;
    Ok((book, now))
}

fn uuids(ids: &[TransferId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.0).collect()
}

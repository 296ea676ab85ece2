//! The proof that no money was lost or made: read-only, on one snapshot.
//!
//! It starts from the newest balance checkpoint, which was proven when it was made: what lies before it is in the
//! archive and is not read again. What a checkpoint says is held to its hash and to the live rows.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::{StoreError, checkpoint};

/// Violations named per rule; a rule that breaks for more says so by reaching it.
const VIOLATIONS_MAX: i64 = 20;

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The counters of the wallets and the open work. Cheap enough for a badge.
    Quick,
    /// Every live posting, entry, transfer and event too, and the newest checkpoint.
    Full,
    /// Every archived posting as well.
    Archive,
}

/// What the check found.
#[derive(Debug, Clone, Serialize)]
pub struct LedgerReport {
    /// How much was read.
    pub mode: Mode,
    /// The instant that the snapshot shows.
    pub checked_at: DateTime<Utc>,
    /// Whether every rule holds.
    pub ok: bool,
    /// Sums by currency.
    pub totals: Vec<CurrencyTotal>,
    /// The rules that were checked.
    pub rules: Vec<&'static str>,
    /// What breaks them.
    pub violations: Vec<Violation>,
}

/// What all wallets of one currency add up to. Debits equal credits.
#[derive(Debug, Clone, Serialize)]
pub struct CurrencyTotal {
    /// The currency.
    pub currency: String,
    /// Number of wallets that count it.
    pub wallet_count: i64,
    /// Sum of posted debits in minor units, as text: a sum may pass 64 bits.
    pub debits_posted: String,
    /// Sum of posted credits in minor units, as text.
    pub credits_posted: String,
    /// Sum of what holds reserve in minor units, as text.
    pub held: String,
}

/// One thing that breaks a rule.
#[derive(Debug, Clone, Serialize)]
pub struct Violation {
    /// The rule.
    pub rule: &'static str,
    /// What breaks it: the id of a wallet, transfer or entry, or the name of a table or currency.
    pub id: String,
    /// What was found.
    pub detail: String,
}

/// A rule and the statement that finds what breaks it: rows of (id, detail). It may use a [`Scope`] as $1, $2 and $3.
pub(crate) type Rule = (&'static str, &'static str);

/// Which entries and transfers the rules look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope {
    /// From this id on.
    pub(crate) from: Uuid,
    /// The checkpoint whose lines say what came before; 0 when nothing did.
    pub(crate) checkpoint: i64,
    /// Up to this id, not included.
    pub(crate) until: Uuid,
}

impl Scope {
    /// All from a checkpoint on.
    pub(crate) fn since(checkpoint: i64, boundary: Uuid) -> Self {
        Self { from: boundary, checkpoint, until: Uuid::max() }
    }
}

pub(crate) const ENTRIES_BALANCE: Rule =
    ("every journal entry balances", include_str!("ledger/entries_balance.sql"));
pub(crate) const ENTRIES_FOLLOW: Rule =
    ("every entry moves what its transfer says", include_str!("ledger/entries_follow.sql"));
pub(crate) const RUNNING_BALANCES_MATCH: Rule =
    ("running balances follow from postings", include_str!("ledger/running_balances_match.sql"));
pub(crate) const SETTLED_COMPLETE: Rule = (
    "every settled transfer has its entry and its event",
    include_str!("ledger/settled_complete.sql"),
);
pub(crate) const NOTHING_BEFORE: Rule =
    ("no live row is before the checkpoint", include_str!("ledger/nothing_before_checkpoint.sql"));
/// Decided by [`checkpoint::verify_in_tx`].
const CHECKPOINTS_HOLD: &str = "checkpoints are as they were written";

pub(crate) const QUICK: &[Rule] = &[
    ("debits equal credits in each currency", include_str!("ledger/currencies_balance.sql")),
    ("held money equals open holds", include_str!("ledger/holds_match.sql")),
    ("no wallet is below its floor", include_str!("ledger/floors_hold.sql")),
];

pub(crate) const FULL: &[Rule] = &[
    ENTRIES_BALANCE,
    ENTRIES_FOLLOW,
    ("counters equal postings", include_str!("ledger/counters_match.sql")),
    RUNNING_BALANCES_MATCH,
    ("every transfer has an outcome or an open row", include_str!("ledger/outcomes_exist.sql")),
    SETTLED_COMPLETE,
    ("what reversals took back is counted", include_str!("ledger/reversals_counted.sql")),
    (
        "every stuck transfer has an open dead letter",
        include_str!("ledger/stuck_has_dead_letter.sql"),
    ),
    ("wallets say whether limits concern them", include_str!("ledger/limited_flags_match.sql")),
    ("no row is in a default partition", include_str!("ledger/default_partitions_empty.sql")),
];

/// Rules about the archive that read little of it. They hold only when the weeks before the checkpoint have been moved.
const MOVED: &[Rule] = &[
    NOTHING_BEFORE,
    ("the archive ends as the checkpoint says", include_str!("ledger/archive_ends.sql")),
];

/// Rules that read all of the archive.
const ARCHIVED: &[Rule] = &[
    ("the archive has lost and gained no row", include_str!("ledger/archive_counts.sql")),
    ("archived postings add up to the checkpoint", include_str!("ledger/archive_sums.sql")),
];

/// Checks the ledger on one REPEATABLE READ READ ONLY snapshot.
pub async fn check(pool: &PgPool, mode: Mode) -> Result<LedgerReport, StoreError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    if mode != Mode::Quick {
        lock_in_tx(&mut tx).await?;
    }
    let checked_at = sqlx::query("SELECT now()").fetch_one(&mut *tx).await?.try_get(0)?;
    let totals = totals_in_tx(&mut tx).await?;
    let newest = checkpoint::newest_in_tx(&mut tx).await?;
    let scope = newest.map_or(Scope::since(0, Uuid::nil()), |one| one.scope_after());
    let chosen: Vec<Rule> = match mode {
        Mode::Quick => QUICK.to_vec(),
        Mode::Full => [QUICK, FULL, MOVED].concat(),
        Mode::Archive => [QUICK, FULL, MOVED, ARCHIVED].concat(),
    };
    let mut rules = Vec::new();
    let mut violations = Vec::new();
    for rule in &chosen {
        rules.push(rule.0);
        violations.extend(violations_in_tx(&mut tx, rule, scope).await?);
    }
    if mode != Mode::Quick {
        rules.push(CHECKPOINTS_HOLD);
        violations.extend(broken_checkpoints_in_tx(&mut tx).await?);
    }
    tx.rollback().await?;
    Ok(LedgerReport { mode, checked_at, ok: violations.is_empty(), totals, rules, violations })
}

/// Keeps weeks from being moved or dropped until the transaction ends. Before its first query, because partitions are
/// looked up as they are, and rows as they were at that query. Stops nobody who reads and writes rows.
pub(crate) async fn lock_in_tx(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("LOCK TABLE ONLY transfer, ONLY journal_entry, ONLY posting, ONLY event IN ACCESS SHARE MODE")
        .execute(connection)
        .await?;
    Ok(())
}

/// What breaks the rule that checkpoints never change.
pub(crate) async fn broken_checkpoints_in_tx(
    connection: &mut PgConnection,
) -> Result<Vec<Violation>, StoreError> {
    let broken = checkpoint::verify_in_tx(connection).await?;
    let rule = CHECKPOINTS_HOLD;
    Ok(broken.into_iter().map(|(id, detail)| Violation { rule, id, detail }).collect())
}

/// What breaks a rule within `scope`, at most [`VIOLATIONS_MAX`] of it.
pub(crate) async fn violations_in_tx(
    connection: &mut PgConnection,
    &(rule, sql): &Rule,
    scope: Scope,
) -> Result<Vec<Violation>, StoreError> {
    // The condition names all three parameters for the statements that use fewer.
    let limited = AssertSqlSafe(format!(
        "SELECT id, detail FROM ({sql}) AS v
         WHERE num_nonnulls($1::uuid, $2::bigint, $3::uuid) = 3 LIMIT {VIOLATIONS_MAX}"
    ));
    let rows = sqlx::query(limited)
        .bind(scope.from)
        .bind(scope.checkpoint)
        .bind(scope.until)
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| Ok(Violation { rule, id: row.try_get(0)?, detail: row.try_get(1)? }))
        .collect()
}

async fn totals_in_tx(connection: &mut PgConnection) -> Result<Vec<CurrencyTotal>, StoreError> {
    let rows = sqlx::query(include_str!("ledger/totals.sql")).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            Ok(CurrencyTotal {
                currency: row.try_get(0)?,
                wallet_count: row.try_get(1)?,
                debits_posted: row.try_get(2)?,
                credits_posted: row.try_get(3)?,
                held: row.try_get(4)?,
            })
        })
        .collect()
}

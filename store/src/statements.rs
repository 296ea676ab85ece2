//! Statements: the postings of a wallet, and its balance as of an instant.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{EntryId, TransferId, WalletId};
use domain::money::{Currency, MinorUnits};
use domain::wallet::Side;
use sea_orm::{DbBackend, FromQueryResult, Statement, Value};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{StoreError, orm};

/// One line of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Number of the posting in its wallet, gapless from 1.
    pub wallet_seq: i64,
    /// When it was posted.
    pub posted_at: DateTime<Utc>,
    /// Its journal entry.
    pub entry: EntryId,
    /// The transfer that posted the entry.
    pub transfer: TransferId,
    /// Which counter of the wallet grew.
    pub side: Side,
    /// By how much, in minor units; positive.
    pub amount: MinorUnits,
    /// Of what.
    pub currency: Currency,
    /// Ledger balance of the wallet after it, in minor units.
    pub balance_after: MinorUnits,
}

/// A place in a statement: time and number of a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// When the posting was made.
    pub posted_at: DateTime<Utc>,
    /// Its number in its wallet.
    pub wallet_seq: i64,
}

impl Line {
    /// Where this line stands.
    pub fn place(&self) -> Place {
        Place { posted_at: self.posted_at, wallet_seq: self.wallet_seq }
    }
}

#[derive(FromQueryResult)]
struct Row {
    wallet_seq: i64,
    posted_at: DateTime<Utc>,
    entry_id: Uuid,
    transfer_id: Uuid,
    side: String,
    amount_minor: i64,
    currency: String,
    balance_after_minor: i64,
}

impl TryFrom<Row> for Line {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |what: &str| {
            StoreError::Corrupt(format!(
                "posting {} of entry {}: {what}",
                row.wallet_seq, row.entry_id
            ))
        };
        Ok(Self {
            wallet_seq: row.wallet_seq,
            posted_at: row.posted_at,
            entry: EntryId(row.entry_id),
            transfer: TransferId(row.transfer_id),
            side: row.side.parse().map_err(|_| corrupt(&row.side))?,
            amount: MinorUnits(row.amount_minor),
            currency: row.currency.parse().map_err(|_| corrupt(&row.currency))?,
            balance_after: MinorUnits(row.balance_after_minor),
        })
    }
}

/// Postings of a wallet, newest first, after `before` in that order; whether more follow.
pub async fn lines(
    pool: &PgPool,
    wallet: WalletId,
    before: Option<Place>,
    limit: u64,
) -> Result<(Vec<Line>, bool), StoreError> {
    // Without a cursor: from an hour ahead, beyond any posting whatever the clocks say.
    // Never null, because a plan for all values could then not use it in the index.
    let from_now = || Place { posted_at: Utc::now() + TimeDelta::hours(1), wallet_seq: i64::MAX };
    let before = before.unwrap_or_else(from_now);
    let values: [Value; 6] = [
        wallet.0.into(),
        before.posted_at.into(),
        before.wallet_seq.into(),
        orm::oldest_after(wallet.0).into(),
        orm::newest_before(before.posted_at).into(),
        i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1).into(),
    ];
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        include_str!("statements/lines.sql"),
        values,
    );
    let mut rows = Row::find_by_statement(statement).all(&orm::connection(pool)).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok((rows.into_iter().map(Line::try_from).collect::<Result<_, _>>()?, more))
}

/// Instants this close to now may still gain postings: a lane takes its time under the
/// locks, before its commit.
const SETTLING: TimeDelta = TimeDelta::seconds(60);

/// Ledger balance of a wallet as of `at`: after its last posting up to then, else 0.
/// None when `at` is in the future by the database's clock.
///
/// The answer never changes: for an instant not long ago, the wallet's row is locked
/// first. Lanes that had it then have committed, and later ones have a later time.
pub async fn ledger_at(
    pool: &PgPool,
    wallet: WalletId,
    at: DateTime<Utc>,
) -> Result<Option<MinorUnits>, StoreError> {
    let mut tx = pool.begin().await?;
    if at > Utc::now() - SETTLING {
        let now: Option<DateTime<Utc>> =
            sqlx::query_scalar(include_str!("statements/settle_wallet.sql"))
                .bind(wallet.0)
                .fetch_optional(&mut *tx)
                .await?;
        if now.is_some_and(|now| at > now) {
            return Ok(None);
        }
    }
    let balance: Option<i64> = sqlx::query_scalar(include_str!("statements/ledger_at.sql"))
        .bind(wallet.0)
        .bind(at)
        .bind(orm::oldest_after(wallet.0))
        .bind(orm::newest_before(at))
        .fetch_one(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(Some(balance.map_or(MinorUnits::ZERO, MinorUnits)))
}

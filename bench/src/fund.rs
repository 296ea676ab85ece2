//! Wallets with money, and transfers of earlier weeks, written by set-based SQL that leaves nothing for the full check
//! of the ledger to find.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::WalletId;
use domain::money::Currency;
use domain::wallet::{SystemRole, system_wallet_id};
use futures::future::join_all;
use sqlx::{Connection, PgConnection};
use store::pool::{self, Purpose};
use store::wallets::{NewWallet, Origin};
use uuid::Uuid;

use crate::Failure;
use crate::database::{execute, settle_down};

/// What each wallet gets: 10,000,000.00 EUR, so that chance empties none.
const FUNDS_MINOR: i64 = 1_000_000_000;
/// Wallets that one entry funds.
const FUNDED_TOGETHER: i64 = 1_000;
/// Rows of a statement: enough to forget its overhead, few enough to stay in memory.
const CHUNK: u64 = 50_000;
/// Statements at a time; more would only share the same cores.
const WRITERS: usize = 2;
/// How far back the transfers of the prefill reach.
const PREFILL_WEEKS: i64 = 8;
/// Between the funding and whatever comes after it.
const FUNDED_BEFORE: TimeDelta = TimeDelta::hours(1);

/// What is loaded before a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filling {
    /// Wallets, all with the same balance.
    wallets: u64,
    /// The first so many of them take part in the prefill.
    taking_part: u64,
    /// Rounds of the prefill; each has as many transfers as wallets take part.
    rounds: u64,
    /// When its first transfer was.
    began: DateTime<Utc>,
    /// Between two of its transfers.
    step: TimeDelta,
}

impl Filling {
    /// Whole rounds of about `prefill` transfers.
    pub(crate) fn new(wallets: u64, prefill: u64) -> Self {
        let taking_part = wallets.min(prefill.max(2));
        let rounds = prefill / taking_part;
        let count = (rounds * taking_part).max(1);
        let (now, span) = (Utc::now(), TimeDelta::weeks(PREFILL_WEEKS));
        let ended = now - TimeDelta::minutes(1);
        let micros = span.num_microseconds().unwrap_or(0) / count as i64;
        // Two in a microsecond would have no order.
        let step = TimeDelta::microseconds(micros.max(1));
        let began = ended - step * count as i32;
        Self { wallets, taking_part, rounds, began, step }
    }

    /// Transfers of the prefill.
    pub(crate) fn prefill(&self) -> u64 {
        self.rounds * self.taking_part
    }

    /// What every wallet that takes part sent and received.
    fn moved(&self) -> i64 {
        (0..self.rounds as i64).map(|round| 100 + round % 900).sum()
    }

    /// Writes all of it into a database that was just migrated. Returns when it lies on disk.
    pub(crate) async fn write(&self, url: &str) -> Result<(), Failure> {
        let currency: Currency = "EUR".parse().map_err(|_| "EUR is no currency")?;
        open_one(url, currency).await?;
        let mut connection = PgConnection::connect(url).await?;
        execute(&mut connection, include_str!("fund/functions.sql")).await?;
        let funded_at = self.began - FUNDED_BEFORE;
        sqlx::query("SELECT create_partitions($1, now())")
            .bind(funded_at)
            .execute(&mut connection)
            .await?;
        self.in_chunks(url, self.wallets, Statement::Wallets).await?;
        sqlx::query(include_str!("fund/entries.sql"))
            .bind(self.wallets as i64)
            .bind(FUNDS_MINOR)
            .bind(funded_at)
            .bind(FUNDED_TOGETHER)
            .bind(system_wallet_id(SystemRole::Cash, currency, 0).0)
            .execute(&mut connection)
            .await?;
        self.in_chunks(url, self.prefill(), Statement::Prefill).await?;
        settle_down(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    /// Runs a statement for all numbers below `end`, on several connections that take turns.
    async fn in_chunks(&self, url: &str, end: u64, statement: Statement) -> Result<(), Failure> {
        let writers = (0..WRITERS).map(|writer| async move {
            let mut connection = PgConnection::connect(url).await?;
            let mut from = writer as u64 * CHUNK;
            while from < end {
                self.chunk(&mut connection, statement, from, (from + CHUNK).min(end)).await?;
                from += WRITERS as u64 * CHUNK;
            }
            connection.close().await
        });
        for result in join_all(writers).await {
            result?;
        }
        Ok(())
    }

    async fn chunk(
        &self,
        connection: &mut PgConnection,
        statement: Statement,
        from: u64,
        until: u64,
    ) -> Result<(), sqlx::Error> {
        let query = match statement {
            Statement::Wallets => sqlx::query(include_str!("fund/wallets.sql"))
                .bind(from as i64)
                .bind(until as i64)
                .bind(FUNDS_MINOR)
                .bind(self.began - FUNDED_BEFORE)
                .bind(self.moved())
                .bind(self.rounds as i64)
                .bind(self.taking_part as i64)
                .bind(FUNDED_TOGETHER)
                .bind(self.began + self.step * self.prefill() as i32),
            Statement::Prefill => sqlx::query(include_str!("fund/prefill.sql"))
                .bind(from as i64)
                .bind(until as i64)
                .bind(self.taking_part as i64)
                .bind(self.step)
                .bind(self.began)
                .bind(FUNDS_MINOR),
        };
        query.execute(connection).await.map(|_| ())
    }
}

#[derive(Debug, Clone, Copy)]
enum Statement {
    Wallets,
    Prefill,
}

/// Opens one wallet as the API does, which makes the system wallets of its currency.
async fn open_one(url: &str, currency: Currency) -> Result<(), Failure> {
    let pool = pool::open(url, Purpose::Reads, 1)?;
    let new = NewWallet {
        id: WalletId(Uuid::now_v7()),
        owner_id: "bench".to_owned(),
        currency,
        label: None,
        metadata: None,
        caller: "bench".to_owned(),
        key: None,
    };
    store::wallets::open(&pool, &new, &Origin::default()).await?;
    pool.close().await;
    Ok(())
}

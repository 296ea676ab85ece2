//! What the tests share: a database with wallets, lanes to drive, and the checks at the end.

pub mod admin;
pub mod http;
pub mod load;
pub mod outside;
pub mod process;
pub mod queue;
pub mod sqs;
pub mod switch;

use std::time::{Duration, Instant};

use domain::group::{Boundaries, Faults, NoFaults};
use domain::idempotency::IdempotencyKey;
use domain::ids::{TransferId, WalletId};
use domain::money::{Amount, Currency};
use domain::retry::RetrySchedule;
use domain::transfer::{TransferKind, TransferStatus};
use embedded::testing::TestDatabase;
use store::intake::{NewTransfer, Submitted, write_batch};
use store::lane::{self, LaneRules, NoProbe};
use store::ledger::{self, Mode};
use store::pool::{self, Pool, Purpose};
use store::switches::Switches;
use store::transfers::Transfer;
use store::wallets::{NewWallet, Opened, Origin};
use uuid::Uuid;

/// Both ways to cut a saga into transactions.
pub const BOTH_MODES: [Boundaries; 2] = [Boundaries::Fused, Boundaries::EveryStep];

/// A database of its own with connections to it.
pub struct World {
    pub url: String,
    pub hot: Pool,
    pub reads: Pool,
}

impl World {
    pub async fn new() -> Self {
        let database = TestDatabase::create().await.expect("a test database");
        Self::at(database.url().to_owned())
    }

    pub fn at(url: String) -> Self {
        let open = |purpose, size| pool::open(&url, purpose, size).expect("a valid address");
        Self { hot: open(Purpose::Hot, 8), reads: open(Purpose::Maintenance, 8), url }
    }

    /// Opens `count` EUR wallets and puts `balance` into each.
    pub async fn wallets(&self, count: usize, balance: i64) -> Vec<WalletId> {
        let mut wallets = Vec::with_capacity(count);
        for _ in 0..count {
            wallets.push(self.open_wallet(WalletId(Uuid::now_v7())).await);
        }
        if balance > 0 {
            let deposits: Vec<_> = wallets.iter().map(|&to| deposit(to, balance)).collect();
            for deposit in deposits.chunks(256) {
                let ids = self.accept(deposit).await;
                self.drive(&rules(Boundaries::Fused, NoFaults), &ids).await;
            }
        }
        wallets
    }

    /// Opens an EUR wallet.
    pub async fn open_wallet(&self, id: WalletId) -> WalletId {
        let new = NewWallet {
            id,
            caller: "test".to_owned(),
            owner_id: "owner".to_owned(),
            currency: eur(),
            label: None,
            metadata: None,
            key: None,
        };
        match store::wallets::open(&self.reads, &new, &Origin::default()).await {
            Ok(Opened::New(wallet)) => wallet.id,
            other => panic!("no wallet: {other:?}"),
        }
    }

    /// Writes commands that are all new.
    pub async fn accept(&self, commands: &[NewTransfer]) -> Vec<TransferId> {
        let mut connection = self.hot.acquire().await.expect("a connection");
        let answers = write_batch(&mut connection, commands).await.expect("a written batch");
        let accepted = |answer| match answer {
            Submitted::Accepted(id) => id,
            other => panic!("not new: {other:?}"),
        };
        answers.into_iter().map(accepted).collect()
    }

    /// Advances transfers as the worker would, until each is at its end or parked.
    pub async fn drive(&self, rules: &LaneRules, ids: &[TransferId]) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let mut connection = self.hot.acquire().await.expect("a connection");
            let report = lane::advance(&mut connection, rules, ids, true).await.expect("a group");
            if report.statuses.is_empty() && self.open_work(ids).await == 0 {
                return;
            }
            assert!(Instant::now() < deadline, "the transfers come to no end");
        }
    }

    async fn open_work(&self, ids: &[TransferId]) -> i64 {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let sql =
            "SELECT count(*) FROM saga_open WHERE transfer_id = ANY($1) AND parked_reason IS NULL";
        sqlx::query_scalar(sql).bind(ids).fetch_one(&self.reads).await.expect("a count")
    }

    pub async fn transfer(&self, id: TransferId) -> Transfer {
        store::transfers::get(&self.reads, id).await.expect("a read").expect("a transfer")
    }

    pub async fn status(&self, id: TransferId) -> TransferStatus {
        self.transfer(id).await.status
    }

    /// The step log, one word a line: `place_hold`, `!screen:frozen`, `undo place_hold`.
    pub async fn timeline(&self, id: TransferId) -> Vec<String> {
        let sql = "SELECT concat(CASE WHEN failure_code IS NOT NULL THEN '!' END,
                CASE WHEN undo THEN 'undo ' END, step, ':' || failure_code)
            FROM saga_step WHERE transfer_id = $1 ORDER BY seq";
        sqlx::query_scalar(sql).bind(id.0).fetch_all(&self.reads).await.expect("a timeline")
    }

    /// Available balance.
    pub async fn available(&self, wallet: WalletId) -> i64 {
        let balance = store::wallets::balance(&self.reads, wallet).await.expect("a read");
        balance.expect("a wallet").0.available.0
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.reads).await.expect("a count")
    }

    /// Waits until no transfer is open, but for parked ones.
    pub async fn wait_for_rest(&self) {
        let rest = "SELECT NOT EXISTS (SELECT 1 FROM saga_open WHERE parked_reason IS NULL)";
        self.wait_until("all transfers are at their end", rest).await;
    }

    /// Waits until the query answers true.
    pub async fn wait_until(&self, what: &str, sql: &'static str) {
        let deadline = Instant::now() + Duration::from_mins(1);
        // A database that is being restarted answers later.
        while !sqlx::query_scalar(sql).fetch_one(&self.reads).await.unwrap_or(false) {
            assert!(Instant::now() < deadline, "still not so: {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Every rule of the ledger holds.
    pub async fn assert_ledger_clean(&self) {
        let report = ledger::check(&self.reads, Mode::Full).await.expect("a ledger check");
        assert!(report.ok, "the ledger is not clean: {:#?}", report.violations);
    }

    /// Nothing is left behind: no hold, no open work, no dead letter, a clean ledger.
    pub async fn assert_clean_slate(&self) {
        let held =
            "SELECT coalesce(sum(debits_pending + credits_pending), 0)::bigint FROM wallet_balance";
        assert_eq!(self.count(held).await, 0, "money is still held");
        assert_eq!(self.count("SELECT count(*) FROM saga_open").await, 0, "work is still open");
        assert_eq!(self.count("SELECT count(*) FROM dead_letter").await, 0, "a dead letter");
        self.assert_ledger_clean().await;
    }
}

/// Rules of a lane that retries within milliseconds.
pub fn rules(boundaries: Boundaries, faults: impl Faults + 'static) -> LaneRules {
    let schedule = RetrySchedule {
        backoff_base: Duration::from_millis(1),
        backoff_max: Duration::from_millis(4),
        attempt_max: 4,
    };
    LaneRules {
        patience: domain::group::Patience::default(),
        schedule,
        boundaries,
        shard: 0,
        faults: Box::new(faults),
        probe: Box::new(NoProbe),
        switches: Switches::default(),
    }
}

/// An HTTP client that gives up after five seconds.
pub fn http_client() -> reqwest::Client {
    // Fails when another test was first, which is as good.
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::builder().timeout(Duration::from_secs(5)).build().expect("a client")
}

pub fn eur() -> Currency {
    "EUR".parse().expect("a currency")
}

pub fn deposit(to: WalletId, amount: i64) -> NewTransfer {
    command(TransferKind::Deposit, None, to, amount)
}

pub fn transfer(from: WalletId, to: WalletId, amount: i64) -> NewTransfer {
    command(TransferKind::Transfer, Some(from), to, amount)
}

fn command(
    kind: TransferKind,
    source: Option<WalletId>,
    destination: WalletId,
    amount: i64,
) -> NewTransfer {
    let id = TransferId(Uuid::now_v7());
    NewTransfer {
        id,
        kind,
        caller: "test".to_owned(),
        key: IdempotencyKey::new(&id.to_string()).expect("a key"),
        source,
        destination,
        amount: Amount::new(amount).expect("an amount"),
        currency: eur(),
        reference: None,
        metadata: None,
        correlation_id: None,
        traceparent: None,
        terms: None,
        terms_asked: String::new(),
    }
}

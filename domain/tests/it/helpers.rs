//! Builders for wallets and transfers, and the rows that stand in for the database.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::failure::{Failure, FailureClass};
use domain::group::{
    Advanced, Book, Boundaries, Faults, LogLine, NoFaults, OpenTransfer, Patience, PostedEntry,
    Progress, Rules, WalletChange,
};
use domain::ids::{TransferId, WalletId};
use domain::money::{Amount, Currency, MinorUnits};
use domain::retry::RetrySchedule;
use domain::saga::{Route, Step};
use domain::switch::SwitchSet;
use domain::transfer::{TransferKind, TransferStatus};
use domain::wallet::{
    Balances, HotWallet, NO_FLOOR, Side, SystemRole, WalletStatus, system_wallet_id,
};
use uuid::Uuid;

/// The way of a plain transfer.
pub const PLAIN: Route = Route::plain(TransferKind::Transfer);
/// Its steps.
pub const STEPS: &[Step] = &[Step::PlaceHold, Step::Screen, Step::PostEntry];

/// More transactions than any transfer needs that is left alone.
const TRANSACTION_MAX: usize = 64;

pub fn currency(code: &str) -> Currency {
    code.parse().expect("a known currency")
}

pub fn eur() -> Currency {
    currency("EUR")
}

pub fn wallet_id(n: u128) -> WalletId {
    WalletId(Uuid::from_u128(n))
}

pub fn transfer_id(n: u128) -> TransferId {
    TransferId(Uuid::from_u128(n))
}

pub fn amount(minor: i64) -> Amount {
    Amount::new(minor).expect("a valid amount")
}

/// A moment, in seconds from an arbitrary one.
pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_800_000_000 + seconds)
}

pub fn failure(class: FailureClass) -> Failure {
    Failure::new(class, "test_code", "A test made it fail.")
}

pub const SCHEDULE: RetrySchedule = RetrySchedule {
    backoff_base: Duration::from_millis(100),
    backoff_max: Duration::from_secs(10),
    attempt_max: 4,
};

/// A customer's wallet in EUR: active, floor 0, everything it has came in credits.
pub fn wallet(n: u128, balance: i64) -> HotWallet {
    HotWallet {
        id: wallet_id(n),
        currency: eur(),
        normal_side: Side::Credit,
        status: WalletStatus::Active,
        floor: MinorUnits::ZERO,
        limited: false,
        balances: Balances { credits_posted: MinorUnits(balance), ..Balances::default() },
        wallet_seq: 0,
        event_seq: 0,
        last_posted_at: None,
    }
}

pub fn frozen(mut wallet: HotWallet) -> HotWallet {
    wallet.status = WalletStatus::Frozen;
    wallet
}

pub fn closed(mut wallet: HotWallet) -> HotWallet {
    wallet.status = WalletStatus::Closed;
    wallet
}

/// The system cash wallet of one shard, in EUR.
pub fn cash(shard: u8) -> HotWallet {
    HotWallet {
        id: system_wallet_id(SystemRole::Cash, eur(), shard),
        normal_side: Side::Debit,
        floor: NO_FLOOR,
        ..wallet(0, 0)
    }
}

/// A transfer in EUR before its first step.
pub fn transfer(n: u128, source: u128, destination: u128, minor: i64) -> OpenTransfer {
    OpenTransfer {
        id: transfer_id(n),
        kind: TransferKind::Transfer,
        source: Some(wallet_id(source)),
        destination: wallet_id(destination),
        amount: amount(minor),
        currency: eur(),
        step: Step::PlaceHold,
        attempt: 0,
        undo_of: None,
        hold: MinorUnits::ZERO,
        limit_day: None,
        log_seq: 0,
        terms: None,
        answer: None,
        call_count: 0,
    }
}

/// A deposit in EUR before its first step, with no shard chosen yet.
pub fn deposit(n: u128, destination: u128, minor: i64) -> OpenTransfer {
    OpenTransfer { kind: TransferKind::Deposit, source: None, ..transfer(n, 0, destination, minor) }
}

pub fn available(wallet: &HotWallet) -> i64 {
    wallet.balances.available(wallet.normal_side).expect("a balance in range").0
}

pub fn ledger(wallet: &HotWallet) -> i64 {
    wallet.balances.ledger(wallet.normal_side).expect("a balance in range").0
}

/// What a runner brings to its transactions; the ids it makes are counted up.
pub struct Lane<'a> {
    pub boundaries: Boundaries,
    pub shard: u8,
    pub faults: &'a dyn Faults,
    pub switches: SwitchSet,
    pub now: DateTime<Utc>,
    pub schedule: RetrySchedule,
    /// How many ids it has made so far.
    pub ids_made: AtomicU64,
}

impl Default for Lane<'_> {
    fn default() -> Self {
        Self {
            boundaries: Boundaries::Fused,
            shard: 0,
            faults: &NoFaults,
            switches: SwitchSet::default(),
            now: at(0),
            schedule: SCHEDULE,
            ids_made: AtomicU64::new(0),
        }
    }
}

impl<'a> Lane<'a> {
    pub fn new(boundaries: Boundaries, faults: &'a dyn Faults) -> Self {
        Self { boundaries, faults, ..Self::default() }
    }

    pub fn with_rules<T>(&self, work: impl FnOnce(&Rules) -> T) -> T {
        let new_id = || Uuid::from_u64_pair(1, self.ids_made.fetch_add(1, Ordering::Relaxed));
        work(&Rules {
            schedule: &self.schedule,
            patience: Patience::default(),
            boundaries: self.boundaries,
            shard: self.shard,
            faults: self.faults,
            switches: self.switches,
            now: self.now,
            new_id: &new_id,
        })
    }

    pub fn advance(&self, transfer: OpenTransfer, book: &mut Book) -> Advanced {
        self.with_rules(|rules| rules.advance(transfer, book)).expect("no broken invariant")
    }
}

/// The stored rows of the wallets. A transaction reads them into a book and
/// writes back nothing but the changes that the book names, as the store does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows(pub BTreeMap<WalletId, HotWallet>);

impl Rows {
    pub fn new(wallets: impl IntoIterator<Item = HotWallet>) -> Self {
        Self(wallets.into_iter().map(|wallet| (wallet.id, wallet)).collect())
    }

    pub fn wallet(&self, n: u128) -> &HotWallet {
        &self.0[&wallet_id(n)]
    }

    /// One transaction.
    pub fn transact<T>(&mut self, work: impl FnOnce(&mut Book) -> T) -> (T, Vec<WalletChange>) {
        let mut book = Book::new(self.0.values().cloned());
        let result = work(&mut book);
        let changes = book.changes().expect("changes in range");
        for change in &changes {
            self.apply(change);
        }
        for row in self.0.values() {
            assert_eq!(Some(row), book.wallet(row.id), "a change is missing or wrong");
        }
        (result, changes)
    }

    fn apply(&mut self, change: &WalletChange) {
        let row = self.0.get_mut(&change.id).expect("a change of a wallet that was locked");
        row.balances.debits_posted.0 += change.debits_posted;
        row.balances.credits_posted.0 += change.credits_posted;
        row.balances.debits_pending.0 += change.debits_pending;
        row.wallet_seq += change.postings;
        row.event_seq += change.events;
        row.last_posted_at = change.last_posted_at;
    }

    /// All transfers in one transaction, in the order given.
    pub fn group(&mut self, lane: &Lane, transfers: Vec<OpenTransfer>) -> Vec<Advanced> {
        let advance = |book: &mut Book| {
            transfers.into_iter().map(|transfer| lane.advance(transfer, book)).collect()
        };
        self.transact(advance).0
    }

    /// One transfer, in as many transactions as it takes to its end, to a dead letter or to
    /// a pause.
    pub fn drive(&mut self, lane: &Lane, transfer: OpenTransfer) -> Story {
        let mut story = Story::default();
        let mut next = Some(transfer);
        while let Some(transfer) = next.take() {
            assert!(story.statuses.len() < TRANSACTION_MAX, "this transfer never ends: {story:?}");
            let (advanced, _) = self.transact(|book| lane.advance(transfer, book));
            next = story.tell(advanced);
        }
        story
    }

    /// Credits less debits over all wallets: what no transfer may change.
    pub fn net(&self) -> i128 {
        let net = |wallet: &HotWallet| {
            i128::from(wallet.balances.credits_posted.0)
                - i128::from(wallet.balances.debits_posted.0)
        };
        self.0.values().map(net).sum()
    }

    /// The rows without the numbers of their events, which a refusal takes too.
    pub fn money(&self) -> Vec<HotWallet> {
        self.0.values().map(|wallet| HotWallet { event_seq: 0, ..wallet.clone() }).collect()
    }

    /// Fails unless the wallets' money, postings and holds are as they were.
    #[track_caller]
    pub fn assert_clean_slate(&self, before: &Self) {
        assert_eq!(self.money(), before.money(), "something is left behind");
    }
}

/// What a transfer at its end leaves behind. The step that its open row names means nothing then.
pub fn leavings(transfer: &OpenTransfer) -> (Option<WalletId>, MinorUnits, u16) {
    (transfer.source, transfer.hold, transfer.log_seq)
}

/// What became of a transfer over several transactions.
#[derive(Debug, Default)]
pub struct Story {
    pub last: Option<Advanced>,
    /// What a client saw after each transaction.
    pub statuses: Vec<TransferStatus>,
    pub waits: Vec<Duration>,
    pub log: Vec<LogLine>,
    pub entries: Vec<PostedEntry>,
    pub event_count: usize,
}

impl Story {
    /// Notes one transaction; returns the transfer when it is to go on.
    fn tell(&mut self, advanced: Advanced) -> Option<OpenTransfer> {
        self.statuses.push(advanced.status);
        self.log.extend(advanced.log.iter().cloned());
        self.entries.extend(advanced.entry.clone());
        self.event_count += usize::from(advanced.event.is_some());
        let next = match advanced.progress {
            Progress::Ready => Some(advanced.transfer.clone()),
            Progress::Waiting(delay) => {
                self.waits.push(delay);
                Some(advanced.transfer.clone())
            }
            Progress::Final
            | Progress::Awaits { .. }
            | Progress::Paused(_)
            | Progress::Stuck { .. } => None,
        };
        self.last = Some(advanced);
        next
    }

    pub fn last(&self) -> &Advanced {
        self.last.as_ref().expect("at least one transaction")
    }

    pub fn status(&self) -> TransferStatus {
        self.last().status
    }

    /// The log in short: `place_hold`, `undo place_hold`, and `!` after a failed try.
    pub fn log_words(&self) -> Vec<String> {
        let word = |line: &LogLine| {
            let undo = if line.undo { "undo " } else { "" };
            let failed = if line.failure.is_some() { "!" } else { "" };
            format!("{undo}{}{failed}", line.step)
        };
        self.log.iter().map(word).collect()
    }
}

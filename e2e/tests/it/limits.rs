//! Limits with real lanes: exact under concurrency and over the ends of days, given back, counted
//! from what was sent before.

use domain::ids::WalletId;
use domain::limit::{LimitPeriod, LimitScope, LimitUnit, Subject, TimeZone};
use domain::operator::OperatorRole;
use store::limits::{self, LimitError, ListQuery, Standing, Wanted};
use store::operators::Operator;
use store::wallets::{NewWallet, Opened, Origin};
use uuid::Uuid;

use crate::support::{World, deposit, eur, rules};

mod acts;
mod exact;
mod turned_back;

fn olga() -> Operator {
    Operator { name: "olga".to_owned(), role: OperatorRole::Operator }
}

fn berlin() -> TimeZone {
    "Europe/Berlin".parse().expect("a time zone")
}

fn of_wallet(id: WalletId) -> Subject {
    Subject { scope: LimitScope::Wallet, id: id.to_string(), currency: eur() }
}

fn of_owner(id: &str) -> Subject {
    Subject { scope: LimitScope::Owner, id: id.to_owned(), currency: eur() }
}

fn wanted(
    subject: Subject,
    period: LimitPeriod,
    unit: LimitUnit,
    value: impl Into<Option<i64>>,
) -> Wanted {
    Wanted { subject, period, unit, value: value.into() }
}

impl World {
    async fn limit(&self, wanted: Wanted) -> Option<Standing> {
        limits::set(&self.reads, &olga(), &wanted, "a test").await.expect("a set limit")
    }

    /// What a wallet's limits are, the oldest first.
    async fn limits_of(&self, wallet: WalletId) -> Vec<Standing> {
        let query = ListQuery { wallet: Some(wallet), limit: 100, ..ListQuery::default() };
        let mut limits = limits::list(&self.reads, &query).await.expect("a list").limits;
        limits.reverse();
        limits
    }

    /// How much of the one limit of a wallet is used.
    async fn used(&self, wallet: WalletId) -> i64 {
        let limits = self.limits_of(wallet).await;
        let [limit] = limits.as_slice() else { panic!("not one limit: {limits:?}") };
        limit.used.expect("a limit over a time")
    }

    /// Opens EUR wallets of an owner and puts `balance` into each.
    async fn owned(&self, owner_id: &str, count: usize, balance: i64) -> Vec<WalletId> {
        let mut wallets = Vec::with_capacity(count);
        for _ in 0..count {
            wallets.push(self.open_for(owner_id).await);
        }
        let deposits: Vec<_> = wallets.iter().map(|&to| deposit(to, balance)).collect();
        let ids = self.accept(&deposits).await;
        let fused = rules(domain::group::Boundaries::Fused, domain::group::NoFaults);
        self.drive(&fused, &ids).await;
        wallets
    }

    async fn open_for(&self, owner_id: &str) -> WalletId {
        let new = NewWallet {
            id: WalletId(Uuid::now_v7()),
            caller: "test".to_owned(),
            owner_id: owner_id.to_owned(),
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
}

#[tokio::test]
async fn a_limit_needs_a_wallet_that_counts_its_currency() {
    let world = World::new().await;
    let wallet = world.open_for("someone").await;
    let dollars = Subject { currency: "USD".parse().expect("a currency"), ..of_wallet(wallet) };
    let unknown = of_wallet(WalletId(Uuid::now_v7()));
    let cash = domain::wallet::system_wallet_id(domain::wallet::SystemRole::Cash, eur(), 0);
    for (subject, said) in [
        (dollars, "the wallet counts EUR"),
        (unknown, "no such wallet"),
        (of_wallet(cash), "no such wallet"),
    ] {
        let wanted = wanted(subject, LimitPeriod::Day, LimitUnit::Amount, 1);
        let error = limits::set(&world.reads, &olga(), &wanted, "a test").await;
        assert_eq!(error.expect_err("no limit").to_string(), said);
    }
    let query =
        ListQuery { wallet: Some(WalletId(Uuid::now_v7())), limit: 1, ..ListQuery::default() };
    let error = limits::list(&world.reads, &query).await;
    assert!(matches!(error, Err(LimitError::WalletNotFound)), "{error:?}");
    assert_eq!(world.count("SELECT count(*) FROM transfer_limit").await, 0);
    world.assert_ledger_clean().await;
}

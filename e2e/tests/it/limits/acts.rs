//! What operators do to limits, and from what counting begins.

use std::sync::Arc;

use domain::group::{Boundaries, NoFaults};
use domain::ids::WalletId;
use domain::limit::{LimitPeriod, LimitUnit, TimeZone};
use domain::transfer::TransferStatus;
use store::limits::{self, owner_setting, set_time_zone};

use super::{berlin, of_owner, of_wallet, olga, wanted};
use crate::support::{World, rules, transfer};

const LIMITED: &str = "SELECT count(*) FROM wallet_balance WHERE limited";

/// Sends amounts one by one; returns how each ended.
async fn send(world: &World, from: WalletId, to: WalletId, amounts: &[i64]) -> Vec<TransferStatus> {
    let commands: Vec<_> = amounts.iter().map(|&amount| transfer(from, to, amount)).collect();
    let ids = world.accept(&commands).await;
    world.drive(&rules(Boundaries::Fused, NoFaults), &ids).await;
    let mut statuses = Vec::with_capacity(ids.len());
    for id in ids {
        statuses.push(world.status(id).await);
    }
    statuses
}

#[tokio::test]
async fn a_new_limit_counts_what_was_sent_before_it() {
    use TransferStatus::{Rejected, Settled};
    let world = World::new().await;
    let to = world.wallets(1, 0).await[0];
    let wallets = world.owned("payer", 2, 1_000).await;
    send(&world, wallets[0], to, &[100, 50]).await;
    send(&world, wallets[1], to, &[30]).await;
    let own = wanted(of_wallet(wallets[0]), LimitPeriod::Month, LimitUnit::Amount, 160);
    let set = world.limit(own.clone()).await.expect("a limit");
    assert_eq!((set.used, set.left), (Some(150), 10));
    assert_eq!(send(&world, wallets[0], to, &[11, 10]).await, [Rejected, Settled]);
    let all = wanted(of_owner("payer"), LimitPeriod::Month, LimitUnit::Count, 5);
    let set = world.limit(all).await.expect("a limit");
    assert_eq!((set.used, set.left), (Some(4), 1));
    assert_eq!(send(&world, wallets[1], to, &[1, 1]).await, [Settled, Rejected]);
    // Taken away and set again, it knows what was sent meanwhile.
    assert_eq!(world.limit(wanted(own.subject.clone(), own.period, own.unit, None)).await, None);
    world.limit(wanted(of_owner("payer"), LimitPeriod::Month, LimitUnit::Count, None)).await;
    assert_eq!(world.count("SELECT count(*) FROM limit_window").await, 0);
    assert_eq!(send(&world, wallets[0], to, &[40]).await, [Settled]);
    assert_eq!(world.limit(own).await.expect("a limit").used, Some(200));
    assert_eq!(send(&world, wallets[0], to, &[1]).await, [Rejected], "lowered below what is used");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_is_under_way_is_counted_again_and_given_back_once() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    let (from, to) = (wallets[0], wallets[1]);
    let limit = wanted(of_wallet(from), LimitPeriod::Month, LimitUnit::Amount, 500);
    world.limit(limit.clone()).await;
    let ids = world.accept(&[transfer(from, to, 300)]).await;
    let stepwise = rules(Boundaries::EveryStep, NoFaults);
    for _ in 0..2 {
        let mut connection = world.hot.acquire().await.expect("a connection");
        store::lane::advance(&mut connection, &stepwise, &ids, false).await.expect("a group");
    }
    world.limit(wanted(of_wallet(from), LimitPeriod::Month, LimitUnit::Amount, None)).await;
    assert_eq!(world.limit(limit).await.expect("a limit").used, Some(300));
    let origin = store::wallets::Origin::default();
    let freeze = store::wallets::Change::Freeze;
    store::wallets::change(&world.reads, from, freeze, "a test", &origin).await.expect("a freeze");
    world.drive(&stepwise, &ids).await;
    assert_eq!(world.status(ids[0]).await, TransferStatus::Rejected);
    assert_eq!(world.used(from).await, 0);
    world.assert_clean_slate().await;
}

#[tokio::test]
async fn a_change_is_audited_once_and_the_same_request_changes_nothing() {
    let world = World::new().await;
    let wallets = world.wallets(1, 0).await;
    let limit = |value: Option<i64>| {
        wanted(of_wallet(wallets[0]), LimitPeriod::Month, LimitUnit::Amount, value)
    };
    let mut ids = Vec::new();
    for value in [Some(5), Some(5), Some(6), None, None] {
        ids.push(world.limit(limit(value)).await.map(|one| one.id));
    }
    assert!(ids[0].is_some() && ids[0] == ids[1] && ids[1] == ids[2], "a limit keeps its id");
    assert_eq!(ids[3..], [None, None]);
    let acts: Vec<(String, String)> =
        sqlx::query_as("SELECT action, subject FROM operator_audit ORDER BY seq")
            .fetch_all(&world.reads)
            .await
            .expect("the audit");
    let subject = format!("wallet:{}", wallets[0]);
    let expected = ["limit.set", "limit.set", "limit.remove"];
    assert_eq!(acts, expected.map(|action| (action.to_owned(), subject.clone())));
    let verified = store::operator_audit::verify(&world.reads).await.expect("a check");
    assert_eq!((verified.rows, verified.broken), (3, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_operators_at_once_set_a_limit_once() {
    let world = World::new().await;
    let wallets = world.owned("payer", 3, 100).await;
    let limit = wanted(of_owner("payer"), LimitPeriod::Month, LimitUnit::Amount, 7);
    let set = futures::future::join_all((0..16).map(|_| world.limit(limit.clone()))).await;
    assert!(set.iter().all(|one| one == &set[0]), "{set:?}");
    assert_eq!(world.count("SELECT count(*) FROM operator_audit").await, 1);
    assert_eq!(world.count(LIMITED).await, 3);
    assert_eq!(world.limits_of(wallets[2]).await.len(), 1);
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_is_opened_meanwhile_is_limited_too() {
    let world = Arc::new(World::new().await);
    world.open_for("payer").await;
    for round in 0..10 {
        let opening = (0..8).map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.open_for("payer").await })
        });
        let opening: Vec<_> = opening.collect();
        let value = (round % 2 == 0).then_some(100);
        let limit = wanted(of_owner("payer"), LimitPeriod::Month, LimitUnit::Amount, value);
        world.limit(limit).await;
        for wallet in opening {
            wallet.await.expect("a wallet");
        }
        let expected = if value.is_some() { 1 + 8 * (round + 1) } else { 0 };
        assert_eq!(world.count(LIMITED).await, expected, "round {round}");
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn another_time_zone_cuts_the_months_anew_and_counts_again() {
    let world = World::new().await;
    let to = world.wallets(1, 0).await[0];
    let wallets = world.owned("payer", 2, 1_000).await;
    send(&world, wallets[0], to, &[100]).await;
    world.limit(wanted(of_owner("payer"), LimitPeriod::Month, LimitUnit::Amount, 500)).await;
    send(&world, wallets[1], to, &[50]).await;
    let before = owner_setting(&world.reads, "payer").await.expect("a setting");
    assert_eq!((before.zone, before.change), (TimeZone::default(), None));
    // Dates differ between these, but what was sent a moment ago was sent this month in all of them.
    for name in ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"] {
        let zone: TimeZone = name.parse().expect("a time zone");
        let set = set_time_zone(&world.reads, &olga(), "payer", zone, "moved").await;
        assert_eq!(set.expect("a setting").zone, zone);
        let limits = world.limits_of(wallets[0]).await;
        assert_eq!((limits[0].zone, limits[0].used), (zone, Some(150)), "{name}");
    }
    let again = set_time_zone(&world.reads, &olga(), "payer", berlin(), "again").await;
    let change = again.expect("a setting").change.expect("a change");
    assert_eq!(change.reason, "moved", "the same again changes nothing");
    let zones = "SELECT count(*) FROM operator_audit WHERE action = 'owner.set_time_zone'";
    assert_eq!(world.count(zones).await, 3);
    send(&world, wallets[0], to, &[1]).await;
    assert_eq!(world.limits_of(wallets[0]).await[0].used, Some(151));
    world.assert_ledger_clean().await;
}

/// Usage of the owner's windows that begin after the last that has begun.
const AHEAD: &str = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM limit_window AS w
    WHERE scope = 'owner' AND first_day > (SELECT max(first_day) FROM limit_window
        WHERE period = w.period AND first_day <= (now() AT TIME ZONE 'UTC')::date)";

#[tokio::test]
async fn a_day_that_is_ahead_in_another_time_zone_begins_empty() {
    let world = World::new().await;
    let to = world.wallets(1, 0).await[0];
    let wallets = world.owned("payer", 1, 1_000).await;
    world.limit(wanted(of_owner("payer"), LimitPeriod::Day, LimitUnit::Amount, 500)).await;
    send(&world, wallets[0], to, &[100]).await;
    // As if that day had been tomorrow's, of an owner whose days begin earlier.
    for period in ["day", "month"] {
        sqlx::query(
            "INSERT INTO limit_window (scope, subject, currency, period, first_day, amount_minor, transfer_count)
             SELECT scope, subject, currency, period, first_day + CASE $1 WHEN 'day' THEN 1 ELSE 32 END, 100, 1
             FROM limit_window WHERE period = $1",
        )
        .bind(period)
        .execute(&world.reads)
        .await
        .expect("a window");
    }
    assert!(world.count(AHEAD).await > 0);
    let pago: TimeZone = "Pacific/Pago_Pago".parse().expect("a time zone");
    set_time_zone(&world.reads, &olga(), "payer", pago, "moved").await.expect("a setting");
    assert_eq!(world.count(AHEAD).await, 0);
    assert_eq!(world.limits_of(wallets[0]).await[0].used, Some(100));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_was_sent_this_month_counts_although_its_transfer_is_archived() {
    let world = World::new().await;
    let to = world.wallets(1, 0).await[0];
    let wallets = world.owned("payer", 1, 1_000).await;
    send(&world, wallets[0], to, &[100]).await;
    for sql in [
        "CREATE TABLE archive.transfer_all PARTITION OF archive.transfer DEFAULT",
        "INSERT INTO archive.transfer SELECT (jsonb_populate_record(NULL::archive.transfer, to_jsonb(t))).*
         FROM transfer AS t WHERE kind = 'transfer'",
        "DELETE FROM transfer WHERE kind = 'transfer'",
    ] {
        sqlx::query(sql).execute(&world.reads).await.expect("a move");
    }
    world.limit(wanted(of_owner("payer"), LimitPeriod::Month, LimitUnit::Amount, 500)).await;
    assert_eq!(world.limits_of(wallets[0]).await[0].used, Some(100));
}

#[tokio::test]
async fn limits_of_one_transfer_count_nothing_and_others_currencies_are_not_concerned() {
    use TransferStatus::{Rejected, Settled};
    let world = World::new().await;
    let to = world.wallets(1, 0).await[0];
    let wallets = world.owned("payer", 1, 1_000).await;
    world.limit(wanted(of_owner("payer"), LimitPeriod::Transfer, LimitUnit::Amount, 100)).await;
    assert_eq!(send(&world, wallets[0], to, &[100, 101, 100]).await, [Settled, Rejected, Settled]);
    let limits = world.limits_of(wallets[0]).await;
    assert_eq!((limits[0].used, limits[0].left, limits[0].frees_at), (None, 100, None));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn old_usage_is_thrown_away_and_young_is_kept() {
    let world = World::new().await;
    let wallets = world.wallets(1, 0).await;
    world.limit(wanted(of_wallet(wallets[0]), LimitPeriod::Month, LimitUnit::Amount, 5)).await;
    sqlx::query(
        "INSERT INTO limit_window (scope, subject, currency, period, first_day)
         SELECT 'wallet', 'x', 'EUR', 'day', CURRENT_DATE - days FROM generate_series(99, 102) AS days",
    )
    .execute(&world.reads)
    .await
    .expect("old windows");
    let mut connection = world.reads.acquire().await.expect("a connection");
    assert_eq!(limits::purge(&mut connection).await.expect("a purge"), 2);
    assert_eq!(limits::purge(&mut connection).await.expect("a purge"), 0);
    assert_eq!(world.count("SELECT count(*) FROM limit_window").await, 4);
}

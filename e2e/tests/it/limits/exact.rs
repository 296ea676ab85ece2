//! 64 clients at once, over the end of a day and of a month.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{Datelike, Days, NaiveDate, TimeDelta, Utc};
use domain::group::{Boundaries, NoFaults};
use domain::ids::WalletId;
use domain::limit::{LimitPeriod, LimitUnit};
use domain::transfer::TransferStatus;
use serde_json::json;
use store::limits::set_time_zone;
use tokio::sync::Semaphore;

use super::{berlin, of_owner, of_wallet, olga, wanted};
use crate::support::process::Process;
use crate::support::{BOTH_MODES, World, http_client, rules, transfer};

const SAGAS: (&str, &str) = ("HOLDFAST_ROLES", "sagas");

/// What each transfer moves.
const AMOUNT: i64 = 7;
/// How many of them fit, and what is then left of an amount.
const FIT: i64 = 25;
const LEFT: i64 = 3;
/// Clients that send at once.
const CLIENTS: usize = 64;
/// How many of them work in the database at once; the pools have that many connections, and on a
/// busy machine the others would wait for one too long.
const LANES: usize = 8;
/// After so many verdicts the clock jumps over midnight; after so many more it is enough.
const VERDICTS: usize = 100;

/// Verdicts by the day, in Berlin, on which they were given.
const BY_DAY: &str = "
    SELECT (s.at AT TIME ZONE 'Europe/Berlin')::date AS day, t.status::text, count(*)
    FROM transfer AS t
    JOIN saga_step AS s ON s.transfer_id = t.id AND s.step = 'screen' AND NOT s.undo
    WHERE t.kind = 'transfer' AND t.source_wallet_id = ANY($1)
    GROUP BY 1, 2 ORDER BY 1, 2";

/// A database whose clock the test can turn: its own function stands before PostgreSQL's for all
/// connections opened from now on. So no part of Holdfast knows of the test.
async fn with_a_clock(world: &World, date: NaiveDate) -> World {
    // 23:00 in Berlin, whatever the season.
    let at = berlin().start_of(date.succ_opt().expect("a next day")) - TimeDelta::hours(1);
    let shift = at - Utc::now();
    for sql in [
        // A month's end may be further ahead than partitions are made.
        "SELECT create_partitions(now(), now() + interval '45 days')",
        "CREATE SCHEMA clock",
        "CREATE TABLE clock.shift (seconds bigint NOT NULL)",
        "INSERT INTO clock.shift VALUES (0)",
        "CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
         'SELECT pg_catalog.clock_timestamp() + make_interval(secs => seconds) FROM clock.shift'",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = clock, pg_catalog, public',
         current_database()); END $$",
    ] {
        sqlx::query(sql).execute(&world.reads).await.expect("a statement");
    }
    turn_clock(world, shift.num_seconds()).await;
    World::at(world.url.clone())
}

async fn turn_clock(world: &World, seconds: i64) {
    let sql = "UPDATE clock.shift SET seconds = seconds + $1";
    sqlx::query(sql).bind(seconds).execute(&world.reads).await.expect("a turned clock");
}

/// The next date for which `fits` says yes.
fn next_date(fits: impl Fn(NaiveDate) -> bool) -> NaiveDate {
    let today = Utc::now().date_naive();
    let mut dates = (1..45).map(|days| today + Days::new(days));
    dates.find(|date| fits(*date)).expect("such a date within six weeks")
}

/// The end of this day is not the end of the month.
fn middle_of_a_month() -> NaiveDate {
    next_date(|date| (5..25).contains(&date.day()))
}

fn end_of_a_month() -> NaiveDate {
    next_date(|date| date.succ_opt().is_some_and(|next| next.day() == 1))
}

/// Counts verdicts, and lets midnight come in the middle of them.
#[derive(Default)]
struct Verdicts(AtomicUsize);

impl Verdicts {
    fn are_enough(&self) -> bool {
        self.0.load(Ordering::SeqCst) >= 2 * VERDICTS
    }

    async fn count(&self, world: &World, more: usize) {
        let before = self.0.fetch_add(more, Ordering::SeqCst);
        if before < VERDICTS && before + more >= VERDICTS {
            turn_clock(world, 2 * 60 * 60).await;
        }
    }
}

/// All clients send from these wallets, each with a lane of its own, until enough was said. Each
/// wallet sends to another one, so that lanes meet nowhere but in what the limit counts.
async fn hammer(world: &Arc<World>, mode: Boundaries, wallets: &[WalletId], to: &[WalletId]) {
    let (verdicts, lanes) = (Arc::new(Verdicts::default()), Arc::new(Semaphore::new(LANES)));
    let clients = (0..CLIENTS).map(|client| {
        let (world, verdicts, lanes) = (world.clone(), verdicts.clone(), lanes.clone());
        let (from, to) = (wallets[client % wallets.len()], to[client % wallets.len()]);
        tokio::spawn(async move {
            // Some send one, some several at once.
            let size = 1 + client % 3;
            while !verdicts.are_enough() {
                let _turn = lanes.acquire().await.expect("a turn");
                let commands: Vec<_> = (0..size).map(|_| transfer(from, to, AMOUNT)).collect();
                let ids = world.accept(&commands).await;
                world.drive(&rules(mode, NoFaults), &ids).await;
                verdicts.count(&world, size).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("a client");
    }
}

/// The same over HTTP: each client waits for the outcome of its transfer before it sends another.
async fn hammer_over_http(world: &Arc<World>, address: &str, from: WalletId, to: WalletId) {
    let (verdicts, http) = (Arc::new(Verdicts::default()), http_client());
    let clients = (0..CLIENTS).map(|client| {
        let (world, verdicts, http) = (world.clone(), verdicts.clone(), http.clone());
        let url = format!("http://{address}/v1/transfers");
        let body = json!({
            "source_wallet_id": from, "destination_wallet_id": to,
            "amount_minor": AMOUNT, "currency": "EUR",
        });
        tokio::spawn(async move {
            for turn in 0.. {
                if verdicts.are_enough() {
                    break;
                }
                let request = http.post(&url).header("Prefer", "wait=4").json(&body);
                let request = request.header("Idempotency-Key", format!("{client}-{turn}"));
                let status = request.send().await.expect("an answer").status();
                assert!(status.is_success(), "{status}");
                verdicts.count(&world, 1).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("a client");
    }
}

/// Settled and rejected transfers of each day.
async fn by_day(world: &World, wallets: &[WalletId]) -> Vec<(NaiveDate, String, i64)> {
    let ids: Vec<_> = wallets.iter().map(|id| id.0).collect();
    sqlx::query_as(BY_DAY).bind(ids).fetch_all(&world.reads).await.expect("verdicts")
}

/// On both days exactly as many have passed as fit, and others were refused.
async fn assert_exact(world: &World, wallets: &[WalletId], date: NaiveDate) {
    let next = date.succ_opt().expect("a next day");
    let verdicts = by_day(world, wallets).await;
    let count = |day: NaiveDate, status: TransferStatus| {
        let of_day = verdicts.iter().find(|one| one.0 == day && one.1 == status.as_str());
        of_day.map_or(0, |one| one.2)
    };
    for day in [date, next] {
        assert_eq!(count(day, TransferStatus::Settled), FIT, "{verdicts:?}");
        assert!(count(day, TransferStatus::Rejected) > 0, "one-sided: {verdicts:?}");
    }
    let all: i64 = verdicts.iter().map(|one| one.2).sum();
    let said = count(date, TransferStatus::Rejected) + count(next, TransferStatus::Rejected);
    assert_eq!(all, 2 * FIT + said, "each has one of two verdicts: {verdicts:?}");
    let others = "SELECT count(*) FROM transfer
        WHERE status = 'rejected' AND (failure_code <> 'limit_exceeded' OR failure_detail NOT LIKE '%left until%')";
    assert_eq!(world.count(others).await, 0, "each refusal says which limit");
}

/// Amount and count that a window holds.
async fn window(world: &World, period: LimitPeriod, first_day: NaiveDate) -> (i64, i64) {
    let sql = "SELECT amount_minor, transfer_count FROM limit_window WHERE period = $1 AND first_day = $2";
    let query = sqlx::query_as(sql).bind(period.as_str()).bind(first_day);
    query.fetch_one(&world.reads).await.expect("one window")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallets_limit_is_exact_with_64_clients_over_the_end_of_a_day() {
    for (mode, unit, value) in [
        (BOTH_MODES[0], LimitUnit::Amount, FIT * AMOUNT + LEFT),
        (BOTH_MODES[1], LimitUnit::Count, FIT),
    ] {
        let world = World::new().await;
        let to = world.wallets(1, 0).await;
        let wallets = world.owned("hammered", 1, 1_000_000).await;
        let zone = set_time_zone(&world.reads, &olga(), "hammered", berlin(), "a test").await;
        zone.expect("a time zone");
        let date = middle_of_a_month();
        let world = Arc::new(with_a_clock(&world, date).await);
        world.limit(wanted(of_wallet(wallets[0]), LimitPeriod::Day, unit, value)).await;
        hammer(&world, mode, &wallets, &to).await;
        assert_exact(&world, &wallets, date).await;
        let day = (FIT * AMOUNT, FIT);
        assert_eq!(window(&world, LimitPeriod::Day, date).await, day);
        let next = date.succ_opt().expect("a next day");
        assert_eq!(window(&world, LimitPeriod::Day, next).await, day);
        let month = date.with_day(1).expect("a first day");
        assert_eq!(window(&world, LimitPeriod::Month, month).await, (2 * day.0, 2 * day.1));
        let limits = world.limits_of(wallets[0]).await;
        let standing = &limits[0];
        let left = if unit == LimitUnit::Amount { LEFT } else { 0 };
        assert_eq!((standing.used, standing.left), (Some(value - left), left));
        world.assert_clean_slate().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owners_limit_is_exact_over_three_wallets_with_64_clients() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        let to = world.wallets(3, 0).await;
        let wallets = world.owned("hammered", 3, 1_000_000).await;
        let zone = set_time_zone(&world.reads, &olga(), "hammered", berlin(), "a test").await;
        zone.expect("a time zone");
        let date = middle_of_a_month();
        let world = Arc::new(with_a_clock(&world, date).await);
        let value = FIT * AMOUNT + LEFT;
        let subject = of_owner("hammered");
        world.limit(wanted(subject, LimitPeriod::Day, LimitUnit::Amount, value)).await;
        hammer(&world, mode, &wallets, &to).await;
        assert_exact(&world, &wallets, date).await;
        world.assert_clean_slate().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_ends_at_midnight_of_the_owners_time_zone() {
    let world = World::new().await;
    let to = world.wallets(3, 0).await;
    let wallets = world.owned("hammered", 3, 1_000_000).await;
    let zone = set_time_zone(&world.reads, &olga(), "hammered", berlin(), "a test").await;
    zone.expect("a time zone");
    let date = end_of_a_month();
    let world = Arc::new(with_a_clock(&world, date).await);
    let subject = of_owner("hammered");
    world.limit(wanted(subject, LimitPeriod::Month, LimitUnit::Count, FIT)).await;
    hammer(&world, BOTH_MODES[0], &wallets, &to).await;
    assert_exact(&world, &wallets, date).await;
    world.assert_clean_slate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_system_keeps_a_limit_with_64_clients_over_the_end_of_a_day() {
    let world = World::new().await;
    let to = world.wallets(1, 0).await[0];
    let wallets = world.owned("hammered", 1, 1_000_000).await;
    let zone = set_time_zone(&world.reads, &olga(), "hammered", berlin(), "a test").await;
    zone.expect("a time zone");
    let date = middle_of_a_month();
    let world = Arc::new(with_a_clock(&world, date).await);
    let value = FIT * AMOUNT + LEFT;
    world.limit(wanted(of_wallet(wallets[0]), LimitPeriod::Day, LimitUnit::Amount, value)).await;
    let api = Process::api(&world.url, "127.0.0.1:0");
    let address = api.address.clone().expect("an address");
    let workers = [Process::jobs(&world.url, &[SAGAS]), Process::jobs(&world.url, &[SAGAS])];
    hammer_over_http(&world, &address, wallets[0], to).await;
    world.wait_for_rest().await;
    assert_exact(&world, &wallets, date).await;
    for process in workers.into_iter().chain([api]) {
        assert!(process.stop());
    }
    world.assert_clean_slate().await;
}

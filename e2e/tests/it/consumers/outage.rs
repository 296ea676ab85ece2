//! From the ledger to the consumers through a long outage and many deaths, while transfers go on.

use std::time::{Duration, Instant};

use store::relay;

use super::queues::Queues;
use crate::support::World;
use crate::support::load::Load;
use crate::support::process::Process;

/// Longer than any pause of relay and consumers.
const OUTAGE_S: u64 = 15;
/// Processes killed: each of the five several times.
const KILLS: usize = 24;

/// `HOLDFAST_TEST_OUTAGE_S` makes it longer.
fn outage() -> Duration {
    let seconds = std::env::var("HOLDFAST_TEST_OUTAGE_S").ok();
    Duration::from_secs(seconds.map_or(OUTAGE_S, |text| text.parse().expect("seconds")))
}

impl World {
    /// Each wallet's events can be put in order and none is missing: their numbers, as the
    /// audit trail has received them, are 1, 2, 3 and so on.
    async fn assert_wallets_complete(&self) {
        let holes = "SELECT count(*) FROM (
                SELECT w.key, array_agg(w.value::bigint ORDER BY w.value::bigint) AS numbers
                FROM event_audit AS a, jsonb_each_text(a.body::jsonb -> 'wallet_seqs') AS w
                GROUP BY w.key
            ) AS of_wallet
            WHERE numbers <> ARRAY(SELECT generate_series(1, cardinality(numbers))::bigint)";
        assert_eq!(self.count(holes).await, 0, "a wallet has a hole in its events");
        let wallets = "SELECT count(DISTINCT w.key)
            FROM event_audit AS a, jsonb_each_text(a.body::jsonb -> 'wallet_seqs') AS w";
        assert!(self.count(wallets).await >= 10, "the load's wallets have events");
    }

    /// All transfers are at their end, and what was told of them has arrived, once and complete.
    async fn assert_nothing_was_lost(&self) {
        self.wait_for_rest().await;
        self.wait_for_consumers().await;
        self.assert_consumed_exactly_once().await;
        self.assert_wallets_complete().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn queues_that_are_away_for_long_under_load_lose_nothing() {
    let (world, mut queues) = (World::new().await, Queues::new(20, 5).await);
    let wallets = world.wallets(10, 1_000_000).await;
    let api = Process::api(&world.url, "127.0.0.1:0");
    let processes = ["sagas", "relay", "relay", "audit,metrics"];
    let processes = processes.map(|roles| queues.process(&world, roles, &[]));
    let load = Load::start(&[api.address.clone().expect("an address")], &wallets, 1);
    load.wait_for_more(100).await;

    queues.endpoint.stop().await;
    let (began, outage) = (Instant::now(), outage());
    load.wait_for_more(300).await;
    tokio::time::sleep(outage.saturating_sub(began.elapsed())).await;
    let lag = relay::lag(&world.reads).await.expect("the lag");
    assert!(lag.row_count >= 300, "events wait, but only {} do", lag.row_count);
    assert!(lag.oldest > outage / 2, "the oldest waits for {:?} only", lag.oldest);
    // No transaction stays open during a pause.
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'holdfast relay' AND xact_start < now() - interval '3 seconds'";
    assert_eq!(world.count(open).await, 0);

    queues.endpoint.resume().await.expect("the same port");
    let back = Instant::now();
    load.wait_for_more(50).await;
    load.stop().await;
    world.assert_nothing_was_lost().await;
    eprintln!(
        "{} events waited, the oldest for {:?}; all arrived within {:?}",
        lag.row_count,
        lag.oldest,
        back.elapsed()
    );
    for queue in ["wallet-audit-dlq", "wallet-metrics-dlq"] {
        assert_eq!(queues.sqs.count(queue).await, 0, "{queue}");
    }
    drop(processes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn relays_and_consumers_killed_at_random_lose_and_double_nothing() {
    // What a killed consumer had in hand comes back after the visibility timeout.
    let (world, queues) = (World::new().await, Queues::new(6, 100).await);
    let wallets = world.wallets(10, 1_000_000).await;
    let api = Process::api(&world.url, "127.0.0.1:0");
    let start =
        |roles: &str| queues.process(&world, roles, &[("HOLDFAST_CONSUMER_TIMEOUT_S", "2")]);
    let sagas = start("sagas");
    let roles = ["relay", "audit,metrics", "relay", "audit", "metrics"];
    let mut victims = roles.map(start);
    let load = Load::start(&[api.address.clone().expect("an address")], &wallets, 2);
    for kill in 0..KILLS {
        // Some live just long enough to begin.
        load.wait_for_more(10 + kill * 37 % 60).await;
        let victim = kill * 7 % victims.len();
        victims[victim].kill();
        victims[victim] = start(roles[victim]);
    }
    load.stop().await;
    world.assert_nothing_was_lost().await;
    eprintln!("{} events survived {KILLS} kills", world.count("SELECT count(*) FROM event").await);
    for process in victims.into_iter().chain([sagas]) {
        assert!(process.stop(), "a clean drain");
    }
}

//! Real processes, killed with SIGKILL while they work.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use domain::failure::{Failure, FailureClass};
use domain::group::NoFaults;
use domain::saga::StuckReason;
use domain::transfer::TransferStatus;
use embedded::postgres::{Durability, Options, Server};
use store::lane;

use crate::support::load::Load;
use crate::support::process::Process;
use crate::support::{BOTH_MODES, World, rules, transfer};

const SETTLED: &str =
    "SELECT count(*) FROM transfer WHERE status = 'settled' AND kind = 'transfer'";

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_kills_its_process_is_parked_and_its_neighbours_settle() {
    let world = World::new().await;
    let wallets = world.wallets(10, 100_000).await;
    let amounts = (1..=200_usize).map(|index| if index == 77 { 666 } else { 5 });
    let commands: Vec<_> = amounts
        .enumerate()
        .map(|(index, amount)| transfer(wallets[index % 10], wallets[(index + 1) % 10], amount))
        .collect();
    let ids = world.accept(&commands).await;
    let start = || Process::jobs(&world.url, &[("E2E_ABORT_AMOUNT", "666")]);
    let mut process = start();
    let mut deaths = 0;
    let deadline = Instant::now() + Duration::from_secs(90);
    while world.count("SELECT count(*) FROM saga_open WHERE parked_reason IS NULL").await > 0 {
        assert!(Instant::now() < deadline, "not parked after {deaths} deaths");
        if process.has_ended() {
            deaths += 1;
            process = start();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(process.stop(), "the last process ends well");
    assert_eq!(deaths, 4, "once in the crowd, once among few, and twice alone");
    assert_eq!(world.status(ids[76]).await, TransferStatus::Stuck);
    let reason: String = sqlx::query_scalar("SELECT reason FROM dead_letter")
        .fetch_one(&world.reads)
        .await
        .expect("one dead letter");
    assert_eq!(reason, "kills_its_worker");
    assert_eq!(world.count(SETTLED).await, 199);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_killer_is_parked_only_while_its_row_says_that_it_is_one() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    let ids = world.accept(&[transfer(wallets[0], wallets[1], 5)]).await;
    let rules = rules(BOTH_MODES[0], NoFaults);
    let mut connection = world.hot.acquire().await.expect("a connection");
    let failure = Failure::new(FailureClass::Permanent, "kills_its_worker", "Made up by a test.");
    for crashes in 0..=lane::CRASH_MAX {
        // What a lane does that looked before another one had run the transfer.
        let reason = StuckReason::KillsItsWorker;
        let parked = lane::halt(&mut connection, &rules, ids[0], reason, &failure).await;
        let parked = !parked.expect("a look").statuses.is_empty();
        assert_eq!(parked, crashes == lane::CRASH_MAX, "after {crashes}");
        lane::suspect(&mut connection, &ids).await.expect("a mark");
    }
    assert_eq!(world.status(ids[0]).await, TransferStatus::Stuck);
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_of_a_killed_worker_resumes_within_ten_seconds() {
    for point in ["before_commit", "after_commit"] {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        let fuse = std::env::temp_dir().join(format!("holdfast-fuse-{}", uuid::Uuid::now_v7()));
        let variables = [
            ("E2E_DIE_ONCE_AT", point),
            ("E2E_DIE_ONCE_FILE", fuse.to_str().expect("a path")),
            ("HOLDFAST_STEP_BOUNDARIES", "all"),
        ];
        let commands: Vec<_> = (0..50).map(|_| transfer(wallets[0], wallets[1], 1)).collect();
        world.accept(&commands).await;
        let mut first = Process::jobs(&world.url, &variables);
        first.wait();
        let died = Instant::now();
        let second = Process::jobs(&world.url, &variables);
        world.wait_for_rest().await;
        let resumed = died.elapsed();
        assert!(resumed < Duration::from_secs(10), "killed {point}, resumed after {resumed:?}");
        assert!(second.stop());
        std::fs::remove_file(fuse).ok();
        assert_eq!(world.count(SETTLED).await, 50);
        world.assert_clean_slate().await;
    }
}

/// Two APIs and two workers under load; one of the four is killed and started
/// again, 24 times. Then the database itself, twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_and_the_database_may_be_killed_under_load_and_no_transfer_is_lost_or_doubled() {
    let server = durable_server().await;
    server.create_database("chaos").await.expect("a database");
    let url = server.url("chaos");
    migration::up(&url).await.expect("a schema");
    let world = World::at(url.clone());
    let wallets = world.wallets(20, 1_000_000).await;

    let anywhere = "127.0.0.1:0";
    let mut apis = [Process::api(&url, anywhere), Process::api(&url, anywhere)];
    let mut workers = [Process::jobs(&url, &[]), Process::jobs(&url, &[])];
    let addresses = apis.each_ref().map(|api| api.address.clone().expect("an address"));
    let load = Load::start(&addresses, &wallets, 12);

    for round in 0..24_usize {
        load.wait_for_more(40 + round * 7 % 50).await;
        let victim = round / 2 % 2;
        if round % 2 == 0 {
            workers[victim].kill();
            workers[victim] = Process::jobs(&url, &[]);
        } else {
            apis[victim].kill();
            apis[victim] = Process::api(&url, &addresses[victim]);
        }
    }
    for _ in 0..2 {
        load.wait_for_more(60).await;
        server.kill_immediate().await.expect("a killed database");
        server.restart().await.expect("a restarted database");
    }
    load.wait_for_more(60).await;
    let accepted = load.stop().await;
    world.wait_for_rest().await;

    for worker in workers {
        assert!(worker.stop(), "a worker ends well");
    }
    for api in apis {
        assert!(api.stop(), "an API ends well");
    }
    // One key, one transfer: the one that the client was told of.
    let stored: Vec<(uuid::Uuid, String)> =
        sqlx::query_as("SELECT id, reference FROM transfer WHERE reference IS NOT NULL")
            .fetch_all(&world.reads)
            .await
            .expect("the transfers");
    let mut stored: Vec<(String, String)> =
        stored.into_iter().map(|(id, key)| (key, id.to_string())).collect();
    stored.sort();
    assert_eq!(stored, accepted, "what was accepted is what is there");
    assert_eq!(
        world.count("SELECT count(*) FROM dead_letter").await,
        0,
        "outages make no dead letter"
    );
    world.assert_clean_slate().await;
    eprintln!("{} transfers came through", accepted.len());
    server.stop().await.expect("a stopped database");
}

/// A server that keeps what it has acknowledged when it is killed.
pub async fn durable_server() -> Server {
    let directory: PathBuf =
        std::env::temp_dir().join(format!("holdfast-chaos-{}", uuid::Uuid::now_v7()));
    let mut options = Options::new(directory);
    options.durability = Durability::Durable;
    options.remove_data_on_exit = true;
    Server::start(options).await.expect("a server")
}

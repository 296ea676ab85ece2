//! The writer goes, a standby takes its place, and the same processes go on.

use std::time::{Duration, Instant};

use embedded::testing::OwnServer;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::support::World;
use crate::support::load::Load;
use crate::support::process::Process;
use crate::support::switch::Switch;

async fn run(server: &OwnServer, statements: &[&str]) {
    let mut connection = PgConnection::connect(&server.url()).await.expect("a connection");
    for sql in statements {
        let sql = AssertSqlSafe((*sql).to_owned());
        sqlx::query(sql).execute(&mut connection).await.expect("a statement");
    }
}

/// A standby without which the writer acknowledges nothing any more.
async fn synchronous_standby(writer: &OwnServer, name: &str) -> OwnServer {
    let standby = writer.standby(name, &[]).await.expect("a standby");
    let both = ["ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"];
    run(writer, &both).await;
    let mut connection = PgConnection::connect(&writer.url()).await.expect("a connection");
    let sql = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
    let deadline = Instant::now() + Duration::from_secs(20);
    while sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut connection).await.expect("a count") == 0
    {
        assert!(Instant::now() < deadline, "the standby is not synchronous");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    standby
}

/// Waits until transfers go on after a failover, and for some more.
async fn goes_on(load: &Load, how: &str, began: Instant) {
    load.wait_for_more(20).await;
    eprintln!("{how}: transfers went on after {:?}", began.elapsed());
    load.wait_for_more(100).await;
}

/// Keys and ids of what is settled, sorted.
async fn settled(world: &World) -> Vec<(String, String)> {
    let sql = "SELECT reference, id::text FROM transfer WHERE reference IS NOT NULL AND status = 'settled'";
    let mut settled: Vec<(String, String)> =
        sqlx::query_as(sql).fetch_all(&world.reads).await.expect("the transfers");
    settled.sort();
    settled
}

/// First the writer is killed. The next one is only made read-only and lives on, with all the
/// connections that lead to it. The third is not heard of any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_standby_takes_the_writers_place_under_load_and_no_acknowledged_transfer_is_lost() {
    let first = OwnServer::start(&[("synchronous_commit", "on")]).await.expect("a server");
    let second = synchronous_standby(&first, "second").await;
    let (writer, reader) = (Switch::to(first.port()).await, Switch::to(second.port()).await);
    let (url, read_url) = (writer.url(&first.url()), reader.url(&first.url()));
    let world = World::at(url.clone());
    let wallets = world.wallets(10, 1_000_000).await;
    let variables = [("DATABASE_URL", url.as_str()), ("DATABASE_READ_URL", read_url.as_str())];
    let mut api = Process::api_in(&variables);
    let mut workers = [Process::jobs_in(&variables), Process::jobs_in(&variables)];
    let load = Load::start(&[api.address.clone().expect("an address")], &wallets, 8);
    load.wait_for_more(100).await;

    let began = Instant::now();
    first.kill_immediate().await.expect("a killed writer");
    second.promote().await.expect("a promotion");
    writer.turn_to(second.port());
    goes_on(&load, "killed", began).await;

    let third = synchronous_standby(&second, "third").await;
    reader.turn_to(third.port());
    load.wait_for_more(50).await;
    let began = Instant::now();
    let read_only =
        ["ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"];
    run(&second, &read_only).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    third.promote().await.expect("a promotion");
    writer.turn_to(third.port());
    goes_on(&load, "read-only", began).await;

    let fourth = synchronous_standby(&third, "fourth").await;
    reader.turn_to(fourth.port());
    load.wait_for_more(50).await;
    let began = Instant::now();
    writer.strand_and_turn_to(fourth.port());
    fourth.promote().await.expect("a promotion");
    goes_on(&load, "unheard of", began).await;

    let accepted = load.stop().await;
    let world = World::at(fourth.url());
    world.wait_for_rest().await;
    let ended = workers.iter_mut().any(Process::has_ended) || api.has_ended();
    assert!(!ended, "no process was started again");
    assert!(api.stop(), "the API ends well");
    for worker in workers {
        assert!(worker.stop(), "a worker ends well");
    }
    assert_eq!(settled(&world).await, accepted, "what was acknowledged is there, and settled");
    world.assert_clean_slate().await;
    eprintln!("{} transfers came through three failovers", accepted.len());
}

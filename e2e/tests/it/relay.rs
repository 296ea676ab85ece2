//! Events on their way from the outbox to the queues, through outages and deaths.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use domain::group::{Boundaries, NoFaults};
use domain::ids::WalletId;
use embedded::sqs::Endpoint;
use jobs::replay::{Request, replay};
use jobs::{Config, Hooks};
use store::wake::{Channel, Waker};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::support::process::Process;
use crate::support::queue::{QUEUES, Reader};
use crate::support::{World, rules, transfer};

const OUTBOX_EMPTY: &str = "SELECT NOT EXISTS (SELECT 1 FROM outbox)";
const SAGAS: (&str, &str) = ("HOLDFAST_ROLES", "sagas");
const RELAY: (&str, &str) = ("HOLDFAST_ROLES", "relay");

/// A process with that role, on the queues of `endpoint`.
fn start(world: &World, endpoint: &Endpoint, role: (&str, &str)) -> Process {
    let url = endpoint.url();
    let variables = [role, ("SQS_ENDPOINT_URL", &url), ("HOLDFAST_CREATE_QUEUES", "true")];
    Process::jobs(&world.url, &variables)
}

fn configured(variables: &[(&str, &str)]) -> Config {
    let lookup =
        |name: &str| variables.iter().find(|one| one.0 == name).map(|one| one.1.to_owned());
    Config::from_lookup(lookup).expect("a configuration")
}

async fn endpoint() -> Endpoint {
    Endpoint::start(None).await.expect("an endpoint")
}

/// Settles that many transfers, without any relay.
async fn settle(world: &World, wallets: &[WalletId], count: usize) {
    for at in (0..count).step_by(250) {
        let commands: Vec<_> = (at..count.min(at + 250))
            .map(|at| transfer(wallets[at % wallets.len()], wallets[(at + 1) % wallets.len()], 1))
            .collect();
        let ids = world.accept(&commands).await;
        world.drive(&rules(Boundaries::Fused, NoFaults), &ids).await;
    }
}

/// Both queues had every event of the log.
async fn assert_all_arrived(world: &World, readers: &mut [Reader; 2]) {
    let log: Vec<Uuid> =
        sqlx::query_scalar("SELECT id FROM event").fetch_all(&world.reads).await.expect("the log");
    let log: BTreeSet<String> = log.iter().map(ToString::to_string).collect();
    for reader in readers {
        reader.drain().await;
        assert_eq!(reader.ids(), log, "what was told is what happened");
        reader.assert_wallets_complete();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_send_each_event_to_both_queues_and_with_its_origin() {
    let (world, endpoint) = (World::new().await, endpoint().await);
    let wallets = world.wallets(10, 100_000).await;
    settle(&world, &wallets, 2_000).await;
    let mut traced = transfer(wallets[0], wallets[1], 1);
    traced.correlation_id = Some("order-77".to_owned());
    let ids = world.accept(&[traced]).await;
    world.drive(&rules(Boundaries::Fused, NoFaults), &ids).await;
    let count = world.count("SELECT count(*) FROM outbox").await;

    let began = Instant::now();
    let relays = [(), ()].map(|()| start(&world, &endpoint, RELAY));
    world.wait_until("all events are sent", OUTBOX_EMPTY).await;
    eprintln!(
        "two relays sent {count} events to two queues in {:?}, start included",
        began.elapsed()
    );
    for relay in relays {
        assert!(relay.stop(), "a relay ends well");
    }
    let mut readers = Reader::both(&endpoint);
    assert_all_arrived(&world, &mut readers).await;
    for reader in &readers {
        assert_eq!(
            reader.envelopes.len(),
            reader.ids().len(),
            "nobody died, so nothing came twice"
        );
        let origin = |one: &&serde_json::Value| one["correlation_id"]["StringValue"] == "order-77";
        assert_eq!(reader.attributes.iter().filter(origin).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_committed_transfer_wakes_the_relay() {
    let (world, endpoint) = (World::new().await, endpoint().await);
    let wallets = world.wallets(2, 1_000).await;
    let sagas = start(&world, &endpoint, SAGAS);
    let url = endpoint.url();
    let mut config = configured(&[
        ("DATABASE_URL", &world.url),
        ("SQS_ENDPOINT_URL", &url),
        ("HOLDFAST_CREATE_QUEUES", "true"),
        ("HOLDFAST_ROLES", "relay"),
    ]);
    // By itself it would not look again within this test.
    config.sqs.as_mut().expect("queues").relay_tick = Duration::from_hours(1);
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { stopped.await.unwrap_or_default() };
    let relay = tokio::spawn(jobs::run(config, Hooks::default(), stopped));
    let listening = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity
         WHERE datname = current_database() AND query = 'LISTEN \"holdfast_outbox\"')";
    world.wait_until("the relay listens", listening).await;
    let waker = Waker::start(world.reads.clone(), Channel::Saga);
    for _ in 0..10 {
        world.accept(&[transfer(wallets[0], wallets[1], 1)]).await;
        waker.wake();
        world.wait_for_rest().await;
        world.wait_until("the event is sent", OUTBOX_EMPTY).await;
    }
    stop.send(()).expect("a relay that still runs");
    relay.await.expect("no panic").expect("a clean drain");
    assert!(sagas.stop(), "the workers end well");
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_that_lost_everything_are_refilled_by_a_replay() {
    let (world, mut endpoint) = (World::new().await, endpoint().await);
    let wallets = world.wallets(4, 1_000).await;
    let relay = start(&world, &endpoint, RELAY);
    settle(&world, &wallets, 500).await;
    world.wait_until("all events are sent", OUTBOX_EMPTY).await;
    endpoint.lose_state().await;
    endpoint.resume().await.expect("the same port");
    // The relay finds the queues gone and makes new ones.
    settle(&world, &wallets, 1).await;
    world.wait_until("all events are sent", OUTBOX_EMPTY).await;

    let config = configured(&[("DATABASE_URL", &world.url), ("SQS_ENDPOINT_URL", &endpoint.url())]);
    let hour = chrono::TimeDelta::hours(1);
    let (from, to) =
        ((chrono::Utc::now() - hour).to_rfc3339(), (chrono::Utc::now() + hour).to_rfc3339());
    let logged = world.count("SELECT count(*) FROM event").await;
    for queue in QUEUES {
        let options = ["--queue", queue, "--from", &from, "--to", &to];
        let request = Request::parse(&options).expect("a request");
        let sent = replay(&config, &request, |_| {}).await.expect("a replay");
        assert_eq!(sent, u64::try_from(logged).expect("a count"));
    }
    assert_all_arrived(&world, &mut Reader::both(&endpoint)).await;
    assert!(relay.stop(), "the relay ends well");

    let options =
        ["--queue", QUEUES[0], "--from", &from, "--to", &to, "--type", "wallet.opened.v1"];
    let request = Request::parse(&options).expect("a request");
    assert_eq!(replay(&config, &request, |_| {}).await.expect("a replay"), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifo_queue_has_the_events_of_a_source_in_order() {
    let (world, endpoint) = (World::new().await, endpoint().await);
    let wallets = world.wallets(3, 1_000).await;
    settle(&world, &wallets, 300).await;
    let url = endpoint.url();
    let variables = [
        RELAY,
        ("SQS_ENDPOINT_URL", url.as_str()),
        ("HOLDFAST_CREATE_QUEUES", "true"),
        ("HOLDFAST_QUEUE_AUDIT_URL", "ordered.fifo"),
    ];
    // The second one has nothing to do: order needs one sender at a time.
    let relays = [(), ()].map(|()| Process::jobs(&world.url, &variables));
    world.wait_until("all events are sent", OUTBOX_EMPTY).await;
    drop(relays);
    let mut reader = Reader::of(&endpoint, "ordered.fifo");
    reader.drain().await;
    let mut last = std::collections::BTreeMap::new();
    for envelope in &reader.envelopes {
        let source = envelope["data"]["source_wallet_id"].to_string();
        let id = envelope["event_id"].to_string();
        assert!(last.insert(source, id.clone()).is_none_or(|before| before < id), "out of order");
    }
    let logged = world.count("SELECT count(*) FROM event").await;
    assert_eq!(i64::try_from(reader.ids().len()).expect("a count"), logged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_queue_stops_the_start_with_a_sentence_that_says_what_to_do() {
    let (world, endpoint) = (World::new().await, endpoint().await);
    let config = configured(&[
        ("DATABASE_URL", &world.url),
        ("SQS_ENDPOINT_URL", &endpoint.url()),
        ("HOLDFAST_QUEUE_AUDIT_URL", &format!("{}/000000000000/elsewhere", endpoint.url())),
    ]);
    let error = jobs::run(config, Hooks::default(), std::future::pending()).await;
    let text = error.expect_err("no start").to_string();
    assert!(text.contains("/elsewhere does not exist"), "{text}");
    assert!(text.contains("set HOLDFAST_QUEUE_AUDIT_URL"), "{text}");

    // Without SQS everything else runs, but a role that is asked for must be possible.
    let mut config = Config::new(&world.url);
    config.roles = Some(vec![jobs::Role::Relay]);
    let error = jobs::run(config, Hooks::default(), std::future::pending()).await;
    let text = error.expect_err("no start").to_string();
    assert!(text.starts_with("role relay needs SQS; set SQS_ENDPOINT_URL"), "{text}");
}

//! Events from the ledger through relay and queues to both consumers.

use std::time::{Duration, Instant};

use embedded::sqs::Endpoint;
use jobs::{Config, ConsumerError, Hooks, Role, RunError};
use sqlx::{Connection, PgConnection};
use store::audit;

use crate::crash::durable_server;
use crate::support::process::Process;
use crate::support::sqs::Sqs;
use crate::support::{World, transfer};

/// The embedded endpoint with both queues.
pub(super) struct Queues {
    pub(super) endpoint: Endpoint,
    pub(super) sqs: Sqs,
}

impl Queues {
    pub(super) async fn new(visibility_s: u32, receive_count_max: u32) -> Self {
        let endpoint = Endpoint::start(None).await.expect("an endpoint");
        let sqs = Sqs::at(endpoint.url());
        for queue in ["wallet-audit", "wallet-metrics"] {
            sqs.create_pair(queue, visibility_s, receive_count_max).await;
        }
        Self { endpoint, sqs }
    }

    /// A process with these roles and further variables.
    pub(super) fn process(
        &self,
        world: &World,
        roles: &str,
        variables: &[(&str, &str)],
    ) -> Process {
        let url = self.endpoint.url();
        let usual = [("SQS_ENDPOINT_URL", url.as_str()), ("HOLDFAST_ROLES", roles)];
        Process::jobs(&world.url, &[&usual, variables].concat())
    }
}

impl World {
    /// Accepts `count` transfers, a third of them for more money than there is.
    pub(super) async fn order(&self, count: usize) {
        let wallets = self.wallets(10, 100_000).await;
        let commands: Vec<_> = (0..count)
            .map(|index| {
                let (from, to) = (index * 7 % 10, (index * 7 + 1 + index % 9) % 10);
                let amount = if index % 3 == 0 { 5_000_000 } else { 1 + index * 37 % 90 };
                transfer(wallets[from], wallets[to], i64::try_from(amount).expect("small"))
            })
            .collect();
        for commands in commands.chunks(256) {
            self.accept(commands).await;
        }
    }

    /// Both consumers have every event of the log.
    pub(super) async fn wait_for_consumers(&self) {
        self.wait_until(
            "every event is chained and counted",
            "SELECT NOT EXISTS (SELECT 1 FROM outbox)
                AND (SELECT count(*) FROM event) = (SELECT count(*) FROM event_audit)
                AND (SELECT count(*) FROM event WHERE transfer_id IS NOT NULL)
                    = (SELECT coalesce(sum(transfer_count), 0) FROM business_minute)",
        )
        .await;
    }

    pub(super) async fn assert_consumed_exactly_once(&self) {
        let verified = audit::verify(&self.reads).await.expect("a verified chain");
        assert_eq!(verified.first_broken, None);
        let same = "SELECT count(*) FROM event AS e JOIN event_audit AS a
            ON a.event_id = e.id AND a.body = e.envelope";
        assert_eq!(self.count(same).await, verified.rows, "what was written is what arrived");
        assert_eq!(self.count("SELECT count(*) FROM event").await, verified.rows);
        self.assert_figures_equal_the_ledger().await;
        self.assert_ledger_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_event_reaches_both_consumers_and_the_figures_equal_the_ledger() {
    let (world, queues) = (World::new().await, Queues::new(60, 5).await);
    world.order(10_000).await;
    let began = Instant::now();
    let process = queues.process(&world, "sagas,relay,audit,metrics", &[]);
    world.wait_for_rest().await;
    world.wait_for_consumers().await;
    eprintln!("10,000 transfers settled, sent and consumed in {:?}", began.elapsed());
    assert!(process.stop(), "a clean drain");
    world.assert_consumed_exactly_once().await;
    for queue in ["wallet-audit-dlq", "wallet-metrics-dlq"] {
        assert_eq!(queues.sqs.count(queue).await, 0, "{queue}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_read_goes_to_the_dead_letter_queue_with_its_reason() {
    let (world, queues) = (World::new().await, Queues::new(60, 5).await);
    let process = queues.process(&world, "sagas,relay,audit,metrics", &[]);
    let poison = r#"[{"event_id":"019aa4c1-7a2e-7000-8000-000000000001",
        "type":"transfer.settled.v2","occurred_at":"2026-11-21T09:30:15Z","data":{}}]"#;
    queues.sqs.send("wallet-audit", poison).await;
    queues.sqs.send("wallet-metrics", "hello").await;
    world.order(30).await;

    let (body, attributes) = queues.sqs.take("wallet-audit-dlq").await;
    assert_eq!(body, poison);
    assert_eq!(
        attributes["reason"]["StringValue"],
        "envelope 1 has a type or version that this consumer does not know: transfer.settled.v2"
    );
    let (body, attributes) = queues.sqs.take("wallet-metrics-dlq").await;
    assert_eq!(body, "hello");
    let reason = attributes["reason"]["StringValue"].as_str().expect("a reason");
    assert!(reason.starts_with("the body is not a JSON array"), "{reason}");

    world.wait_for_rest().await;
    world.wait_for_consumers().await;
    assert!(process.stop(), "a clean drain");
    world.assert_consumed_exactly_once().await;
    assert_eq!(queues.sqs.count("wallet-audit").await, 0, "it was taken out of its queue");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_the_database_refuses_fails_alone_and_comes_back_once_that_is_mended() {
    let (world, queues) = (World::new().await, Queues::new(20, 1).await);
    world
        .execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'no such event' USING ERRCODE = '23514'; END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON event_audit
             FOR EACH ROW WHEN (NEW.body LIKE '%\"amount_minor\":666,%') EXECUTE FUNCTION refuse();",
        )
        .await;
    let wallets = world.wallets(2, 10_000).await;
    let amounts = (1..=30).map(|index| if index == 17 { 666 } else { index });
    let commands: Vec<_> = amounts.map(|amount| transfer(wallets[0], wallets[1], amount)).collect();
    world.accept(&commands).await;
    // All events are in the queue before the consumer reads it, so that they share batches.
    let source = queues.process(&world, "sagas,relay", &[]);
    world.wait_for_rest().await;
    world.wait_until("all are sent", "SELECT NOT EXISTS (SELECT 1 FROM outbox)").await;
    let process = queues.process(&world, "audit,metrics", &[]);
    let others = "SELECT (SELECT count(*) FROM event) - 1 = (SELECT count(*) FROM event_audit)";
    world.wait_until("its neighbours are chained", others).await;

    let (body, _) = queues.sqs.take("wallet-audit-dlq").await;
    assert!(body.contains("\"amount_minor\":666,"), "{body}");
    world.execute("DROP TRIGGER refuse ON event_audit").await;
    queues.sqs.send("wallet-audit", &body).await;
    world.wait_for_consumers().await;
    assert!(process.stop() && source.stop(), "a clean drain");
    world.assert_consumed_exactly_once().await;
}

/// A message has one receive here, so a single one that is spent on the outage would end
/// in the dead-letter queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_restart_of_the_database_spends_no_receive_of_any_message() {
    let server = durable_server().await;
    server.create_database("outage").await.expect("a database");
    let url = server.url("outage");
    migration::up(&url).await.expect("a schema");
    let (world, queues) = (World::at(url), Queues::new(300, 1).await);
    world.order(3_000).await;
    let source = queues.process(&world, "sagas,relay", &[]);
    world.wait_for_rest().await;
    world.wait_until("all are sent", "SELECT NOT EXISTS (SELECT 1 FROM outbox)").await;
    assert!(source.stop(), "a clean drain");

    // Keeps both consumers in the middle of a transaction until the database dies.
    let mut brake = PgConnection::connect(&world.url).await.expect("a connection");
    let locks = "BEGIN; LOCK TABLE event_audit, business_minute IN EXCLUSIVE MODE";
    sqlx::raw_sql(locks).execute(&mut brake).await.expect("locks");
    // Longer than the outage, however slow the machine is: whose time is up is given back.
    let patient = [("HOLDFAST_CONSUMER_TIMEOUT_S", "240")];
    let process = queues.process(&world, "audit,metrics", &patient);
    let both = "SELECT count(DISTINCT relation) = 2 FROM pg_locks WHERE NOT granted";
    world.wait_until("both consumers write", both).await;
    server.kill_immediate().await.expect("a killed database");
    let left = queues.sqs.count("wallet-audit").await;
    assert!(left > 200, "only {left} messages are left: the outage came too late");
    tokio::time::sleep(Duration::from_secs(6)).await;
    server.restart().await.expect("a restarted database");

    world.wait_for_consumers().await;
    assert!(process.stop(), "a clean drain");
    world.assert_consumed_exactly_once().await;
    for queue in ["wallet-audit-dlq", "wallet-metrics-dlq"] {
        assert_eq!(queues.sqs.count(queue).await, 0, "{queue}");
    }
    server.stop().await.expect("a stopped database");
}

#[tokio::test]
async fn a_queue_that_shows_messages_again_too_soon_is_refused_at_the_start() {
    let (world, queues) = (World::new().await, Queues::new(5, 5).await);
    let url = queues.endpoint.url();
    let mut config = Config::from_lookup(|name| match name {
        "DATABASE_URL" => Some(world.url.clone()),
        "SQS_ENDPOINT_URL" => Some(url.clone()),
        _ => None,
    })
    .expect("a configuration");
    config.roles = Some(vec![Role::Audit]);
    let running = jobs::run(config, Hooks::default(), std::future::pending());
    let Err(RunError::Consumer(error)) = running.await else { panic!("it must not start") };
    assert!(matches!(error, ConsumerError::VisibilityTooShort { visibility_s: 5, .. }), "{error}");
}

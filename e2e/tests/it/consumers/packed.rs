//! Several messages in one commit, and several events in one message.

use std::time::Duration;

use jobs::replay::{Request, replay};
use serde_json::{Value, json};

use super::queues::Queues;
use crate::support::process::Process;
use crate::support::{World, transfer};

const PACKED: (&str, &str) = ("HOLDFAST_EVENTS_PER_MESSAGE", "40");
const ALL_SENT: &str = "SELECT NOT EXISTS (SELECT 1 FROM outbox)";

impl Queues {
    /// Settles transfers and sends their events, all that are there at once.
    async fn send(&self, world: &World, variables: &[(&str, &str)]) {
        let sagas = self.process(world, "sagas", &[]);
        world.wait_for_rest().await;
        assert!(sagas.stop(), "a clean drain");
        let relay = self.process(world, "relay", variables);
        world.wait_until("all are sent", ALL_SENT).await;
        assert!(relay.stop(), "a clean drain");
    }

    /// One message of the audit's queue, which stays there: its body and attributes.
    async fn look(&self) -> (Vec<Value>, Value) {
        let url = self.sqs.url("wallet-audit").await;
        let asked = json!({ "QueueUrl": url, "VisibilityTimeout": 0,
            "MaxNumberOfMessages": 1, "MessageAttributeNames": ["All"] });
        let answer = self.sqs.call("ReceiveMessage", &asked).await;
        let message = &answer["Messages"][0];
        let body = message["Body"].as_str().expect("a body");
        (serde_json::from_str(body).expect("an array"), message["MessageAttributes"].clone())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_several_pollers_received_is_one_commit_and_what_is_refused_in_it_fails_alone() {
    let (world, queues) = (World::new().await, Queues::new(20, 1).await);
    world
        .execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'no such event' USING ERRCODE = '23514'; END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON event_audit
             FOR EACH ROW WHEN (NEW.body LIKE '%\"amount_minor\":666,%') EXECUTE FUNCTION refuse();",
        )
        .await;
    let wallets = world.wallets(2, 100_000).await;
    let amounts = (1..=200).map(|index| if index % 100 == 77 { 666 } else { 1 });
    let commands: Vec<_> = amounts.map(|amount| transfer(wallets[0], wallets[1], amount)).collect();
    world.accept(&commands).await;
    queues.send(&world, &[]).await;

    // While somebody else has the end of the chain, messages pile up.
    let mut tx = world.reads.begin().await.expect("a transaction");
    let lock = "SELECT seq FROM event_audit_head FOR UPDATE";
    sqlx::query(lock).execute(&mut *tx).await.expect("the lock");
    let process = queues.process(&world, "audit,metrics", &[]);
    world
        .wait_until("all are counted", "SELECT sum(transfer_count) = (SELECT count(*) FROM event WHERE transfer_id IS NOT NULL) FROM business_minute")
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    tx.rollback().await.expect("an end");

    let others = "SELECT (SELECT count(*) FROM event) - 2 = (SELECT count(*) FROM event_audit)";
    world.wait_until("their neighbours are chained", others).await;
    // One clock reading for each commit.
    let largest = "SELECT count(*) FROM event_audit GROUP BY received_at ORDER BY 1 DESC LIMIT 1";
    let largest = world.count(largest).await;
    assert!(largest > 10, "a commit has {largest} messages, as many as one receive brings");
    for _ in 0..2 {
        let (body, _) = queues.sqs.take("wallet-audit-dlq").await;
        assert!(body.contains("\"amount_minor\":666,"), "{body}");
        world.execute("DROP TRIGGER IF EXISTS refuse ON event_audit").await;
        queues.sqs.send("wallet-audit", &body).await;
    }
    world.wait_for_consumers().await;
    assert!(process.stop(), "a clean drain");
    world.assert_consumed_exactly_once().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn packed_events_are_consumed_once_also_when_each_comes_again_alone() {
    let (world, queues) = (World::new().await, Queues::new(60, 5).await);
    world.order(1_000).await;
    queues.send(&world, &[PACKED]).await;
    let (events, messages) =
        (world.count("SELECT count(*) FROM event").await, queues.sqs.count("wallet-audit").await);
    assert_eq!(messages, u64::try_from(events).expect("few").div_ceil(40));
    let (envelopes, attributes) = queues.look().await;
    assert_eq!((envelopes.len(), attributes), (40, Value::Null));

    let url = queues.endpoint.url();
    let lookup = |name: &str| match name {
        "DATABASE_URL" => Some(world.url.clone()),
        "SQS_ENDPOINT_URL" => Some(url.clone()),
        other => (other == PACKED.0).then(|| PACKED.1.to_owned()),
    };
    let config = jobs::Config::from_lookup(lookup).expect("a configuration");
    let [from, to] = [-1, 1].map(|hours| chrono::Utc::now() + chrono::TimeDelta::hours(hours));
    let [from, to] = [from, to].map(|at| at.to_rfc3339());
    let options = ["--queue", "wallet-audit", "--from", &from, "--to", &to];
    let request = Request::parse(&options).expect("a request");
    replay(&config, &request, |_| {}).await.expect("a replay");
    let again = queues.sqs.count("wallet-audit").await - messages;
    assert_eq!(i64::try_from(again).expect("few"), events, "a replay sends each event alone");

    let process = queues.process(&world, "audit,metrics", &[]);
    world.wait_for_consumers().await;
    while queues.sqs.count("wallet-audit").await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(process.stop(), "a clean drain");
    world.assert_consumed_exactly_once().await;
    assert_eq!(queues.sqs.count("wallet-audit-dlq").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_message_with_one_unreadable_envelope_goes_whole_to_the_dead_letter_queue() {
    let (world, queues) = (World::new().await, Queues::new(60, 5).await);
    world.order(20).await;
    queues.send(&world, &[PACKED]).await;
    let (mut envelopes, _) = queues.look().await;
    let envelope_count = envelopes.len();
    let settled = |envelope: &Value| envelope["type"] == "transfer.settled.v1";
    let at = envelopes.iter().position(settled).expect("a settled transfer");
    envelopes[at]["type"] = json!("transfer.settled.v2");
    let poison = Value::from(envelopes).to_string();
    let url = queues.sqs.url("wallet-audit").await;
    queues.sqs.call("PurgeQueue", &json!({ "QueueUrl": url })).await;
    queues.sqs.send("wallet-audit", &poison).await;

    let process = queues.process(&world, "audit,metrics", &[]);
    let (body, attributes) = queues.sqs.take("wallet-audit-dlq").await;
    assert_eq!(body, poison, "whole, and byte for byte");
    let reason = format!(
        "envelope {} has a type or version that this consumer does not know: transfer.settled.v2",
        at + 1
    );
    assert_eq!(attributes["reason"]["StringValue"], reason);
    assert_eq!(
        world.count("SELECT count(*) FROM event_audit").await,
        0,
        "nothing of it is chained"
    );
    // Mended, all of it is dealt with.
    assert_eq!(
        world.count("SELECT count(*) FROM event").await,
        i64::try_from(envelope_count).expect("few")
    );
    queues.sqs.send("wallet-audit", &poison.replace("settled.v2", "settled.v1")).await;
    world
        .wait_until(
            "every event is chained",
            "SELECT (SELECT count(*) FROM event) = (SELECT count(*) FROM event_audit)",
        )
        .await;
    assert!(process.stop(), "a clean drain");
    world.assert_ledger_clean().await;
}

/// One event is larger than a message may be. It waits in the outbox, and it alone.
#[tokio::test(flavor = "multi_thread")]
async fn packed_messages_stay_below_the_limit_and_what_is_too_large_waits_alone() {
    let (world, queues) = (World::new().await, Queues::new(60, 5).await);
    world.order(60).await;
    let sagas = queues.process(&world, "sagas", &[]);
    world.wait_for_rest().await;
    assert!(sagas.stop(), "a clean drain");
    // Ten of them are more than one message may hold.
    world
        .execute(
            "UPDATE event SET envelope = rtrim(envelope, '}') || '},\"more\":\"' || repeat('x', 30000) || '\"}'
             WHERE transfer_id IS NOT NULL;
             UPDATE event SET envelope = '\"' || repeat('x', 300000) || '\"'
             WHERE id = (SELECT id FROM event ORDER BY id OFFSET 30 LIMIT 1)",
        )
        .await;
    let relay: Process = queues.process(&world, "relay", &[PACKED]);
    world.wait_until("one is left", "SELECT count(*) = 1 FROM outbox").await;
    let left =
        "SELECT length(e.envelope)::bigint FROM outbox AS o JOIN event AS e ON e.id = o.event_id";
    assert!(world.count(left).await > 262_144);
    let messages = queues.sqs.count("wallet-audit").await;
    assert!((8..=20).contains(&messages), "60 events of 30 KB are in {messages} messages");
    assert!(relay.stop(), "a clean drain");
}

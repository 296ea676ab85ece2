//! What operators see.

use serde_json::{Value, json};

use super::Desk;
use crate::support::transfer;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_read_is_indexed_with_its_reason_and_its_end() {
    poison(Desk::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_indexed_is_not_received_again_and_again() {
    quiet(Desk::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_took_out_of_the_queue_is_gone() {
    gone(Desk::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_is_joined_to_its_transfer_and_consumed_once_after_a_redrive() {
    refused(Desk::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_message_is_joined_to_all_its_transfers_and_goes_back_whole() {
    let desk = Desk::new().await;
    let world = &desk.world;
    let wallets = world.wallets(2, 10_000).await;
    let commands: Vec<_> = (1..=3).map(|amount| transfer(wallets[0], wallets[1], amount)).collect();
    let ids = world.accept(&commands).await;
    let sagas = desk.process("sagas");
    world.wait_for_rest().await;
    assert!(sagas.stop(), "a clean drain");
    let all: String =
        sqlx::query_scalar("SELECT '[' || string_agg(envelope, ',' ORDER BY id) || ']' FROM event")
            .fetch_one(&world.reads)
            .await
            .expect("the log");
    desk.fill([all.clone()]).await;

    let process = desk.process("audit,desk");
    let message = desk.message(&desk.present(1).await[0]).await;
    assert_eq!(message["body"], all);
    for id in &ids {
        let listed = desk.get(&format!("/sqs/dead-messages?transfer_id={id}")).await;
        assert_eq!(listed["items"][0]["message_id"], message["message_id"], "{id}");
    }
    let joined = message["transfers"].as_array().expect("transfers");
    let settled =
        |id| joined.contains(&json!({ "id": id, "status": "settled", "dead_letter_id": null }));
    assert!(ids.iter().all(settled), "{message:#}");

    let command = desk.redrive(None).await;
    let command = desk.ended(&command).await;
    assert_eq!((&command["status"], &command["done_count"]), (&json!("done"), &json!(1)));
    let chained = "SELECT (SELECT count(*) FROM event) = (SELECT count(*) FROM event_audit)";
    world.wait_until("all of it is chained", chained).await;
    assert!(process.stop(), "a clean drain");
    world.assert_ledger_clean().await;
}

pub async fn poison(desk: Desk) {
    let dead_url = desk.sqs.url(&desk.dead()).await;
    let kept = json!({ "MessageRetentionPeriod": "1209600" });
    let asked = json!({ "QueueUrl": dead_url, "Attributes": kept });
    desk.sqs.call("SetQueueAttributes", &asked).await;
    let process = desk.process("audit,metrics,desk");
    desk.sqs.send(&desk.audit, "hello").await;

    let ids = desk.present(1).await;
    let message = desk.message(&ids[0]).await;
    let reason = message["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("the body is not a JSON array"), "{message:#}");
    assert_eq!(message["body"], "hello");
    assert_eq!(message["source_arn"], Value::Null, "a consumer put it there");
    let seconds = message["expires_in_s"].as_i64().expect("seconds");
    assert!((1_209_540..=1_209_600).contains(&seconds), "14 days are left, not {seconds} s");
    let listed =
        desk.get(&format!("/sqs/dead-messages?status=present&queue={}", desk.dead())).await;
    assert_eq!(listed["items"][0].get("body"), None, "lists have no bodies");

    let groups = desk.get("/sqs/dead-messages/groups").await;
    assert_eq!(groups[0]["queue"], desk.dead());
    assert_eq!(groups[0]["count"], 1);
    assert_eq!(
        groups[0]["fingerprint"],
        "the body is not a JSON array: expected value at line # column #"
    );
    let queues = desk.until("all are counted", "/sqs/queues", |queues| {
        let counted = |queue: &Value| queue["sampled_at"].is_string();
        queues.as_array().is_some_and(|all| all.len() == 4 && all.iter().all(counted))
    });
    let queues = queues.await;
    let of = |name: &str| {
        let all = queues.as_array().expect("queues").iter();
        all.clone().find(|queue| queue["name"] == name).expect("a queue").clone()
    };
    assert_eq!(of(&desk.dead())["source_queue"], desk.audit.as_str());
    assert_eq!(of(&desk.dead())["present_count"], 1);
    assert_eq!(of(&desk.audit)["source_queue"], Value::Null);
    assert!(process.stop(), "a clean drain");
}

pub async fn quiet(desk: Desk) {
    desk.fill(["one".to_owned(), "two".to_owned()]).await;
    let process = desk.process("desk");
    desk.present(2).await;
    desk.wait_for_samples(3).await;
    assert!(process.stop(), "a clean drain");
    let url = desk.sqs.url(&desk.dead()).await;
    let asked = json!({ "QueueUrl": url, "AttributeNames": ["All"], "WaitTimeSeconds": 1 });
    let answer = desk.sqs.call("ReceiveMessage", &asked).await;
    let count = &answer["Messages"][0]["Attributes"]["ApproximateReceiveCount"];
    assert_eq!(count, "2", "the look received it once, and this test: {answer:#}");
}

pub async fn gone(desk: Desk) {
    desk.fill(["one".to_owned(), "two".to_owned()]).await;
    let process = desk.process("desk");
    let ids = desk.present(2).await;
    desk.sqs.take(&desk.dead()).await;
    let left = desk.present(1).await;
    let taken = ids.iter().find(|id| !left.contains(id)).expect("one that was taken");
    assert_eq!(desk.message(taken).await["status"], "gone");
    assert_eq!(desk.message(&left[0]).await["status"], "present");
    assert!(process.stop(), "a clean drain");
}

pub async fn refused(desk: Desk) {
    let world = &desk.world;
    let refusal = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'no such event' USING ERRCODE = '23514'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON event_audit
        FOR EACH ROW WHEN (NEW.body LIKE '%\"amount_minor\":666,%') EXECUTE FUNCTION refuse();";
    sqlx::raw_sql(refusal).execute(&world.reads).await.expect("a trigger");
    let process = desk.process("sagas,relay,audit,metrics,desk");
    let wallets = world.wallets(2, 10_000).await;
    let chained = "SELECT (SELECT count(*) FROM event) = (SELECT count(*) FROM event_audit)";
    world.wait_until("the consumers run", chained).await;
    // The consumer would not start with so short a timeout. Receives that wait already have
    // the old one; a few messages use them up.
    let url = desk.sqs.url(&desk.audit).await;
    let asked = json!({ "QueueUrl": url, "Attributes": { "VisibilityTimeout": "1" } });
    desk.sqs.call("SetQueueAttributes", &asked).await;
    for _ in 0..10 {
        world.accept(&[transfer(wallets[0], wallets[1], 1)]).await;
        world.wait_for_rest().await;
        world.wait_until("it is chained", chained).await;
    }
    let id = world.accept(&[transfer(wallets[0], wallets[1], 666)]).await[0];

    let ids = desk.present(1).await;
    let message = desk.message(&ids[0]).await;
    assert_eq!(message["reason"], "receive_count_exceeded", "{message:#}");
    assert_eq!(message["fingerprint"], "receive_count_exceeded/transfer.settled.v1");
    assert!(message["source_arn"].as_str().is_some_and(|arn| arn.ends_with(&desk.audit)));
    let settled = json!([{ "id": id, "status": "settled", "dead_letter_id": null }]);
    assert_eq!(message["transfers"], settled);
    let of_transfer = desk.get(&format!("/sqs/dead-messages?transfer_id={id}")).await;
    assert_eq!(of_transfer["items"][0]["message_id"], ids[0].as_str());

    let mend = sqlx::raw_sql("DROP TRIGGER refuse ON event_audit").execute(&world.reads);
    mend.await.expect("the cause is mended");
    let command = desk.redrive(None).await;
    let command = desk.ended(&command).await;
    assert_eq!((&command["status"], &command["done_count"]), (&json!("done"), &json!(1)));
    world.wait_until("all are chained", chained).await;
    assert!(process.stop(), "a clean drain");
    let message = desk.message(&ids[0]).await;
    assert_eq!((&message["status"], &message["command_id"]), (&json!("redriven"), &command["id"]));
    let verified = store::audit::verify(&world.reads).await.expect("a verified chain");
    assert_eq!(verified.first_broken, None);
    let once = sqlx::query_scalar("SELECT count(*) FROM event_audit WHERE transfer_id = $1");
    let once: i64 = once.bind(id.0).fetch_one(&world.reads).await.expect("a count");
    assert_eq!(once, 1);
    assert_eq!(desk.acts().await, ["queue.redrive", "queue.redrive.done"]);
    world.assert_ledger_clean().await;
}

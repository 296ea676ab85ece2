//! What operators have done.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::Desk;
use crate::support::transfer;

#[tokio::test(flavor = "multi_thread")]
async fn selected_messages_go_back_and_the_others_stay() {
    selected(Desk::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_empties_the_queue_and_the_next_one_waits_until_it_is_stopped() {
    let desk = Desk::new().await;
    purge(&desk).await;
    purge_again(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_may_be_killed_in_the_middle_of_a_redrive_and_nothing_is_lost_or_doubled() {
    killed(Desk::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_of_a_fifo_queue_keeps_groups_and_their_order() {
    let endpoint = embedded::sqs::Endpoint::start(None).await.expect("an endpoint");
    fifo(Desk::at(endpoint.url(), Some(endpoint), ".fifo", 2).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sqs_moved_goes_back_by_hand_where_there_are_no_move_tasks() {
    let detail = moved(Desk::new().await).await;
    assert!(detail.starts_with("by hand: no message move task: "), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_that_is_stopped_leaves_the_rest_where_it_is() {
    let desk = Desk::new().await;
    desk.fill((0..400).map(|number| format!("message {number}"))).await;
    let process = desk.process("desk");
    let leased = "SELECT count(leased_by) = 2 FROM sqs_queue";
    desk.world.wait_until("it is leased", leased).await;
    let command = desk.redrive(None).await;
    let path = format!("/commands/{command}");
    let begun = |command: &Value| command["done_count"] != 0;
    let begun = desk.until("it has begun", &path, begun).await;
    let reason = json!({ "reason": "wrong queue" });
    desk.ask(Method::POST, &format!("{path}/stop"), &reason).await;
    let command = desk.ended(&command).await;
    eprintln!(
        "asked {}, begun {}, stopped after {} of 400",
        begun["created_at"], begun["started_at"], command["done_count"]
    );
    assert_eq!(command["status"], "stopped");
    let done = command["done_count"].as_u64().expect("a count");
    assert!(done < 400, "it was too fast to be stopped");
    assert!(process.stop(), "a clean drain");
    assert_eq!(desk.sqs.count(&desk.audit).await, done);
    assert_eq!(desk.sqs.count(&desk.dead()).await, 400 - done);
    assert_eq!(desk.acts().await, ["queue.redrive", "command.stop", "queue.redrive.stopped"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_that_works_again_no_longer_says_that_it_tries_again() {
    let desk = Desk::new().await;
    desk.fill((0..400).map(|number| format!("message {number}"))).await;
    desk.introduce().await;
    let command = desk.redrive(None).await;
    // As a desk leaves it for which SQS was away.
    let away = "UPDATE operator_command SET detail = 'tries again: away', total_count = 400";
    sqlx::query(away).execute(&desk.world.reads).await.expect("trouble");
    let process = desk.process("desk");
    let path = format!("/commands/{command}");
    let begun = desk.until("it has begun", &path, |command| command["done_count"] != 0).await;
    assert_eq!(
        (&begun["status"], &begun["detail"]),
        (&json!("running"), &json!("by hand: a consumer put some of it there, not SQS"))
    );
    assert_eq!(desk.ended(&command).await["status"], "done");
    assert!(process.stop(), "a clean drain");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_poison_comes_back_once_and_does_not_go_round() {
    let desk = Desk::new().await;
    let process = desk.process("audit,desk");
    desk.sqs.send(&desk.audit, "hello").await;
    let first = desk.present(1).await;
    let command = desk.redrive(None).await;
    let command = desk.ended(&command).await;
    assert_eq!((&command["status"], &command["done_count"]), (&json!("done"), &json!(1)));
    assert_eq!(desk.message(&first[0]).await["status"], "redriven");
    let second = desk.present(1).await;
    assert_ne!(second, first);
    assert!(process.stop(), "a clean drain");
}

/// What SQS put into the dead-letter queue; says how it went back.
pub async fn moved(desk: Desk) -> String {
    for number in 0..20 {
        desk.sqs.send(&desk.audit, &format!("message {number}")).await;
    }
    let url = desk.sqs.url(&desk.audit).await;
    let asked = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0 });
    let deadline = Instant::now() + Duration::from_mins(1);
    while desk.sqs.count(&desk.dead()).await < 20 {
        assert!(Instant::now() < deadline, "the queue keeps messages after too many receives");
        desk.sqs.call("ReceiveMessage", &asked).await;
    }
    let process = desk.process("desk");
    let ids = desk.present(20).await;
    let message = desk.message(&ids[0]).await;
    assert_eq!(message["fingerprint"], "receive_count_exceeded/unreadable", "{message:#}");
    let command = desk.redrive(None).await;
    let command = desk.ended(&command).await;
    assert_eq!(command["status"], "done", "{command:#}");
    assert_eq!((&command["done_count"], &command["total_count"]), (&json!(20), &json!(20)));
    assert_eq!(desk.sqs.count(&desk.audit).await, 20);
    assert_eq!(desk.message(&ids[0]).await["status"], "redriven");
    desk.present(0).await;
    assert!(process.stop(), "a clean drain");
    command["detail"].as_str().expect("how it went").to_owned()
}

pub async fn selected(desk: Desk) {
    desk.fill((0..25).map(|number| format!("message {number}"))).await;
    let process = desk.process("desk");
    let ids = desk.present(25).await;
    let chosen = vec![ids[3].clone(), ids[17].clone()];
    let command = desk.redrive(Some(&chosen)).await;
    let command = desk.ended(&command).await;
    assert_eq!(command["status"], "done", "{command:#}");
    assert_eq!((&command["done_count"], &command["total_count"]), (&json!(2), &json!(2)));
    let left = desk.present(23).await;
    assert!(chosen.iter().all(|id| !left.contains(id)));
    assert_eq!(desk.sqs.count(&desk.audit).await, 2);
    assert_eq!(desk.sqs.count(&desk.dead()).await, 23);
    let (body, attributes) = desk.sqs.take(&desk.audit).await;
    let sent = [desk.message(&chosen[0]).await, desk.message(&chosen[1]).await];
    assert!(sent.iter().any(|one| one["body"] == body.as_str()), "{body}");
    assert_eq!(attributes["kept"]["DataType"], "Number", "attributes go with it");
    assert_eq!(attributes.get("reason"), None, "but not why it was set aside");

    let command = desk.redrive(None).await;
    let command = desk.ended(&command).await;
    assert_eq!(command["status"], "done", "{command:#}");
    assert_eq!((&command["done_count"], &command["total_count"]), (&json!(23), &json!(23)));
    assert_eq!(command["detail"], "by hand: a consumer put some of it there, not SQS");
    assert_eq!(desk.sqs.count(&desk.audit).await, 24);
    assert_eq!(desk.sqs.count(&desk.dead()).await, 0);
    desk.present(0).await;
    assert!(process.stop(), "a clean drain");
    let wanted = ["queue.redrive", "queue.redrive.done"].repeat(2);
    assert_eq!(desk.acts().await, wanted);
    desk.assert_audit_holds().await;
}

pub async fn purge(desk: &Desk) {
    desk.fill((0..5).map(|number| format!("message {number}"))).await;
    let process = desk.process("desk");
    let ids = desk.present(5).await;
    let command = desk.purge().await;
    let command = desk.ended(&command).await;
    assert_eq!((&command["status"], &command["done_count"]), (&json!("done"), &json!(5)));
    assert_eq!(desk.sqs.count(&desk.dead()).await, 0);
    assert_eq!(desk.message(&ids[0]).await["status"], "purged");
    assert_eq!(desk.acts().await, ["queue.purge", "queue.purge.done"]);
    assert!(process.stop(), "a clean drain");
}

/// SQS allows one purge in 60 s; not every endpoint says so.
async fn purge_again(desk: &Desk) {
    let process = desk.process("desk");
    let command = desk.purge().await;
    let path = format!("/commands/{command}");
    let waits = |command: &Value| command["detail"].as_str().is_some_and(|it| it.contains("60 s"));
    desk.until("the second purge waits", &path, waits).await;
    // What comes meanwhile is indexed before it is thrown away.
    desk.fill(["one more".to_owned()]).await;
    desk.present(1).await;
    assert_eq!(desk.get(&path).await["status"], "running");
    let again = desk.purge().await;
    assert_eq!(again, command, "asked again while it is open, it is the same");
    let reason = json!({ "reason": "no need" });
    let (status, _) = desk.ask(Method::POST, &format!("{path}/stop"), &reason).await;
    assert_eq!(status, 200);
    let command = desk.ended(&command).await;
    assert_eq!(command["status"], "stopped");
    assert!(process.stop(), "a clean drain");
    let ends = ["queue.purge", "command.stop", "queue.purge.stopped"];
    assert_eq!(desk.acts().await[2..], ends);
    desk.assert_audit_holds().await;
}

pub async fn killed(desk: Desk) {
    let world = &desk.world;
    let wallets = world.wallets(2, 10_000).await;
    let commands: Vec<_> = (0..300).map(|_| transfer(wallets[0], wallets[1], 1)).collect();
    for commands in commands.chunks(100) {
        let ids = world.accept(commands).await;
        let rules =
            crate::support::rules(domain::group::Boundaries::Fused, domain::group::NoFaults);
        world.drive(&rules, &ids).await;
    }
    let bodies: Vec<String> = sqlx::query_scalar(
        "SELECT '[' || envelope || ']' FROM event WHERE transfer_id IS NOT NULL ORDER BY id DESC LIMIT 300",
    )
    .fetch_all(&world.reads)
    .await
    .expect("envelopes");
    desk.fill(bodies).await;
    let mut first = desk.process("desk");
    world.wait_until("it is leased", "SELECT count(leased_by) = 2 FROM sqs_queue").await;
    let second = desk.process("desk");
    let command = desk.redrive(None).await;
    let path = format!("/commands/{command}");
    let begun = |command: &Value| command["done_count"].as_i64().is_some_and(|done| done >= 40);
    desk.until("it is in the middle", &path, begun).await;
    first.kill();
    let killed = Instant::now();
    let at = desk.get(&path).await;
    assert_eq!(at["status"], "running", "it was too fast to be killed: {at:#}");
    let command = desk.ended(&command).await;
    eprintln!("killed after {} of 300, done {:?} later", at["done_count"], killed.elapsed());
    assert!(killed.elapsed() < Duration::from_secs(30));
    assert_eq!(command["status"], "done", "{command:#}");
    assert_eq!(command["done_count"], 300, "{command:#}");
    assert_eq!(desk.sqs.count(&desk.dead()).await, 0);
    assert!(desk.sqs.count(&desk.audit).await >= 300, "sent again rather than lost");

    let consumer = desk.process("audit");
    world.wait_until("all are chained", "SELECT count(*) >= 300 FROM event_audit").await;
    assert!(consumer.stop() && second.stop(), "a clean drain");
    let chained: Vec<uuid::Uuid> = sqlx::query_scalar("SELECT event_id FROM event_audit")
        .fetch_all(&world.reads)
        .await
        .expect("the chain");
    assert_eq!(chained.len(), 300, "each once");
    let verified = store::audit::verify(&world.reads).await.expect("a verified chain");
    assert_eq!(verified.first_broken, None);
    assert_eq!(desk.acts().await, ["queue.redrive", "queue.redrive.done"]);
    world.assert_ledger_clean().await;
}

pub async fn fifo(desk: Desk) {
    let url = desk.sqs.url(&desk.dead()).await;
    for number in 0..6 {
        let asked = json!({
            "QueueUrl": url, "MessageBody": format!("{number}"),
            "MessageGroupId": if number % 2 == 0 { "even" } else { "odd" },
            "MessageDeduplicationId": format!("d{number}"),
        });
        desk.sqs.call("SendMessage", &asked).await;
    }
    let process = desk.process("desk");
    // Of each group the first is seen; others stand behind it.
    let path = format!("/sqs/dead-messages?queue={}", desk.dead());
    let some = |page: &Value| page["items"].as_array().is_some_and(|all| all.len() >= 2);
    desk.until("the first of each group is indexed", &path, some).await;
    let command = desk.redrive(None).await;
    let command = desk.ended(&command).await;
    assert_eq!(command["status"], "done", "{command:#}");
    assert_eq!((&command["done_count"], &command["total_count"]), (&json!(6), &json!(6)));
    assert!(process.stop(), "a clean drain");

    let url = desk.sqs.url(&desk.audit).await;
    let mut groups = std::collections::BTreeMap::<String, Vec<String>>::new();
    for _ in 0..6 {
        let asked = json!({
            "QueueUrl": url, "MaxNumberOfMessages": 1, "WaitTimeSeconds": 1,
            "AttributeNames": ["All"],
        });
        let message = desk.sqs.call("ReceiveMessage", &asked).await["Messages"][0].clone();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let group = text(&message["Attributes"]["MessageGroupId"]);
        groups.entry(group).or_default().push(text(&message["Body"]));
        let done = json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] });
        desk.sqs.call("DeleteMessage", &done).await;
    }
    assert_eq!(groups["even"], ["0", "2", "4"]);
    assert_eq!(groups["odd"], ["1", "3", "5"]);
}

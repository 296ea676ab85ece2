//! What a desk leaves that dies in the middle of a command.

use std::time::Duration;

use serde_json::json;

use super::Desk;

/// The redrive as a desk leaves it that was killed a moment ago.
const KILLED_A_MOMENT_AGO: &str = "
    UPDATE operator_command
    SET status = 'running', started_at = now(), taken_by = gen_random_uuid(), heartbeat_at = now() + interval '10 s'
    WHERE kind = 'redrive_queue'";

/// The redrive as a desk leaves it that drained.
const GIVEN_BACK: &str = "
    UPDATE operator_command SET status = 'running', started_at = now() WHERE kind = 'redrive_queue'";

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_purge_does_not_overtake_a_redrive_whose_desk_was_killed() {
    let desk = Desk::new().await;
    let (redrive, purge) = redrive_and_purge(&desk).await;
    sqlx::query(KILLED_A_MOMENT_AGO).execute(&desk.world.reads).await.expect("a crash");
    let process = desk.process("desk");
    assert_redriven_then_purged(&desk, &redrive, &purge).await;
    assert!(process.stop(), "a clean drain");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_purge_does_not_overtake_a_redrive_that_somebody_stops_just_now() {
    let desk = Desk::new().await;
    let (redrive, purge) = redrive_and_purge(&desk).await;
    sqlx::query(GIVEN_BACK).execute(&desk.world.reads).await.expect("a drain");
    // As the operator's request has the row until it commits; here it changes its mind.
    let mut stopping = desk.world.reads.begin().await.expect("a transaction");
    let lock = "SELECT FROM operator_command WHERE kind = 'redrive_queue' FOR UPDATE";
    sqlx::query(lock).execute(&mut *stopping).await.expect("a lock");
    let process = desk.process("desk");
    let leased = "SELECT count(leased_by) = 2 FROM sqs_queue";
    desk.world.wait_until("it is leased", leased).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(desk.get(&format!("/commands/{purge}")).await["status"], "queued");
    stopping.rollback().await.expect("an end");
    assert_redriven_then_purged(&desk, &redrive, &purge).await;
    assert!(process.stop(), "a clean drain");
}

/// A redrive of 30 messages, and a purge behind it, which no desk has seen.
async fn redrive_and_purge(desk: &Desk) -> (String, String) {
    desk.introduce().await;
    desk.fill((0..30).map(|number| format!("message {number}"))).await;
    (desk.redrive(None).await, desk.purge().await)
}

async fn assert_redriven_then_purged(desk: &Desk, redrive: &str, purge: &str) {
    let purge = desk.ended(purge).await;
    let redrive = desk.ended(redrive).await;
    assert_eq!((&redrive["status"], &redrive["done_count"]), (&json!("done"), &json!(30)));
    assert_eq!((&purge["status"], &purge["done_count"]), (&json!("done"), &json!(0)));
    assert_eq!(desk.sqs.count(&desk.audit).await, 30, "nothing is thrown away");
}

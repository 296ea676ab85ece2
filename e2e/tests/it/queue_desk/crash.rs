//! What a desk leaves that dies in the middle of a command, or gets no answer.

use std::time::Duration;

use serde_json::{Value, json};

use super::Desk;
use super::front::{Front, Turn};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_that_may_have_happened_is_not_done_again() {
    let (desk, front) = Front::desk().await;
    desk.fill((0..5).map(|number| format!("message {number}"))).await;
    let mut first = desk.process("desk");
    let old = desk.present(5).await;
    front.turn("PurgeQueue", Turn::KeepSilent);
    let command = desk.purge().await;
    front.until_asked("PurgeQueue", 1).await;
    let purged = async {
        while desk.sqs.count(&desk.dead()).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), purged).await.expect("an empty queue");
    first.kill();
    // These came after what was asked had been done.
    desk.fill((0..3).map(|number| format!("later {number}"))).await;
    let second = desk.process("desk");
    let command = desk.ended(&command).await;
    assert_eq!(command["status"], "failed", "{command:#}");
    let detail = command["detail"].as_str().expect("a detail");
    assert!(detail.contains("it was not asked again"), "{detail}");
    let new = desk.present(3).await;
    assert!(old.iter().all(|id| !new.contains(id)));
    assert_eq!(desk.sqs.count(&desk.dead()).await, 3);
    assert_eq!(front.asked("PurgeQueue"), 1);
    assert!(second.stop(), "a clean drain");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_without_an_answer_is_done_when_the_queue_is_empty() {
    let (desk, front) = Front::desk().await;
    desk.fill((0..5).map(|number| format!("message {number}"))).await;
    let process = desk.process("desk");
    let ids = desk.present(5).await;
    front.turn("PurgeQueue", Turn::KeepSilent);
    let command = desk.purge().await;
    let command = desk.ended(&command).await;
    assert_eq!((&command["status"], &command["done_count"]), (&json!("done"), &json!(5)));
    assert_eq!(desk.message(&ids[0]).await["status"], "purged");
    assert_eq!(front.asked("PurgeQueue"), 1);
    assert!(process.stop(), "a clean drain");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_is_asked_again_only_when_sqs_says_that_it_did_not_do_it() {
    let (desk, front) = Front::desk().await;
    desk.fill((0..5).map(|number| format!("message {number}"))).await;
    let process = desk.process("desk");
    desk.present(5).await;
    front.say("PurgeQueue", 500, error("InternalError", "who knows"));
    let command = desk.purge().await;
    let command = desk.ended(&command).await;
    assert_eq!(command["status"], "failed", "{command:#}");
    assert_eq!(front.asked("PurgeQueue"), 1);
    desk.present(5).await;
    front.say("PurgeQueue", 403, error("AccessDenied", "not you"));
    let command = desk.purge().await;
    let path = format!("/commands/{command}");
    desk.until("it is refused", &path, |command| says(command, "tries again: purging")).await;
    front.pass_on("PurgeQueue");
    let command = desk.ended(&command).await;
    assert_eq!((&command["status"], &command["done_count"]), (&json!("done"), &json!(5)));
    assert!(process.stop(), "a clean drain");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_task_that_is_not_shown_for_a_while_is_followed_to_its_end() {
    let (desk, front) = Front::desk().await;
    front.say("StartMessageMoveTask", 200, json!({ "TaskHandle": "one" }));
    front.say("ListMessageMoveTasks", 200, json!({ "Results": [] }));
    let process = desk.process("desk");
    desk.world.wait_until("it is leased", "SELECT count(leased_by) = 2 FROM sqs_queue").await;
    let command = desk.redrive(None).await;
    let path = format!("/commands/{command}");
    let troubled = |command: &Value| says(command, "without its message move task");
    desk.until("the task is missed", &path, troubled).await;
    front.say("ListMessageMoveTasks", 400, error("InvalidAddress", "not this one"));
    desk.until("an error is met", &path, |command| says(command, "asking about tasks")).await;
    front.say("ListMessageMoveTasks", 200, task("RUNNING", 2));
    let goes_on = |command: &Value| says(command, "by a message move task");
    let command = desk.until("it goes on", &path, goes_on).await;
    assert_eq!((&command["status"], &command["done_count"]), (&json!("running"), &json!(2)));
    front.say("ListMessageMoveTasks", 200, task("COMPLETED", 5));
    let command = desk.until("its end", &path, |command| command["status"] != "running").await;
    assert_eq!((&command["status"], &command["done_count"]), (&json!("done"), &json!(5)));
    assert_eq!(front.asked("StartMessageMoveTask"), 1);
    assert!(process.stop(), "a clean drain");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_follows_the_task_that_runs_already() {
    let (desk, front) = Front::desk().await;
    // As AWS says it.
    let why = error("InvalidParameterValue", "There is already a task running.");
    front.say("StartMessageMoveTask", 400, why);
    let process = desk.process("desk");
    desk.world.wait_until("it is leased", "SELECT count(leased_by) = 2 FROM sqs_queue").await;
    let command = desk.redrive(None).await;
    let path = format!("/commands/{command}");
    desk.until("it is refused", &path, |command| says(command, "moving messages of")).await;
    // It asks again rather than moving them by hand beside the task.
    front.until_asked("StartMessageMoveTask", 2).await;
    front.say("ListMessageMoveTasks", 200, task("RUNNING", 2));
    let followed = |command: &Value| says(command, "by a message move task");
    desk.until("the task is followed", &path, followed).await;
    front.say("ListMessageMoveTasks", 200, task("COMPLETED", 5));
    let command = desk.ended(&command).await;
    assert_eq!((&command["status"], &command["done_count"]), (&json!("done"), &json!(5)));
    assert!(process.stop(), "a clean drain");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_reaches_the_task_of_a_desk_that_died_before_it_wrote_it_down() {
    let (desk, front) = Front::desk().await;
    desk.introduce().await;
    let command = desk.redrive(None).await;
    sqlx::query(GIVEN_BACK).execute(&desk.world.reads).await.expect("a crash");
    let stopped = "UPDATE operator_command SET stop_requested_at = now()";
    sqlx::query(stopped).execute(&desk.world.reads).await.expect("a stop");
    front.say("ListMessageMoveTasks", 200, task("RUNNING", 2));
    front.say("CancelMessageMoveTask", 200, json!({ "ApproximateNumberOfMessagesMoved": 2 }));
    let process = desk.process("desk");
    front.until_asked("CancelMessageMoveTask", 1).await;
    front.say("ListMessageMoveTasks", 200, task("CANCELLED", 3));
    let command = desk.ended(&command).await;
    assert_eq!((&command["status"], &command["done_count"]), (&json!("stopped"), &json!(3)));
    assert!(process.stop(), "a clean drain");
}

/// The one task of the queue.
fn task(status: &str, moved: u32) -> Value {
    let handle = (status == "RUNNING").then_some("one");
    json!({ "Results": [{
        "TaskHandle": handle, "Status": status,
        "ApproximateNumberOfMessagesMoved": moved, "ApproximateNumberOfMessagesToMove": 5,
    }] })
}

fn error(code: &str, message: &str) -> Value {
    json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": message })
}

fn says(command: &Value, words: &str) -> bool {
    command["detail"].as_str().is_some_and(|detail| detail.contains(words))
}

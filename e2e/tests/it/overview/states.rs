//! The overview of a world with transfers in every state.

use std::time::Duration;

use domain::failure::FailureClass;
use domain::group::{Boundaries, NoFaults};
use domain::operator::OperatorRole;
use domain::retry::RetrySchedule;
use domain::saga::Step;
use domain::switch::Switch;
use serde_json::{Value, json};
use store::lane::LaneRules;
use store::operators::Operator;
use store::switches::{self, Switches};

use super::{Console, Fails, begun, once, stuck};
use crate::support::{World, rules};

/// Three that settle, one rejected, one failed, one stuck, one that waits for a retry, one for a
/// switch, one that nobody has begun. All of 300, but for the rejected one.
async fn every_state(world: &World) {
    let wallets = world.wallets(2, 3_000).await;
    let ends = [wallets[0], wallets[1]];
    let fused = || rules(Boundaries::Fused, NoFaults);
    let settled = begun(world, ends, 300).await;
    world.drive(&fused(), &[settled]).await;
    let rejected = begun(world, ends, 1_000_000).await;
    world.drive(&fused(), &[rejected]).await;
    let failed = begun(world, ends, 300).await;
    let fails = Fails(Step::Screen, FailureClass::Permanent);
    world.drive(&rules(Boundaries::Fused, fails), &[failed]).await;
    stuck(world, ends, 300).await;

    let retrying = begun(world, ends, 300).await;
    let hour = Duration::from_hours(1);
    let schedule = RetrySchedule { backoff_base: hour, backoff_max: hour, attempt_max: 4 };
    let fails = Fails(Step::Screen, FailureClass::Transient);
    let patient = LaneRules { schedule, ..rules(Boundaries::Fused, fails) };
    once(world, retrying, &patient).await;

    let olga = Operator { name: "olga".to_owned(), role: OperatorRole::Operator };
    let pause = Switch::PauseStep(Step::PostEntry);
    switches::set(&world.reads, &olga, pause, true, "a test").await.expect("a turned switch");
    let paused = begun(world, ends, 300).await;
    let switches = Switches::start(&world.url).await.expect("the switches");
    once(world, paused, &LaneRules { switches, ..fused() }).await;

    begun(world, ends, 300).await;
}

const WORKERS: &str = "INSERT INTO apalis.workers (id, worker_type, storage_name, last_seen) VALUES
    ('wallet-saga@a-1-x', 'wallet-saga', 'x', now() + interval '1 h'),
    ('wallet-saga@b-2-x', 'wallet-saga', 'x', now() - interval '9 s')";
const QUEUES: &str = "INSERT INTO sqs_queue
    (name, source_queue, visible_count, in_flight_count, delayed_count, retention_s, sampled_at)
    VALUES ('wallet-audit', NULL, 7, 1, 0, 345600, now()),
    ('wallet-audit-dlq', 'wallet-audit', 2, 0, 0, 1209600, now())";

#[tokio::test(flavor = "multi_thread")]
async fn a_world_with_transfers_in_every_state_is_shown_as_it_is() {
    let console = Console::new().await;
    // Somebody looks before anything happens, so that all of it is counted.
    let empty = console.get("/overview").await;
    assert_eq!(empty["rates"]["last_minute"]["accepted"], 0);
    assert_eq!((&empty["open"], &empty["held"]), (&json!([]), &json!([])));
    assert_eq!((&empty["latency"]["p50_ms"], &empty["switches"]), (&Value::Null, &json!([])));
    console.edit(WORKERS).await;
    console.edit(QUEUES).await;
    every_state(&console.world).await;

    let counted = json!({ "accepted": 9, "settled": 3, "rejected": 1, "failed": 1, "stuck": 1 });
    let row = |step: &str, state: &str| {
        let mut row = json!({ "step": step, "undo": false, "runnable": 0, "retrying": 0,
            "paused": 0, "waiting": 0, "parked": 0 });
        row[state] = json!(1);
        row
    };
    let mut last = row("post_entry", "parked");
    last["paused"] = json!(1);
    let open = json!([row("place_hold", "runnable"), row("screen", "retrying"), last]);
    // Both parts have their own pace.
    let seen = console
        .until("all is counted", "/overview?points=60", |seen| {
            seen["rates"]["last_minute"] == counted && seen["open"] == open
        })
        .await;
    assert_eq!(
        seen["held"],
        json!([{ "currency": "EUR", "held_minor": "900", "transfer_count": 3 }])
    );
    let saga = &seen["queues"]["saga"];
    assert_eq!(
        saga["transfers"],
        json!({ "runnable": 1, "retrying": 1, "paused": 1, "parked": 1 })
    );
    assert!(saga["oldest_due_ms"].as_i64().is_some_and(|age| age >= 0), "{saga:#}");
    let ready = "SELECT count(*) FROM apalis.jobs WHERE run_at <= now() AND status = 'Pending'";
    assert_eq!(saga["jobs"]["ready"], console.world.count(ready).await);
    let outbox = &seen["queues"]["outbox"];
    assert_eq!(outbox["event_count"], console.world.count("SELECT count(*) FROM outbox").await);
    assert_eq!(outbox["event_count"], 2 + 6, "wallets opened, and transfers at an end");
    assert_eq!(seen["sqs"][1]["source_queue"], "wallet-audit");
    assert_eq!(seen["sqs"][0]["visible_count"], 7);
    let dead = &seen["dead_letters"];
    assert_eq!((&dead["count"], &dead["group_count"]), (&json!(1), &json!(1)));
    assert!(dead["oldest_at"].is_string());
    assert_eq!(seen["workers"], json!({ "alive": 1, "dead": 1 }));
    assert_eq!(seen["switches"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&seen["switches"][0]["kind"], &seen["switches"][0]["subject"]),
        (&json!("pause_step"), &json!("post_entry"))
    );
    let latency = &seen["latency"];
    assert_eq!(latency["count"], 3);
    let [p50, p99] = ["p50_ms", "p99_ms"].map(|name| latency[name].as_u64().expect("a time"));
    assert!(p50 <= p99 && p99 < 20_000, "{latency:#}");
    // A point that stands for more than a second is less than what happened in it.
    let sum = |name: &str| -> u64 {
        let points = seen["history"][name].as_array().expect("points");
        assert_eq!(points.len(), 60);
        points.iter().filter_map(Value::as_u64).sum()
    };
    assert!((1..=9).contains(&sum("accepted")), "{:#}", seen["history"]);
    assert_eq!(seen["history"]["parked"][59], 1);
    console.world.assert_ledger_clean().await;
}

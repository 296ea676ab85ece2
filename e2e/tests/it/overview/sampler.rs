//! One sampler for all who look.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Console;

fn samples(seen: &Value) -> u64 {
    seen["sampler"]["sample_count"].as_u64().expect("a count")
}

#[tokio::test(flavor = "multi_thread")]
async fn many_consoles_cost_as_much_as_one() {
    let console = Console::new().await;
    // Nobody has asked yet, so the process is old, and this is its first sample.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let first = console.get("/overview").await;
    let began = Instant::now();
    // Two, if the other part has taken its time.
    assert!((1..=2).contains(&samples(&first)), "{first:#}");
    let enough = samples(&first) + 3;
    let console = &console;
    let ask_on = |_: usize| async move {
        let mut last = 0;
        let mut answers = 0_u64;
        while last < enough {
            let seen = console.get("/overview?points=1").await;
            let count = samples(&seen);
            assert!(count >= last, "samples are counted upwards");
            assert!(seen["age_ms"].as_i64().is_some_and(|age| age < 15_000), "{seen:#}");
            (last, answers) = (count, answers + 1);
            // As many as one token may ask for, and no more.
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        answers
    };
    let answers: Vec<u64> = futures::future::join_all((0..16).map(ask_on)).await;
    // Three intervals, but for what had passed of the first.
    let elapsed = began.elapsed();
    assert!(elapsed > Duration::from_secs(2), "too many samples: {elapsed:?}");
    assert!(answers.iter().sum::<u64>() > 16 * 10, "answered from memory: {answers:?}");

    let seen = console.get("/overview").await;
    let sampler = &seen["sampler"];
    assert_eq!(sampler["statement_count"], 8, "{sampler:#}");
    assert!(sampler["duration_us"].as_u64().is_some_and(|spent| spent > 0), "{sampler:#}");
    let names: Vec<&str> = sampler["parts"]
        .as_array()
        .expect("parts")
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, ["pulse", "open", "check"]);
    let taken = |part: usize| sampler["parts"][part]["sample_count"].as_u64().expect("a count");
    assert!(taken(0) >= 4 && taken(2) == 1, "{sampler:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_has_as_many_points_as_were_asked_for() {
    let console = Console::new().await;
    let seen = console.get("/overview?points=5").await;
    let history = &seen["history"];
    for name in [
        "accepted",
        "settled",
        "rejected",
        "failed",
        "stuck",
        "runnable",
        "retrying",
        "parked",
        "ready_jobs",
        "outbox",
    ] {
        assert_eq!(history[name], json!([null, null, null, null, 0]), "{name}");
    }
    assert_eq!(history["p99_ms"], json!([null, null, null, null, null]), "nothing settled");
    assert_eq!(history["newest_at"], seen["sampled_at"]);
    let by_default = console.get("/overview").await;
    assert_eq!(by_default["history"]["outbox"].as_array().map(Vec::len), Some(120));
    console.get("/overview?points=600").await;
    for points in ["0", "601", "many"] {
        let (status, problem) = console.ask(&format!("/overview?points={points}")).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (400, &json!("points")));
    }
}

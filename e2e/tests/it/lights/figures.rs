//! `/metrics` and `/health` of real processes.

use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};

use crate::lights::Logs;
use crate::support::process::Process;
use crate::support::{World, http_client};

/// Where a process of a test shows its figures.
struct Shown {
    http: Client,
    base: String,
}

impl Shown {
    async fn of(logs: &Logs, name: &str) -> Self {
        let line = logs.until(name, "metrics and health are at ").await;
        let (_, address) = line.rsplit_once(' ').expect("an address");
        Self { http: http_client(), base: format!("http://{}", address.trim()) }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await;
        let answer = answer.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }

    /// The figures, once one of their lines begins so.
    async fn until(&self, start: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let (status, text) = self.get("/metrics").await;
            assert_eq!(status, 200);
            if text.lines().any(|line| line.starts_with(start)) {
                return text;
            }
            assert!(Instant::now() < deadline, "no figure {start}: {text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The value of a line.
fn value(text: &str, start: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(start));
    let number = line.and_then(|line| line.rsplit_once(' ')).map(|(_, number)| number);
    number.unwrap_or_else(|| panic!("no {start}: {text}")).parse().expect("a number")
}

const FREE: (&str, &str) = ("HOLDFAST_METRICS_ADDR", "127.0.0.1:0");

#[tokio::test(flavor = "multi_thread")]
async fn every_process_shows_its_figures_and_one_of_them_those_of_the_database() {
    let (world, logs) = (World::new().await, Logs::new());
    // The ledger is checked once a minute, so there must be money the first time.
    world.wallets(1, 1).await;
    let jobs = Process::logged("jobs", &world.url, &[FREE], &logs.file("jobs"));
    let api = Process::logged("api", &world.url, &[FREE], &logs.file("api"));
    logs.until("jobs", "started as").await;
    let [jobs_shown, api_shown] = [Shown::of(&logs, "jobs").await, Shown::of(&logs, "api").await];
    // The workers are looked at first, so they read for all.
    jobs_shown.until("holdfast_workers_alive{queue=\"wallet-saga\"} 1").await;
    assert_eq!(settled_by_http(&world, &api).await, "settled");

    let text = jobs_shown.until("holdfast_transfers_ended_total{kind=\"transfer\"").await;
    let ok = |step| {
        format!("holdfast_saga_steps_total{{step=\"{step}\",direction=\"do\",outcome=\"ok\"}}")
    };
    for step in ["place_hold", "screen", "post_entry"] {
        assert!(value(&text, &ok(step)) >= 1.0);
    }
    for figure in [
        "holdfast_jobs_handled_total{queue=\"wallet-saga\"}",
        "holdfast_saga_group_duration_seconds_count",
        "holdfast_transfer_duration_seconds_bucket{le=\"+Inf\",status=\"settled\"}",
        "holdfast_db_pool_connections_max{pool=\"queue\"}",
        "holdfast_workers_alive{queue=\"wallet-saga\"}",
        "process_resident_memory_bytes",
    ] {
        assert!(value(&text, figure) >= 1.0, "{figure}");
    }
    for figure in [
        "holdfast_ledger_drift_minor{currency=\"EUR\"}",
        "holdfast_ledger_rules_broken",
        "holdfast_open_transfers{state=\"parked\"}",
        "holdfast_outbox_oldest_age_seconds",
    ] {
        assert!(value(&text, figure) >= 0.0, "{figure}");
    }

    let requests = "holdfast_http_requests_total{method=\"POST\",route=\"/v1/transfers\"";
    let text = api_shown.until(requests).await;
    assert!(value(&text, requests) >= 1.0);
    assert!(value(&text, "holdfast_intake_commands_total{outcome=\"accepted\"}") >= 1.0);
    // The same at the address of operators; the figures of the database are elsewhere.
    let admin = api.admin.as_deref().expect("an API");
    let text = http_client().get(format!("http://{admin}/metrics")).send().await;
    let text = text.expect("an answer").text().await.expect("a text");
    assert!(text.contains(requests) && !text.contains("\nholdfast_outbox_rows{"), "{text}");
    assert!(text.ends_with("# EOF\n"));
    assert!(jobs.stop() && api.stop());
}

/// One transfer over HTTP; returns its status.
async fn settled_by_http(world: &World, api: &Process) -> String {
    let wallets = world.wallets(2, 1_000).await;
    let address = api.address.as_deref().expect("an API");
    let body = json!({
        "source_wallet_id": wallets[0], "destination_wallet_id": wallets[1],
        "amount_minor": 1, "currency": "EUR",
    });
    let request = http_client().post(format!("http://{address}/v1/transfers")).json(&body);
    let request = request.header("Idempotency-Key", "figures").header("Prefer", "wait=5");
    let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    answer["status"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_are_ready_once_they_have_begun_and_end_within_their_time() {
    let (world, logs) = (World::new().await, Logs::new());
    let jobs = Process::logged("jobs", &world.url, &[FREE], &logs.file("jobs"));
    let shown = Shown::of(&logs, "jobs").await;
    assert_eq!(shown.get("/health/live").await.0, 200);
    logs.until("jobs", "started as").await;
    assert_eq!(shown.get("/health/started").await.0, 200);
    assert_eq!(shown.get("/health/ready").await, (200, r#"{"status":"ready"}"#.to_owned()));
    let began = Instant::now();
    assert!(jobs.stop());
    assert!(began.elapsed() < Duration::from_secs(20), "a drain of {:?}", began.elapsed());
    assert!(logs.text("jobs").contains("draining"));
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_are_not_ready_while_they_look_for_their_queues() {
    let (world, logs) = (World::new().await, Logs::new());
    // A port on which nobody listens.
    let variables = [FREE, ("SQS_ENDPOINT_URL", "http://127.0.0.1:1")];
    let _jobs = Process::logged("jobs", &world.url, &variables, &logs.file("jobs"));
    let shown = Shown::of(&logs, "jobs").await;
    logs.until("jobs", "started as").await;
    let (status, body) = shown.get("/health/ready").await;
    assert_eq!(status, 503);
    assert!(body.contains("SQS does not answer"), "{body}");
    // It lives, and it has started: nobody is to restart it for that.
    assert_eq!(
        (shown.get("/health/live").await.0, shown.get("/health/started").await.0),
        (200, 200)
    );
}

//! What processes say about themselves: log lines, traces, figures and health.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use embedded::sqs::Endpoint;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::process::Process;
use crate::support::{World, http_client};

mod collector;
mod figures;
mod named;
mod schema;
mod tree;

use collector::Collector;

/// Where a test keeps the log lines of its processes, until it ends.
struct Logs(PathBuf);

impl Logs {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("holdfast-lights-{}", Uuid::now_v7()));
        fs::create_dir(&folder).expect("a folder");
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).expect("log lines")
    }

    /// The lines of a process that writes JSON, each as it is.
    fn lines(&self, name: &str) -> Vec<Value> {
        let text = self.text(name);
        // The last one may not be whole yet.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let lines = whole.lines().map(|line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        });
        lines.collect()
    }

    /// Waits until a line of a process holds this text, and returns that line.
    async fn until(&self, name: &str, part: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(line) = self.text(name).lines().find(|line| line.contains(part)) {
                return line.to_owned();
            }
            assert!(Instant::now() < deadline, "no line with {part}: {}", self.text(name));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// The trace that the client of these tests is in.
const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The system as one trace sees it: an API, workers that run sagas and send events, consumers.
struct Traced {
    world: World,
    collector: Collector,
    logs: Logs,
    api: Process,
    _others: [Process; 2],
    _queues: Endpoint,
}

impl Traced {
    async fn start() -> Self {
        let (world, collector, logs) = (World::new().await, Collector::start().await, Logs::new());
        let queues = Endpoint::start(None).await.expect("queues");
        let sqs = queues.url();
        let shared = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
            ("SQS_ENDPOINT_URL", sqs.as_str()),
            ("HOLDFAST_CREATE_QUEUES", "true"),
            ("HOLDFAST_LOG_FORMAT", "json"),
            ("HOLDFAST_LOG", "info,jobs=debug"),
        ];
        let start = |role: &str, name: &str, roles: &str| {
            let mut variables = shared.to_vec();
            variables.extend([("HOLDFAST_ROLES", roles), ("OTEL_SERVICE_NAME", name)]);
            Process::logged(role, &world.url, &variables, &logs.file(name))
        };
        // One after the other, because both would create the queues.
        let workers = start("jobs", "holdfast-jobs", "sagas,relay");
        logs.until("holdfast-jobs", "started as").await;
        let consumers = start("jobs", "holdfast-consumers", "audit,metrics");
        let api = start("api", "holdfast-api", "");
        Self { world, collector, logs, api, _others: [workers, consumers], _queues: queues }
    }

    /// One transfer in the client's trace, under this correlation id. Returns its id.
    async fn transfer(&self, correlation_id: &str) -> String {
        let wallets = self.world.wallets(2, 1_000).await;
        let address = self.api.address.as_deref().expect("an API");
        let body = json!({
            "source_wallet_id": wallets[0], "destination_wallet_id": wallets[1],
            "amount_minor": 250, "currency": "EUR",
        });
        let request = http_client()
            .post(format!("http://{address}/v1/transfers"))
            .header("Idempotency-Key", correlation_id)
            .header("X-Correlation-Id", correlation_id)
            .header("Traceparent", format!("00-{TRACE_ID}-00f067aa0ba902b7-01"))
            .header("Prefer", "wait=5")
            .json(&body);
        let answer = request.send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["status"], "settled", "{answer}");
        answer["id"].as_str().expect("an id").to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_and_one_correlation_id_lead_from_the_request_to_the_consumers() {
    let system = Traced::start().await;
    let id = system.transfer("order-4711").await;

    // Request, job, lock, three steps, commit, two sends, two consumers.
    let spans = system.collector.until(TRACE_ID, 11).await;
    let drawn = tree::draw(&spans);
    tree::compare_with_the_docs(&drawn);
    for span in spans.iter().filter(|span| span.name == "job wallet-saga") {
        assert_eq!(span.attributes["transfer.id"], id);
        assert_eq!(span.attributes["transfer.status"], "settled");
    }

    for (process, message) in [
        ("holdfast-api", "POST /v1/transfers was answered with 200".to_owned()),
        ("holdfast-jobs", format!("transfer {id}: do place_hold, try 1: ok")),
        ("holdfast-jobs", format!("transfer {id}: do post_entry, try 1: ok")),
        ("holdfast-consumers", "consumer audit has committed message".to_owned()),
        ("holdfast-consumers", "consumer metrics has committed message".to_owned()),
    ] {
        let found = |line: &&Value| {
            let text = line["message"].as_str().unwrap_or_default();
            text.starts_with(&message) && line["correlation_id"] == "order-4711"
        };
        let lines = system.logs.lines(process);
        let line = lines.iter().find(found).unwrap_or_else(|| panic!("{process}: {message}"));
        assert_eq!(line["trace_id"], TRACE_ID, "{line}");
    }
    system.world.assert_ledger_clean().await;
}

//! A collector of traces: the OTLP endpoint that processes are told to send their spans to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::http;

/// A span as it was sent.
#[derive(Debug, Clone)]
pub struct Span {
    pub trace_id: String,
    pub id: String,
    /// Empty for the first of a trace.
    pub parent: String,
    pub name: String,
    /// Name of the process.
    pub service: String,
    /// Nanoseconds since 1970.
    pub begin: u64,
    pub end: u64,
    pub attributes: BTreeMap<String, String>,
    /// Whether it says that it failed.
    pub failed: bool,
}

/// Takes spans until it is dropped.
pub struct Collector {
    url: String,
    spans: Arc<Mutex<Vec<Span>>>,
    serving: JoinHandle<()>,
}

impl Collector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let spans = Arc::<Mutex<Vec<Span>>>::default();
        let taken = spans.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, taken.clone()));
            }
        });
        Self { url, spans, serving }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// All spans of a trace, once there are so many.
    pub async fn until(&self, trace_id: &str, count: usize) -> Vec<Span> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let spans: Vec<Span> =
                self.all().into_iter().filter(|s| s.trace_id == trace_id).collect();
            if spans.len() >= count {
                return spans;
            }
            assert!(Instant::now() < deadline, "only these spans came: {spans:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn all(&self) -> Vec<Span> {
        self.spans.lock().expect("spans").clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Answers the requests of one connection.
async fn serve(stream: TcpStream, spans: Arc<Mutex<Vec<Span>>>) {
    let mut stream = BufReader::new(stream);
    while let Some((head, body)) = http::request(&mut stream).await {
        assert!(head.starts_with("POST /v1/traces "), "{head}");
        let body: Value = serde_json::from_slice(&body).expect("OTLP as JSON");
        spans.lock().expect("spans").extend(read(&body));
        let answer =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn read(body: &Value) -> Vec<Span> {
    let mut spans = Vec::new();
    for resource in list(&body["resourceSpans"]) {
        let service = attributes(&resource["resource"]["attributes"]);
        let service = service.get("service.name").cloned().unwrap_or_default();
        for scope in list(&resource["scopeSpans"]) {
            spans.extend(list(&scope["spans"]).map(|span| Span {
                trace_id: text(&span["traceId"]),
                id: text(&span["spanId"]),
                parent: text(&span["parentSpanId"]),
                name: text(&span["name"]),
                service: service.clone(),
                begin: text(&span["startTimeUnixNano"]).parse().expect("a time"),
                end: text(&span["endTimeUnixNano"]).parse().expect("a time"),
                attributes: attributes(&span["attributes"]),
                failed: span["status"]["code"] == 2,
            }));
        }
    }
    spans
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn attributes(value: &Value) -> BTreeMap<String, String> {
    let pair = |one: &Value| {
        let value = one["value"].as_object().and_then(|value| value.values().next());
        let value = value.cloned().unwrap_or_default();
        let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        (text(&one["key"]), value)
    };
    list(value).map(pair).collect()
}

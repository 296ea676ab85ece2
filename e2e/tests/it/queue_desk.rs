//! The desk of the queues: what operators see of the dead-letter queues, and what they
//! have done to them.
//!
//! The scenarios take any endpoint, so that `conformance` runs them elsewhere, too.

use std::time::Duration;

use domain::operator::OperatorRole;
use embedded::sqs::Endpoint;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::World;
use crate::support::admin::Admin;
use crate::support::process::Process;
use crate::support::sqs::{Sqs, dead_letters_of};

mod conformance;
mod crash;
mod front;
mod incidents;
mod index;
mod redrive;

/// A world with an endpoint, both queues under names of their own, and an operator API.
struct Desk {
    world: World,
    sqs: Sqs,
    endpoint_url: String,
    audit: String,
    metrics: String,
    api: Admin,
    /// It ends when this is dropped.
    #[expect(dead_code, reason = "kept to the end")]
    endpoint: Option<Endpoint>,
}

impl Desk {
    /// With the endpoint within this process.
    async fn new() -> Self {
        let endpoint = Endpoint::start(None).await.expect("an endpoint");
        Self::at(endpoint.url(), Some(endpoint), "", 2).await
    }

    /// Queues whose names end in `suffix`; SQS takes a message from them after so many receives.
    async fn at(
        url: String,
        endpoint: Option<Endpoint>,
        suffix: &str,
        receive_count_max: u32,
    ) -> Self {
        let world = World::new().await;
        let sqs = Sqs::at(url.clone());
        let run = Uuid::new_v4().simple().to_string();
        let (audit, metrics) = (format!("audit-{run}{suffix}"), format!("metrics-{run}{suffix}"));
        for queue in [&audit, &metrics] {
            sqs.create_pair(queue, 20, receive_count_max).await;
        }
        let api = Admin::start(&world, "olga", OperatorRole::Operator).await;
        Self { world, sqs, endpoint_url: url, audit, metrics, api, endpoint }
    }

    /// The dead-letter queue of the audit.
    fn dead(&self) -> String {
        dead_letters_of(&self.audit)
    }

    /// A process with these roles.
    fn process(&self, roles: &str) -> Process {
        let variables = [
            ("SQS_ENDPOINT_URL", self.endpoint_url.as_str()),
            ("HOLDFAST_QUEUE_AUDIT_URL", self.audit.as_str()),
            ("HOLDFAST_QUEUE_METRICS_URL", self.metrics.as_str()),
            ("HOLDFAST_ROLES", roles),
        ];
        Process::jobs(&self.world.url, &variables)
    }

    /// Makes the queues known, by a desk that comes and goes.
    async fn introduce(&self) {
        let process = self.process("desk");
        self.world.wait_until("it is leased", "SELECT count(leased_by) = 2 FROM sqs_queue").await;
        assert!(process.stop(), "a clean drain");
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        self.api.ask(method, path, body).await
    }

    async fn get(&self, path: &str) -> Value {
        self.api.get(path).await
    }

    /// Asks for a command; gives its id.
    async fn command(&self, path: &str, body: &Value) -> String {
        let (status, command) = self.ask(Method::POST, path, body).await;
        assert_eq!(status, 202, "{path}: {command}");
        command["id"].as_str().expect("an id").to_owned()
    }

    async fn redrive(&self, message_ids: Option<&[String]>) -> String {
        let mut body = json!({ "queue": self.dead(), "reason": "mended" });
        if let Some(ids) = message_ids {
            body["message_ids"] = json!(ids);
        }
        self.command("/sqs/redrive", &body).await
    }

    async fn purge(&self) -> String {
        let body = json!({ "queue": self.dead(), "reason": "a test's rubbish" });
        self.command("/sqs/purge", &body).await
    }

    async fn until(&self, what: &str, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.api.until(what, path, wanted).await
    }

    /// The command at its end.
    async fn ended(&self, id: &str) -> Value {
        let path = format!("/commands/{id}");
        let open =
            |command: &Value| matches!(command["status"].as_str(), Some("queued" | "running"));
        self.until("the command is at its end", &path, |command| !open(command)).await
    }

    /// The dead messages once there are so many present: their ids, newest first.
    async fn present(&self, count: usize) -> Vec<String> {
        let path = format!("/sqs/dead-messages?status=present&limit=200&queue={}", self.dead());
        let wanted = |page: &Value| page["items"].as_array().is_some_and(|all| all.len() == count);
        let page = self.until(&format!("{count} are indexed"), &path, wanted).await;
        let items = page["items"].as_array().expect("items").iter();
        items.map(|one| one["message_id"].as_str().expect("an id").to_owned()).collect()
    }

    async fn message(&self, id: &str) -> Value {
        self.get(&format!("/sqs/dead-messages/{id}")).await
    }

    /// Puts messages straight into the dead-letter queue of the audit.
    async fn fill(&self, bodies: impl IntoIterator<Item = String>) {
        let url = self.sqs.url(&self.dead()).await;
        let bodies: Vec<String> = bodies.into_iter().collect();
        for bodies in bodies.chunks(10) {
            let attributes = json!({
                "reason": { "DataType": "String", "StringValue": "a test's own" },
                "kept": { "DataType": "Number", "StringValue": "7" },
            });
            let entry = |(at, body): (usize, &String)| json!({ "Id": at.to_string(), "MessageBody": body, "MessageAttributes": attributes });
            let entries: Vec<Value> = bodies.iter().enumerate().map(entry).collect();
            let asked = json!({ "QueueUrl": url, "Entries": entries });
            self.sqs.call("SendMessageBatch", &asked).await;
        }
    }

    /// Waits until the queues have been counted `count` times more.
    async fn wait_for_samples(&self, count: usize) {
        let sampled = async || self.get("/sqs/queues").await[0]["sampled_at"].clone();
        for _ in 0..count {
            let before = sampled().await;
            while sampled().await == before {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// What operators did, oldest first, as `action status`.
    async fn acts(&self) -> Vec<String> {
        let page = self.get("/audit").await;
        let act = |entry: &Value| {
            let action = entry["action"].as_str().expect("an action").to_owned();
            assert_eq!(entry["actor"], "olga");
            action
        };
        page["items"].as_array().expect("items").iter().rev().map(act).collect()
    }

    async fn assert_audit_holds(&self) {
        let checked = store::operator_audit::verify(&self.world.reads).await.expect("a check");
        assert_eq!(checked.broken, None);
    }
}

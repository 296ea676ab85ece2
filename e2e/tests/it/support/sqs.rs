//! The queues as an outsider sees them: AWS JSON 1.0 over HTTP, without the SDK, which
//! only `jobs` may use.

use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};

use super::http_client;

/// Name of the dead-letter queue that belongs to a queue.
pub fn dead_letters_of(queue: &str) -> String {
    match queue.strip_suffix(".fifo") {
        Some(stem) => format!("{stem}-dlq.fifo"),
        None => format!("{queue}-dlq"),
    }
}

/// A client of an SQS endpoint that checks no signatures.
pub struct Sqs {
    http: Client,
    endpoint: String,
}

impl Sqs {
    pub fn at(endpoint: String) -> Self {
        Self { http: http_client(), endpoint }
    }

    /// Creates a queue `name` and its dead-letter queue `name-dlq`; of a `name.fifo`, `name-dlq.fifo`.
    pub async fn create_pair(&self, name: &str, visibility_s: u32, receive_count_max: u32) {
        let dead = dead_letters_of(name);
        let fifo = if name.strip_suffix(".fifo").is_some() {
            json!({ "FifoQueue": "true" })
        } else {
            json!({})
        };
        let asked = json!({ "QueueName": dead, "Attributes": fifo });
        let dead_url = self.call("CreateQueue", &asked).await;
        let asked = json!({ "QueueUrl": dead_url["QueueUrl"], "AttributeNames": ["QueueArn"] });
        let arn = self.call("GetQueueAttributes", &asked).await["Attributes"]["QueueArn"].clone();
        let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": receive_count_max });
        let mut attributes = fifo;
        attributes["VisibilityTimeout"] = json!(visibility_s.to_string());
        attributes["RedrivePolicy"] = json!(policy.to_string());
        self.call("CreateQueue", &json!({ "QueueName": name, "Attributes": attributes })).await;
    }

    pub async fn send(&self, queue: &str, body: &str) {
        let url = self.url(queue).await;
        self.call("SendMessage", &json!({ "QueueUrl": url, "MessageBody": body })).await;
    }

    /// Receives one message, once there is one, and deletes it: (body, attributes).
    pub async fn take(&self, queue: &str) -> (String, Value) {
        let url = self.url(queue).await;
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let asked = json!({
                "QueueUrl": url, "MaxNumberOfMessages": 1, "MessageAttributeNames": ["All"],
            });
            let answer = self.call("ReceiveMessage", &asked).await;
            if let Some(message) = answer["Messages"].get(0) {
                let done = json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] });
                self.call("DeleteMessage", &done).await;
                let body = message["Body"].as_str().expect("a body").to_owned();
                return (body, message["MessageAttributes"].clone());
            }
            assert!(Instant::now() < deadline, "no message comes to {queue}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Messages in the queue, those in somebody's hands too.
    pub async fn count(&self, queue: &str) -> u64 {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let asked = json!({ "QueueUrl": self.url(queue).await, "AttributeNames": names });
        let answer = self.call("GetQueueAttributes", &asked).await;
        let number = |name| answer["Attributes"][name].as_str().and_then(|text| text.parse().ok());
        names.map(|name| number(name).unwrap_or(0_u64)).iter().sum()
    }

    pub async fn url(&self, queue: &str) -> String {
        let answer = self.call("GetQueueUrl", &json!({ "QueueName": queue })).await;
        answer["QueueUrl"].as_str().expect("a queue").to_owned()
    }

    pub async fn call(&self, action: &str, body: &Value) -> Value {
        let request = self.http.post(&self.endpoint).body(body.to_string());
        let request = request.header("Content-Type", "application/x-amz-json-1.0");
        let sent = request.header("X-Amz-Target", format!("AmazonSQS.{action}")).send().await;
        let answer = sent.expect("an answer of the endpoint");
        let status = answer.status();
        let text = answer.text().await.expect("the whole answer");
        assert!(status.is_success(), "{action}: {status}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }
}

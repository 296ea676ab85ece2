//! The queues as an outsider sees them: AWS JSON 1.0 over plain HTTP, which the endpoint brought along takes unsigned.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use domain::ids::EventId;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::client::{ClientError, http};

/// The queues of the two subscribers. Each has its dead-letter queue, see [`dead_letters_of`].
pub(crate) const QUEUES: [&str; 2] = ["wallet-audit", "wallet-metrics"];

/// The dead-letter queue of a queue.
pub(crate) fn dead_letters_of(queue: &str) -> String {
    format!("{queue}-dlq")
}

/// An endpoint on this machine answers at once, or it is away.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Messages of one receive.
const BATCH: u32 = 10;
/// How long a look into a queue may take. Messages in somebody else's hands are waited for.
const LOOK_MAX: Duration = Duration::from_secs(30);
/// Pause while they are.
const LOOK_PAUSE: Duration = Duration::from_millis(250);
/// Seconds for which messages that were looked at are hidden, so that none is counted twice.
const LOOK_S: u32 = 600;

/// The endpoint did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum QueuesError {
    /// No answer, or one that cannot be read.
    #[error("the SQS endpoint gave no answer")]
    NoAnswer(#[source] reqwest::Error),
    /// The endpoint said no, or something else than it must.
    #[error("the SQS endpoint said no: {0}")]
    Refused(String),
}

/// A client of the endpoint.
#[derive(Clone)]
pub(crate) struct Queues {
    http: reqwest::Client,
    endpoint: String,
}

/// What is in a dead-letter queue.
#[derive(Debug, Default)]
pub(crate) struct DeadLetters {
    /// Messages that a consumer could not read, with the reason as attribute.
    pub(crate) unreadable: u64,
    /// Messages that were received too often.
    pub(crate) failed: u64,
    /// Events in the readable ones.
    pub(crate) events: HashSet<EventId>,
}

/// What an envelope is looked at for.
#[derive(Deserialize)]
struct Envelope {
    event_id: EventId,
}

impl Queues {
    /// The queues at this endpoint.
    pub(crate) fn at(endpoint: &str) -> Result<Self, ClientError> {
        Ok(Self { http: http(ANSWER_MAX)?, endpoint: endpoint.to_owned() })
    }

    /// Sends one message.
    pub(crate) async fn send(&self, queue: &str, body: &str) -> Result<(), QueuesError> {
        let request = json!({ "QueueUrl": self.url(queue).await?, "MessageBody": body });
        self.call("SendMessage", &request).await.map(|_| ())
    }

    /// Messages in a queue, those in somebody's hands too.
    pub(crate) async fn count(&self, queue: &str) -> Result<u64, QueuesError> {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let request = json!({ "QueueUrl": self.url(queue).await?, "AttributeNames": names });
        let answer = self.call("GetQueueAttributes", &request).await?;
        let number = |name| answer["Attributes"][name].as_str().and_then(|text| text.parse().ok());
        Ok(names.map(|name| number(name).unwrap_or(0_u64)).iter().sum())
    }

    /// Looks at every message of a queue's dead-letter queue. They stay there, but nobody else sees them for a while.
    pub(crate) async fn dead_letters(&self, queue: &str) -> Result<DeadLetters, QueuesError> {
        let queue = dead_letters_of(queue);
        let url = self.url(&queue).await?;
        let request = json!({
            "QueueUrl": url, "MaxNumberOfMessages": BATCH, "WaitTimeSeconds": 0,
            "VisibilityTimeout": LOOK_S, "MessageAttributeNames": ["All"],
        });
        let (began, mut found) = (Instant::now(), DeadLetters::default());
        while began.elapsed() < LOOK_MAX {
            let answer = self.call("ReceiveMessage", &request).await?;
            match answer["Messages"].as_array().filter(|all| !all.is_empty()) {
                Some(messages) => {
                    for message in messages {
                        found.add(message);
                    }
                }
                None if found.unreadable + found.failed >= self.count(&queue).await? => break,
                None => sleep(LOOK_PAUSE).await,
            }
        }
        Ok(found)
    }

    async fn url(&self, queue: &str) -> Result<String, QueuesError> {
        let answer = self.call("GetQueueUrl", &json!({ "QueueName": queue })).await?;
        let url = answer["QueueUrl"].as_str().map(str::to_owned);
        url.ok_or_else(|| QueuesError::Refused(format!("{queue} has no address")))
    }

    async fn call(&self, action: &str, body: &Value) -> Result<Value, QueuesError> {
        let request = self.http.post(&self.endpoint).body(body.to_string());
        let request = request.header("Content-Type", "application/x-amz-json-1.0");
        let sent = request.header("X-Amz-Target", format!("AmazonSQS.{action}")).send().await;
        let answer = sent.map_err(QueuesError::NoAnswer)?;
        let status = answer.status();
        let text = answer.text().await.map_err(QueuesError::NoAnswer)?;
        if !status.is_success() {
            return Err(QueuesError::Refused(format!("{action}: {status}: {text}")));
        }
        // An action without an answer has an empty body.
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }
}

impl DeadLetters {
    fn add(&mut self, message: &Value) {
        if message["MessageAttributes"]["reason"].is_object() {
            self.unreadable += 1;
            return;
        }
        self.failed += 1;
        let body = message["Body"].as_str().unwrap_or_default();
        let envelopes: Vec<Envelope> = serde_json::from_str(body).unwrap_or_default();
        self.events.extend(envelopes.iter().map(|envelope| envelope.event_id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_is_unreadable_by_its_reason_and_else_counts_its_events() {
        let id = "019aa4c1-7a2e-7000-8000-000000000001";
        let mut found = DeadLetters::default();
        found.add(&json!({ "Body": format!(r#"[{{"event_id":"{id}","type":"x"}}]"#) }));
        found.add(&json!({
            "Body": "no JSON", "MessageAttributes": { "reason": { "StringValue": "it is none" } },
        }));
        assert_eq!((found.unreadable, found.failed), (1, 1));
        assert_eq!(found.events, HashSet::from([id.parse().unwrap()]));
    }
}

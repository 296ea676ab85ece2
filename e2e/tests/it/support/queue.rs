//! Reads the queues of an embedded endpoint as a subscriber would.

use std::collections::{BTreeMap, BTreeSet};

use embedded::sqs::Endpoint;
use serde_json::{Value, json};

use super::sqs::Sqs;

/// The queues that every event goes to.
pub const QUEUES: [&str; 2] = ["wallet-audit", "wallet-metrics"];

/// A subscriber of one queue that remembers all it has read.
pub struct Reader {
    sqs: Sqs,
    queue: &'static str,
    /// The envelopes, in the order of arrival, with those that came twice.
    pub envelopes: Vec<Value>,
    /// Message attributes, one map a message.
    pub attributes: Vec<Value>,
}

impl Reader {
    /// One for each queue.
    pub fn both(endpoint: &Endpoint) -> [Self; 2] {
        QUEUES.map(|queue| Self::of(endpoint, queue))
    }

    /// One for this queue.
    pub fn of(endpoint: &Endpoint, queue: &'static str) -> Self {
        let (envelopes, attributes) = (Vec::new(), Vec::new());
        Self { sqs: Sqs::at(endpoint.url()), queue, envelopes, attributes }
    }

    /// Reads and deletes until nothing more comes.
    pub async fn drain(&mut self) {
        let url = self.sqs.url(self.queue).await;
        loop {
            let request = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10,
                "WaitTimeSeconds": 0, "MessageAttributeNames": ["All"] });
            let answer = self.sqs.call("ReceiveMessage", &request).await;
            let Some(messages) = answer["Messages"].as_array().filter(|all| !all.is_empty()) else {
                return;
            };
            let mut entries = Vec::new();
            for (at, message) in messages.iter().enumerate() {
                let body = message["Body"].as_str().expect("a body");
                let envelopes: Vec<Value> = serde_json::from_str(body).expect("an array");
                self.envelopes.extend(envelopes);
                self.attributes.push(message["MessageAttributes"].clone());
                entries.push(
                    json!({ "Id": at.to_string(), "ReceiptHandle": message["ReceiptHandle"] }),
                );
            }
            let request = json!({ "QueueUrl": url, "Entries": entries });
            self.sqs.call("DeleteMessageBatch", &request).await;
        }
    }

    /// Ids of all events read, each once.
    pub fn ids(&self) -> BTreeSet<String> {
        let id = |envelope: &Value| envelope["event_id"].as_str().expect("an id").to_owned();
        self.envelopes.iter().map(id).collect()
    }

    /// Each wallet's events can be put in order, and none is missing: after dropping
    /// duplicates, their numbers are 1, 2, 3 and so on.
    pub fn assert_wallets_complete(&self) {
        let mut numbers: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
        for envelope in &self.envelopes {
            for (wallet, number) in envelope["wallet_seqs"].as_object().expect("numbers") {
                numbers.entry(wallet).or_default().insert(number.as_i64().expect("a number"));
            }
        }
        for (wallet, numbers) in numbers {
            let count = i64::try_from(numbers.len()).expect("a count");
            let gapless = numbers.iter().copied().eq(1..=count);
            assert!(gapless, "{}: wallet {wallet} has a hole in {numbers:?}", self.queue);
        }
    }
}

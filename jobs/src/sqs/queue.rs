//! One queue: send, receive, delete.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::receive_message::builders::ReceiveMessageFluentBuilder;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName,
    QueueAttributeName, SendMessageBatchRequestEntry,
};
use chrono::DateTime;

use super::connect::failed;
use super::{BATCH_MAX, FIFO, Outgoing, Received, SqsError};

/// One queue with its dead-letter queue; clones are the same queue.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    name: String,
    url: String,
    /// None for the queue of a replay, and for a dead-letter queue itself.
    dead_letter_url: Option<String>,
}

/// The answer to a request that SQS does not give in this time is not waited for.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Why an answer did not come.
#[derive(Debug, thiserror::Error)]
#[error("no answer in time")]
struct NoAnswer;

impl Queue {
    pub(super) fn new(
        client: Client,
        name: &str,
        url: &str,
        dead_letter_url: Option<String>,
    ) -> Self {
        let (name, url) = (name.to_owned(), url.to_owned());
        Self { inner: Arc::new(Inner { client, name, url, dead_letter_url }) }
    }

    pub(super) fn client(&self) -> &Client {
        &self.inner.client
    }

    pub(super) fn url(&self) -> &str {
        &self.inner.url
    }

    /// Its dead-letter queue, as a queue of its own.
    pub(crate) fn dead_letters(&self) -> Option<Self> {
        let url = self.inner.dead_letter_url.as_deref()?;
        let name = url.rsplit('/').next().unwrap_or(url);
        Some(Self::new(self.inner.client.clone(), name, url, None))
    }

    /// The last part of its address.
    pub(crate) fn name(&self) -> &str {
        &self.inner.name
    }

    /// Whether it keeps the order within a group.
    pub(crate) fn is_fifo(&self) -> bool {
        self.inner.url.ends_with(FIFO)
    }

    /// Sends up to [`BATCH_MAX`] messages in one request; says for each whether the
    /// queue has it.
    pub(crate) async fn send(&self, entries: &[Outgoing]) -> Result<Vec<bool>, SqsError> {
        let entries = entries.iter().enumerate().map(|(at, entry)| self.entry(at, entry));
        self.send_entries(entries.collect::<Result<_, _>>()?).await
    }

    /// The same for entries whose ids are their places.
    pub(super) async fn send_entries(
        &self,
        entries: Vec<SendMessageBatchRequestEntry>,
    ) -> Result<Vec<bool>, SqsError> {
        let mut accepted = vec![false; entries.len()];
        let request = self.inner.client.send_message_batch().queue_url(&self.inner.url);
        let request = request.set_entries(Some(entries));
        let answer = self.answer("sending to", request.send(), ANSWER_MAX).await?;
        for refused in answer.failed() {
            tracing::warn!(
                queue.name = self.name(),
                "queue {} refused a message: {} ({})",
                self.name(),
                refused.code(),
                refused.message().unwrap_or("no reason given"),
            );
        }
        for taken in answer.successful() {
            if let Some(one) = taken.id().parse().ok().and_then(|at: usize| accepted.get_mut(at)) {
                *one = true;
            }
        }
        Ok(accepted)
    }

    fn entry(&self, at: usize, entry: &Outgoing) -> Result<SendMessageBatchRequestEntry, SqsError> {
        let mut request =
            SendMessageBatchRequestEntry::builder().id(at.to_string()).message_body(&entry.body);
        for (name, value) in &entry.attributes {
            request = request.message_attributes(*name, self.text(value)?);
        }
        if self.is_fifo() {
            request = request.message_group_id(&entry.group).message_deduplication_id(&entry.dedup);
        }
        request.build().map_err(|error| failed("sending to", self.name(), error))
    }

    pub(super) fn text(&self, value: &str) -> Result<MessageAttributeValue, SqsError> {
        let built = MessageAttributeValue::builder().data_type("String").string_value(value);
        built.build().map_err(|error| failed("sending to", self.name(), error))
    }

    /// Up to 10 messages, as soon as there is one, or none after `wait` (at most 20 s).
    pub(crate) async fn receive(&self, wait: Duration) -> Result<Vec<Received>, SqsError> {
        let mut request = self
            .client()
            .receive_message()
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        if self.is_fifo() {
            request =
                request.message_system_attribute_names(MessageSystemAttributeName::MessageGroupId);
        }
        self.receive_by(request, wait).await
    }

    /// Receives with a request that says what else is wanted of each message.
    pub(super) async fn receive_by(
        &self,
        request: ReceiveMessageFluentBuilder,
        wait: Duration,
    ) -> Result<Vec<Received>, SqsError> {
        let wait = wait.min(Duration::from_secs(20));
        let request = request
            .queue_url(&self.inner.url)
            .max_number_of_messages(10)
            .wait_time_seconds(i32::try_from(wait.as_secs()).unwrap_or(20))
            .message_attribute_names("All");
        let answer = self.answer("receiving from", request.send(), wait + ANSWER_MAX).await?;
        answer.messages.unwrap_or_default().into_iter().map(|one| self.received(one)).collect()
    }

    fn received(&self, message: Message) -> Result<Received, SqsError> {
        let without = |what| SqsError::Incomplete { queue: self.name().to_owned(), what };
        let system = message.attributes.unwrap_or_default();
        let number = |name| system.get(&name).and_then(|text| text.parse::<i64>().ok());
        let count = number(MessageSystemAttributeName::ApproximateReceiveCount);
        Ok(Received {
            id: message.message_id.ok_or_else(|| without("a message's id"))?,
            body: message.body.ok_or_else(|| without("a message's body"))?,
            receipt: message.receipt_handle.ok_or_else(|| without("a receipt"))?,
            receive_count: count.and_then(|count| count.try_into().ok()).unwrap_or(1),
            arrived_at: Some(SystemTime::now()),
            attributes: message.message_attributes.unwrap_or_default(),
            group: system.get(&MessageSystemAttributeName::MessageGroupId).cloned(),
            sent_at: number(MessageSystemAttributeName::SentTimestamp)
                .and_then(DateTime::from_timestamp_millis),
            source_arn: system.get(&MessageSystemAttributeName::DeadLetterQueueSourceArn).cloned(),
        })
    }

    /// Deletes received messages, however many. What cannot be deleted comes again.
    pub(crate) async fn delete(&self, receipts: &[String]) -> Result<(), SqsError> {
        for receipts in receipts.chunks(BATCH_MAX) {
            let mut request = self.inner.client.delete_message_batch().queue_url(&self.inner.url);
            for (at, receipt) in receipts.iter().enumerate() {
                let entry = DeleteMessageBatchRequestEntry::builder().id(at.to_string());
                let entry = entry.receipt_handle(receipt).build();
                request = request
                    .entries(entry.map_err(|error| failed("deleting from", self.name(), error))?);
            }
            let answer = self.answer("deleting from", request.send(), ANSWER_MAX).await?;
            for refused in answer.failed() {
                tracing::warn!(
                    queue.name = self.name(),
                    "a message of queue {} was not deleted and will come again: {} ({})",
                    self.name(),
                    refused.code(),
                    refused.message().unwrap_or("no reason given"),
                );
            }
        }
        Ok(())
    }

    /// How long a received message stays hidden from others.
    pub(crate) async fn visibility_timeout(&self) -> Result<Duration, SqsError> {
        let text = self.attribute(QueueAttributeName::VisibilityTimeout).await?;
        text.and_then(|text| text.parse().ok()).map(Duration::from_secs).ok_or_else(|| {
            SqsError::Incomplete { queue: self.name().to_owned(), what: "a visibility timeout" }
        })
    }

    /// Its name in policies.
    pub(super) async fn arn(&self) -> Result<String, SqsError> {
        let arn = self.attribute(QueueAttributeName::QueueArn).await?;
        arn.ok_or_else(|| SqsError::Incomplete { queue: self.name().to_owned(), what: "an ARN" })
    }

    pub(super) async fn attribute(
        &self,
        attribute: QueueAttributeName,
    ) -> Result<Option<String>, SqsError> {
        let request = self.inner.client.get_queue_attributes().queue_url(&self.inner.url);
        let request = request.attribute_names(attribute.clone());
        let answer = self.answer("asking about", request.send(), ANSWER_MAX).await?;
        Ok(answer.attributes.and_then(|mut all| all.remove(&attribute)))
    }

    /// The error of a caller that had to give up waiting.
    pub(crate) fn too_slow(&self, action: &'static str) -> SqsError {
        failed(action, self.name(), NoAnswer)
    }

    pub(super) async fn answer<T, E: std::error::Error + Send + Sync + 'static>(
        &self,
        action: &'static str,
        request: impl Future<Output = Result<T, E>>,
        within: Duration,
    ) -> Result<T, SqsError> {
        match tokio::time::timeout(within, request).await {
            Ok(answer) => answer.map_err(|error| failed(action, self.name(), error)),
            Err(_) => Err(failed(action, self.name(), NoAnswer)),
        }
    }
}

//! Dead-letter queues: set aside by a consumer; counted, read, given back, sent back and
//! purged by the desk.

use std::time::Duration;

use aws_sdk_sqs::config::Builder;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry,
};
use store::queue_desk::Counts;

use super::batch::cut;
use super::connect::failed;
use super::queue::ANSWER_MAX;
use super::{BATCH_MAX, Queue, REASON, Received, SqsError};

/// How full a queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Status {
    /// What is in it.
    pub(crate) counts: Counts,
    /// How long it keeps a message.
    pub(crate) retention: Duration,
}

/// What SQS made of a purge.
#[derive(Debug)]
pub(crate) enum Purged {
    /// It throws everything away.
    Done,
    /// There was another one less than 60 s ago.
    TooSoon,
    /// Perhaps it does: its answer did not come, for this reason.
    Unknown(SqsError),
}

impl Queue {
    /// Moves a message to the dead-letter queue, with the reason as attribute `reason`.
    ///
    /// A process that dies in between leaves it in both queues; it is never lost.
    pub(crate) async fn dead_letter(
        &self,
        message: &Received,
        reason: &str,
    ) -> Result<(), SqsError> {
        let dead = self.dead_letters().ok_or_else(|| SqsError::Incomplete {
            queue: self.name().to_owned(),
            what: "a dead-letter queue",
        })?;
        let request = self.client().send_message().queue_url(dead.url());
        let mut request = request.message_body(&message.body);
        // Ten attributes are the most; the reason is worth more than one of theirs.
        let others = message.attributes.iter().filter(|(name, _)| *name != REASON).take(9);
        for (name, value) in others {
            request = request.message_attributes(name, value.clone());
        }
        let reason = if reason.is_empty() { "not given" } else { reason };
        request = request.message_attributes(REASON, self.text(reason)?);
        if self.is_fifo() {
            // Its group goes with it, for the way back.
            let group = message.group.as_deref().unwrap_or(&message.id);
            request = request.message_group_id(group).message_deduplication_id(&message.id);
        }
        self.answer("moving a message to the dead-letter queue of", request.send(), ANSWER_MAX)
            .await?;
        self.delete(std::slice::from_ref(&message.receipt)).await
    }

    /// Asks how full it is; approximate, as everything that SQS counts.
    pub(crate) async fn status(&self) -> Result<Status, SqsError> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
            QueueAttributeName::MessageRetentionPeriod,
        ];
        let request = self.client().get_queue_attributes().queue_url(self.url());
        let request = request.set_attribute_names(Some(names.to_vec()));
        let answer = self.answer("asking about", request.send(), ANSWER_MAX).await?;
        let all = answer.attributes.unwrap_or_default();
        let number = |name| all.get(&name).and_then(|text| text.parse::<i64>().ok());
        let [visible, in_flight, delayed, retention] = names.map(number);
        let incomplete =
            || SqsError::Incomplete { queue: self.name().to_owned(), what: "its counts" };
        let counts = Counts {
            visible: visible.ok_or_else(incomplete)?,
            in_flight: in_flight.ok_or_else(incomplete)?,
            // An endpoint without delays does not count them.
            delayed: delayed.unwrap_or(0),
        };
        let retention = retention.and_then(|s| s.try_into().ok()).ok_or_else(incomplete)?;
        Ok(Status { counts, retention: Duration::from_secs(retention) })
    }

    /// Up to 10 messages with all that SQS knows of them, hidden from others for `hidden`.
    pub(crate) async fn receive_dead(
        &self,
        wait: Duration,
        hidden: Duration,
    ) -> Result<Vec<Received>, SqsError> {
        let request = self
            .client()
            .receive_message()
            .visibility_timeout(i32::try_from(hidden.as_secs()).unwrap_or(i32::MAX))
            .message_system_attribute_names(MessageSystemAttributeName::All);
        #[expect(deprecated, reason = "endpoints that stand in for SQS may know no other name")]
        let request = request.attribute_names(QueueAttributeName::All);
        self.receive_by(request, wait).await
    }

    /// Makes received messages visible again, however many. What somebody else has by
    /// now, or what is gone, is none of ours.
    pub(crate) async fn give_back(&self, receipts: &[&str]) -> Result<(), SqsError> {
        for receipts in receipts.chunks(BATCH_MAX) {
            let request = self.client().change_message_visibility_batch().queue_url(self.url());
            let entries = receipts.iter().enumerate().map(|(at, receipt)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(at.to_string());
                entry.receipt_handle(*receipt).visibility_timeout(0).build()
            });
            let entries: Result<Vec<_>, _> = entries.collect();
            let entries = entries.map_err(|error| failed("giving back to", self.name(), error))?;
            let request = request.set_entries(Some(entries));
            let answer = self.answer("giving back to", request.send(), ANSWER_MAX).await?;
            for refused in answer.failed() {
                let (code, name) = (refused.code(), self.name());
                tracing::debug!("a message of queue {name} was not given back: {code}");
            }
        }
        Ok(())
    }

    /// Sends messages of a dead-letter queue to this one, without the reason that brought
    /// them there; says for each whether the queue has it. `act` tells one redrive from
    /// another: within one a FIFO queue takes a message once.
    pub(crate) async fn take_back(
        &self,
        messages: &[&Received],
        act: &str,
    ) -> Result<Vec<bool>, SqsError> {
        let mut accepted = Vec::with_capacity(messages.len());
        for batch in cut(messages, |message| size(message)) {
            let entries = batch.iter().enumerate().map(|(at, one)| self.back(at, one, act));
            let entries = entries.collect::<Result<_, _>>()?;
            accepted.extend(self.send_entries(entries).await?);
        }
        Ok(accepted)
    }

    fn back(
        &self,
        at: usize,
        message: &Received,
        act: &str,
    ) -> Result<SendMessageBatchRequestEntry, SqsError> {
        let mut entry =
            SendMessageBatchRequestEntry::builder().id(at.to_string()).message_body(&message.body);
        for (name, value) in message.attributes.iter().filter(|(name, _)| *name != REASON) {
            entry = entry.message_attributes(name, value.clone());
        }
        if self.is_fifo() {
            let group = message.group.as_deref().unwrap_or(&message.id);
            entry = entry.message_group_id(group);
            entry = entry.message_deduplication_id(format!("{}-{act}", message.id));
        }
        entry.build().map_err(|error| failed("sending to", self.name(), error))
    }

    /// Throws away everything in it. An error is SQS's word that it did not.
    pub(crate) async fn purge(&self) -> Result<Purged, SqsError> {
        // Asked once: the answer to a second request says nothing of the first.
        let once = Builder::new().retry_config(RetryConfig::disabled());
        let request = self.client().purge_queue().queue_url(self.url());
        let request = request.customize().config_override(once).send();
        Ok(match tokio::time::timeout(ANSWER_MAX, request).await {
            Ok(Ok(_)) => Purged::Done,
            Ok(Err(error)) if too_soon(&error) => Purged::TooSoon,
            Ok(Err(error)) if refused(&error) => {
                return Err(failed("purging", self.name(), error));
            }
            Ok(Err(error)) => Purged::Unknown(failed("purging", self.name(), error)),
            Err(_) => Purged::Unknown(self.too_slow("purging")),
        })
    }
}

/// SQS says that the request is wrong, or not now.
fn refused<E>(error: &SdkError<E>) -> bool {
    matches!(error, SdkError::ServiceError(said) if said.raw().status().is_client_error())
}

fn too_soon<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    // The same under the names of both protocols that SQS has had.
    let codes = ["PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress"];
    error.code().is_some_and(|code| codes.contains(&code))
}

/// What SQS counts, generously: the body and each attribute's name, type and value.
fn size(message: &Received) -> usize {
    let attribute = |(name, value): (&String, &aws_sdk_sqs::types::MessageAttributeValue)| {
        let binary = value.binary_value().map_or(0, |blob| blob.as_ref().len());
        let text = value.string_value().map_or(0, str::len);
        name.len() + value.data_type().len() + text + binary
    };
    message.body.len() + message.attributes.iter().map(attribute).sum::<usize>()
}

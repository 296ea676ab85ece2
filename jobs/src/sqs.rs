//! The queues: the one place that speaks to Amazon SQS.
//!
//! A queue is always a pair: the queue itself and its dead-letter queue, which SQS
//! fills after too many receives and a consumer with what it cannot read.

use std::collections::HashMap;
use std::time::SystemTime;

use aws_sdk_sqs::types::MessageAttributeValue;
use chrono::{DateTime, Utc};

mod batch;
mod config;
mod connect;
mod dead;
mod queue;
mod tasks;

pub(crate) use batch::{BATCH_MAX, MESSAGE_BYTES_MAX, batches};
pub use config::{QueueAt, SqsConfig};
pub(crate) use connect::{connect, connect_one};
pub(crate) use dead::{Purged, Status};
pub(crate) use queue::Queue;
pub(crate) use tasks::TaskStart;

/// How the name of a queue ends that keeps the order within a group.
const FIFO: &str = ".fifo";

/// The message attribute that says why a consumer set a message aside.
const REASON: &str = "reason";

/// What is behind an SDK error; its chain says where a request broke off.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A request to SQS came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SqsError {
    /// A queue that must exist does not.
    #[error(
        "queue {queue} does not exist; create it or set {variable} to the address of one \
         (HOLDFAST_CREATE_QUEUES=true creates queues in development)"
    )]
    Missing {
        /// The queue's name or address.
        queue: String,
        /// The variable that names it.
        variable: &'static str,
    },
    /// A queue without which nobody would see failures has none.
    #[error("queue {queue} ({variable}) has no dead-letter queue; give it a redrive policy")]
    NoDeadLetterQueue {
        /// The queue's name.
        queue: String,
        /// The variable that names it.
        variable: &'static str,
    },
    /// SQS is away, or said no.
    #[error("{action} queue {queue}")]
    Failed {
        /// What was being done.
        action: &'static str,
        /// The queue's name.
        queue: String,
        /// What the SDK says.
        #[source]
        source: Cause,
    },
    /// An answer that does not say what it must.
    #[error("SQS answered about queue {queue} without {what}")]
    Incomplete {
        /// The queue's name.
        queue: String,
        /// What is missing.
        what: &'static str,
    },
}

impl SqsError {
    /// Whether waiting does not help: somebody has to change a queue or a variable.
    pub(crate) fn needs_a_person(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::NoDeadLetterQueue { .. })
    }
}

/// One message to send.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    /// The body: a JSON array of envelopes.
    pub(crate) body: String,
    /// Message attributes, all of type String; none of them empty.
    pub(crate) attributes: Vec<(&'static str, String)>,
    /// A FIFO queue keeps the order within a group. Others ignore it.
    pub(crate) group: String,
    /// A FIFO queue takes what has the same one only once in five minutes. Others ignore it.
    pub(crate) dedup: String,
}

/// One message as received.
#[derive(Debug, Clone, Default)]
pub(crate) struct Received {
    /// SQS's id of the message; the same at every receive.
    pub(crate) id: String,
    /// The body: a JSON array of envelopes, if it is one of ours.
    pub(crate) body: String,
    /// What deletes it; another at every receive.
    pub(crate) receipt: String,
    /// Receives so far, this one included.
    pub(crate) receive_count: u32,
    /// Message attributes, of every type.
    pub(super) attributes: HashMap<String, MessageAttributeValue>,
    /// The group whose order a FIFO queue keeps; none on others.
    pub(crate) group: Option<String>,
    /// When it was sent; none where it was not asked for.
    pub(crate) sent_at: Option<DateTime<Utc>>,
    /// When this receive brought it; none in tests.
    pub(crate) arrived_at: Option<SystemTime>,
    /// The queue that SQS took it from into this dead-letter queue; none when a consumer
    /// put it here, and where it was not asked for.
    pub(crate) source_arn: Option<String>,
}

impl Received {
    /// Its message attributes that are text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.attributes.iter();
        all.filter_map(|(name, value)| Some((name.as_str(), value.string_value()?)))
    }

    /// What the request behind it brought along: the correlation id and the trace context. Empty where
    /// it has none, and for a message of several events.
    pub(crate) fn origin(&self) -> (&str, &str) {
        let text = |name: &str| self.attributes.get(name)?.string_value();
        (text("correlation_id").unwrap_or_default(), text("traceparent").unwrap_or_default())
    }

    /// Why a consumer set it aside; none when none did.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.attributes.get(REASON).and_then(MessageAttributeValue::string_value)
    }
}

/// The queues of the two subscribers.
#[derive(Debug, Clone)]
pub(crate) struct Queues {
    /// Of the audit trail.
    pub(crate) audit: Queue,
    /// Of the business figures.
    pub(crate) metrics: Queue,
}

//! Commits what a batch of messages says, and does not let one of them fail the others.

use std::fmt;
use std::time::Duration;

use sqlx::PgPool;
use store::inbox::IncomingEvent;
use store::{StoreError, Temper, audit, describe, metrics};

use crate::sqs::Received;

/// Pauses before further tries of a batch while the database is busy or restarts. When
/// they are used up the messages come again by themselves.
const RETRY_PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2)];

/// What is done with events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumer {
    /// Chains them in `event_audit`.
    Audit,
    /// Counts them in `business_minute`.
    Metrics,
}

impl fmt::Display for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Audit => "audit",
            Self::Metrics => "metrics",
        })
    }
}

/// A message with what it says.
#[derive(Debug)]
pub(super) struct Readable {
    pub(super) message: Received,
    pub(super) events: Vec<IncomingEvent>,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(super) struct Committed {
    /// Receipts of the messages that are dealt with and may be deleted.
    pub(super) receipts: Vec<String>,
    /// Whether some were not tried to the end, because the database is away.
    pub(super) outage: bool,
}

/// Whether the database takes statements.
pub(super) async fn database_answers(pool: &PgPool) -> bool {
    sqlx::query("SELECT 1").execute(pool).await.is_ok()
}

/// Commits all messages at once or, where the database refuses the data, halved until
/// the one at fault is alone and left to SQS.
pub(super) async fn commit(consumer: Consumer, pool: &PgPool, messages: &[Readable]) -> Committed {
    let mut committed = Committed::default();
    let mut open = vec![messages];
    while let Some(group) = open.pop() {
        if group.is_empty() {
            continue;
        }
        let events: Vec<IncomingEvent> =
            group.iter().flat_map(|one| one.events.iter().cloned()).collect();
        match write_patiently(consumer, pool, &events).await {
            Ok(()) => {
                committed.receipts.extend(group.iter().map(|one| one.message.receipt.clone()));
            }
            Err(error) if error.temper() == Temper::Data => {
                if let [alone] = group {
                    leave(consumer, alone, &error);
                } else {
                    // The earlier half is taken first: events keep their order of arrival.
                    let (earlier, later) = group.split_at(group.len() / 2);
                    open.extend([later, earlier]);
                }
            }
            Err(error) => {
                tracing::error!(
                    error = describe(&error),
                    "consumer {consumer} cannot commit; its messages come again"
                );
                committed.outage = true;
                break;
            }
        }
    }
    committed
}

fn leave(consumer: Consumer, alone: &Readable, error: &StoreError) {
    let Received { id, receive_count, .. } = &alone.message;
    tracing::error!(
        error = describe(error), message.id = %id, message.receive_count = receive_count,
        "the database refuses message {id} of consumer {consumer}; \
         it comes again until SQS moves it to the dead-letter queue"
    );
}

async fn write_patiently(
    consumer: Consumer,
    pool: &PgPool,
    events: &[IncomingEvent],
) -> Result<(), StoreError> {
    let mut pauses = RETRY_PAUSES.iter();
    loop {
        let error = match write(consumer, pool, events).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        match (error.temper(), pauses.next()) {
            (Temper::Outage, Some(&pause)) => tokio::time::sleep(pause).await,
            _ => return Err(error),
        }
    }
}

async fn write(
    consumer: Consumer,
    pool: &PgPool,
    events: &[IncomingEvent],
) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    match consumer {
        Consumer::Audit => {
            let done = audit::append(&mut connection, events).await?;
            tracing::debug!("{} events chained, {} known", done.new, done.duplicates);
        }
        Consumer::Metrics => {
            let done = metrics::count(&mut connection, events).await?;
            tracing::debug!("{} events counted, {} known", done.new, done.duplicates);
            if done.too_old > 0 {
                tracing::warn!("{} events are too old to be counted", done.too_old);
            }
        }
    }
    Ok(())
}

//! What is dead in both dead-letter queues, as one list; and what waits in the outbox.

use chrono::{DateTime, Utc};
use domain::ids::{DeadLetterId, EventId, TransferId, WalletId};
use serde::{Deserialize, Serialize};

use super::HeldMoney;

/// `GET /admin/v1/incidents`: every cause of open dead letters and of dead messages, what hurts
/// most first: money held, then count, then age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Incidents {
    /// The incidents, all of them.
    pub items: Vec<Incident>,
    /// When they were read. Where this takes long, it is done less often, for all who ask.
    pub read_at: DateTime<Utc>,
    /// How long ago that was when this was answered, in milliseconds.
    pub age_ms: i64,
}

/// All that is dead for one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Incident {
    /// In which of the two it is.
    pub kind: IncidentKind,
    /// The cause: same cause, same text.
    pub fingerprint: String,
    /// The dead-letter queue; null for business.
    pub queue: Option<String>,
    /// The reason of one of the messages; null for business.
    pub reason: Option<String>,
    /// How many dead letters, or messages.
    pub count: i64,
    /// What their transfers keep reserved, one row a currency; empty when nothing is held.
    pub held: Vec<HeldMoney>,
    /// Since when the oldest waits: gave up, or was first sent.
    pub first_at: DateTime<Utc>,
    /// When the newest gave up, or was last seen to come.
    pub last_at: DateTime<Utc>,
    /// Wallets at either end of their transfers.
    pub wallet_count: i64,
    /// How many of them are in the other list, too: dead letters whose transfer has a dead message,
    /// or messages that tell of a transfer with an open dead letter.
    pub related_count: i64,
    /// When SQS throws the first message away; null for business, which is kept.
    pub expires_at: Option<DateTime<Utc>>,
    /// Seconds until then; negative when it is past.
    pub expires_in_s: Option<i64>,
    /// The newest dead letters, at most 5; of messages, those of their transfers.
    pub dead_letter_ids: Vec<DeadLetterId>,
    /// The newest messages, at most 5; of dead letters, those that tell of their transfers.
    pub message_ids: Vec<String>,
    /// The newest of the transfers, at most 5.
    pub transfer_ids: Vec<TransferId>,
}

/// Which dead-letter queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// That of the database: sagas that gave up.
    Business,
    /// One of SQS: messages that a consumer could not deal with.
    Infrastructure,
}

/// `GET /admin/v1/outbox`: events that wait to be sent, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutboxPage {
    /// What is on the page.
    pub items: Vec<OutboxEvent>,
    /// Give it as `cursor` to get the next page; null at the end. Opaque.
    pub next_cursor: Option<String>,
    /// How many wait; counted up to 100,000.
    pub event_count: i64,
    /// Age of the oldest in milliseconds; null when none waits.
    pub oldest_ms: Option<i64>,
    /// Whether a switch keeps the relay from sending.
    pub paused: bool,
}

/// An event that waits to be sent. Why it does is not stored: a relay that fails tries again
/// and says so in its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutboxEvent {
    /// Its id.
    pub event_id: EventId,
    /// Its type, such as `transfer.settled.v1`; null when the log has lost the event.
    pub event_type: Option<String>,
    /// What it is about; null when it is about a wallet.
    pub transfer_id: Option<TransferId>,
    /// What it is about; null when it is about a transfer.
    pub wallet_id: Option<WalletId>,
    /// Of the request that caused it; null when there was none.
    pub correlation_id: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// How long ago that was, in milliseconds.
    pub age_ms: i64,
}

//! What a message says: the part of a consumer that only decides.

use chrono::{DateTime, Utc};
use domain::event::EventType;
use domain::ids::{EventId, TransferId};
use domain::money::{Amount, Currency};
use domain::transfer::TransferStatus;
use serde::Deserialize;
use serde_json::value::RawValue;
use store::inbox::{IncomingEvent, TransferNews};

/// Why a message can never be dealt with. Goes with it into the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("the body is not a JSON array: {0}")]
    Body(String),
    #[error("the array holds no envelope")]
    Empty,
    #[error("envelope {at} is not one: {problem}")]
    Envelope { at: usize, problem: String },
    #[error("envelope {at} has a type or version that this consumer does not know: {found}")]
    Type { at: usize, found: String },
    #[error("envelope {at} has data that its type does not allow: {problem}")]
    Data { at: usize, problem: String },
}

/// Letters of a foreign type that a reason repeats.
const TYPE_SHOWN: usize = 80;

/// What every envelope has, whatever its type. Fields that are not known are left alone,
/// so that more can be added without a new version.
#[derive(Deserialize)]
struct Envelope<'a> {
    event_id: EventId,
    #[serde(rename = "type")]
    event_type: String,
    occurred_at: DateTime<Utc>,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// What consumers need of the data of `transfer.*.v1`.
#[derive(Deserialize)]
struct TransferData {
    transfer_id: TransferId,
    amount_minor: i64,
    currency: Currency,
}

/// Reads a message body: a JSON array of envelopes. One that cannot be read makes the
/// whole message unreadable, so that it is looked at as it was sent.
pub(super) fn read(body: &str) -> Result<Vec<IncomingEvent>, Unreadable> {
    let envelopes: Vec<&RawValue> =
        serde_json::from_str(body).map_err(|error| Unreadable::Body(error.to_string()))?;
    if envelopes.is_empty() {
        return Err(Unreadable::Empty);
    }
    (1..).zip(envelopes).map(|(at, text)| event(at, text.get())).collect()
}

fn event(at: usize, text: &str) -> Result<IncomingEvent, Unreadable> {
    let envelope: Envelope<'_> = serde_json::from_str(text)
        .map_err(|error| Unreadable::Envelope { at, problem: error.to_string() })?;
    let event_type: EventType = envelope.event_type.parse().map_err(|_| {
        let found = envelope.event_type.chars().take(TYPE_SHOWN).collect::<String>();
        Unreadable::Type { at, found: found.escape_default().to_string() }
    })?;
    let transfer = match status_told(event_type) {
        Some(status) => Some(transfer(at, status, envelope.data.get())?),
        None => None,
    };
    Ok(IncomingEvent {
        id: envelope.event_id,
        event_type,
        occurred_at: envelope.occurred_at,
        transfer,
        body: text.to_owned(),
    })
}

/// What a transfer came to; none for events about wallets.
fn status_told(event_type: EventType) -> Option<TransferStatus> {
    match event_type {
        EventType::TransferSettled => Some(TransferStatus::Settled),
        EventType::TransferRejected => Some(TransferStatus::Rejected),
        EventType::TransferFailed => Some(TransferStatus::Failed),
        EventType::TransferStuck => Some(TransferStatus::Stuck),
        EventType::TransferVoided => Some(TransferStatus::Voided),
        EventType::TransferExpired => Some(TransferStatus::Expired),
        EventType::TransferHeld => Some(TransferStatus::Held),
        EventType::WalletOpened
        | EventType::WalletFrozen
        | EventType::WalletUnfrozen
        | EventType::WalletClosed => None,
    }
}

fn transfer(at: usize, status: TransferStatus, data: &str) -> Result<TransferNews, Unreadable> {
    let wrong = |problem: String| Unreadable::Data { at, problem };
    let data: TransferData =
        serde_json::from_str(data).map_err(|error| wrong(error.to_string()))?;
    let amount =
        Amount::new(data.amount_minor).map_err(|error| wrong(format!("amount_minor {error}")))?;
    Ok(TransferNews { id: data.transfer_id, status, amount, currency: data.currency })
}

#[cfg(test)]
mod tests;

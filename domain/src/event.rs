//! What the world is told: versioned event payloads and their envelope.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::failure::Failure;
use crate::ids::{EventId, TransferId, WalletId};
use crate::money::{Currency, MinorUnits};
use crate::saga::Resolution;
use crate::text::words;
use crate::transfer::TransferKind;
use crate::wallet::WalletStatus;

words! {
    /// The type of an event; the number at its end is the version of its data.
    EventType {
        /// The money has moved.
        TransferSettled = "transfer.settled.v1",
        /// A rule said no; nothing moved.
        TransferRejected = "transfer.rejected.v1",
        /// Failed for good and compensated.
        TransferFailed = "transfer.failed.v1",
        /// The client gave the hold back; nothing moved.
        TransferVoided = "transfer.voided.v1",
        /// The hold was out of time; nothing moved.
        TransferExpired = "transfer.expired.v1",
        /// The amount is reserved, and waits to be captured.
        TransferHeld = "transfer.held.v1",
        /// Waits for a person.
        TransferStuck = "transfer.stuck.v1",
        /// A wallet was opened.
        WalletOpened = "wallet.opened.v1",
        /// A wallet may no longer send.
        WalletFrozen = "wallet.frozen.v1",
        /// A wallet may send again.
        WalletUnfrozen = "wallet.unfrozen.v1",
        /// A wallet was closed.
        WalletClosed = "wallet.closed.v1",
    }
}

/// One event as consumers receive it. A message body is an array of envelopes.
#[derive(Debug, Clone, Serialize)]
pub struct Envelope<D> {
    /// Drop duplicates by this id: delivery is at least once.
    pub event_id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// When, by the database's clock.
    pub occurred_at: DateTime<Utc>,
    /// Number of this event in each wallet it concerns; gapless per wallet, so
    /// that a consumer can put a wallet's events in order and see a hole.
    pub wallet_seqs: BTreeMap<WalletId, i64>,
    /// The payload.
    pub data: D,
}

/// Payload of the `transfer.*.v1` events.
#[derive(Debug, Clone, Serialize)]
pub struct TransferData {
    /// The transfer.
    pub transfer_id: TransferId,
    /// Its kind.
    pub kind: TransferKind,
    /// Where the money came from; null for a deposit that was never given a shard.
    pub source_wallet_id: Option<WalletId>,
    /// Where it went, or would have gone.
    pub destination_wallet_id: WalletId,
    /// How much, in minor units.
    pub amount_minor: MinorUnits,
    /// Of what.
    pub currency: Currency,
    /// Why it did not settle; absent when it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What a person decided; absent when the saga came to its end by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
}

/// Payload of the `wallet.*.v1` events.
#[derive(Debug, Clone, Serialize)]
pub struct WalletData {
    /// The wallet.
    pub wallet_id: WalletId,
    /// Whose it is.
    pub owner_id: String,
    /// What it counts.
    pub currency: Currency,
    /// Its status after the event.
    pub status: WalletStatus,
    /// Why it was changed; absent when it was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

use domain::ids::{TransferId, WalletId};
use serde::{Deserialize, Serialize};

use crate::{Capture, CreateTransfer, Metadata, Problem, Transfer};

/// Body of `POST /v1/transfers/bulk`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateTransfers {
    /// What becomes of the others when one command is refused.
    pub mode: BulkMode,
    /// The commands, 1 to 1,000.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    pub transfers: Vec<BulkTransfer>,
}

/// What becomes of the other commands of a request when one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BulkMode {
    /// Each command stands for itself.
    Independent,
    /// All are accepted or none is. Each transfer then settles or is rejected for itself.
    AllOrNothing,
}

/// One command among many: of a bulk request, or a line of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BulkTransfer {
    /// What the `Idempotency-Key` header is for a single command: 1 to 255 visible ASCII characters.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 255, pattern = "^[!-~]+$")
    )]
    pub idempotency_key: String,
    /// Where the money comes from.
    pub source_wallet_id: WalletId,
    /// Where it goes; another wallet.
    pub destination_wallet_id: WalletId,
    /// How much, in minor units: 1 to 2^53 - 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
    pub amount_minor: i64,
    /// ISO 4217 code; the currency of both wallets.
    #[cfg_attr(feature = "openapi", schema(value_type = domain::money::Currency))]
    pub currency: String,
    /// The client's own text, up to 255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    pub reference: Option<String>,
    /// The client's own data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<Metadata>,
    /// Who captures the hold; the saga itself when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<Capture>,
    /// With manual capture: how long the hold stays, in seconds; 7 days when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 2_678_400))]
    pub hold_seconds: Option<u32>,
}

impl BulkTransfer {
    /// The key, and the command as it would be sent alone.
    pub fn split(self) -> (String, CreateTransfer) {
        let command = CreateTransfer {
            source_wallet_id: self.source_wallet_id,
            destination_wallet_id: self.destination_wallet_id,
            amount_minor: self.amount_minor,
            currency: self.currency,
            reference: self.reference,
            metadata: self.metadata,
            capture: self.capture,
            hold_seconds: self.hold_seconds,
        };
        (self.idempotency_key, command)
    }
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BulkStatus {
    /// Written down as a new transfer.
    Accepted,
    /// Its key had made the transfer before.
    Replayed,
    /// Not written; its key was not used.
    Refused,
}

/// Answer of `POST /v1/transfers/bulk`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BulkAnswers {
    /// Commands that made a new transfer.
    pub accepted: u32,
    /// Commands whose keys had made their transfers before.
    pub replayed: u32,
    /// Commands that were refused.
    pub refused: u32,
    /// One for each command, in their order.
    pub answers: Vec<BulkAnswer>,
}

/// What became of one command of a bulk request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BulkAnswer {
    /// Its position in the request, from 0.
    pub index: usize,
    /// What became of it.
    pub status: BulkStatus,
    /// Its transfer as it stands, without timeline; absent when it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub transfer: Option<Transfer>,
    /// Why it was refused; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, no_recursion))]
    pub problem: Option<Problem>,
}

/// A line of the answer of `POST /v1/transfers/stream`: what became of one line of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StreamAnswer {
    /// Number of the line, from 1; empty lines count and have no answer.
    pub line: u64,
    /// What became of it.
    pub status: BulkStatus,
    /// Its transfer; absent when it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub transfer_id: Option<TransferId>,
    /// Why it was refused; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, no_recursion))]
    pub problem: Option<Problem>,
}

/// The last line of the answer of `POST /v1/transfers/stream`. An answer without it broke off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StreamEnd {
    /// Why there are no more answers.
    pub end: StreamEnding,
    /// The last line that has an answer; 0 when none has.
    pub last_line: u64,
    /// Lines that made a new transfer.
    pub accepted: u64,
    /// Lines whose keys had made their transfers before.
    pub replayed: u64,
    /// Lines that were refused.
    pub refused: u64,
    /// What to do now, for people.
    pub detail: String,
}

/// Why a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StreamEnding {
    /// Every line has its answer.
    Complete,
    /// The database was away for too long.
    Unavailable,
    /// Too much work was waiting for too long.
    Overloaded,
    /// An operator has closed the door.
    Maintenance,
    /// The process is about to stop.
    Stopping,
    /// The API key was revoked.
    Revoked,
    /// Nothing was sent for too long.
    Idle,
    /// The body broke off.
    BrokenOff,
}

use chrono::{DateTime, Utc};
use domain::failure::FailureClass;
use domain::ids::{EntryId, TransferId, WalletId};
use domain::money::{Currency, MinorUnits};
use domain::terms::{HoldTerms, PayoutTerms};
use domain::transfer::{TransferKind, TransferStatus};
use serde::{Deserialize, Serialize};

use crate::Metadata;

/// Body of `POST /v1/transfers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateTransfer {
    /// Where the money comes from.
    pub source_wallet_id: WalletId,
    /// Where it goes; another wallet.
    pub destination_wallet_id: WalletId,
    /// How much, in minor units: 1 to 2^53 - 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
    pub amount_minor: i64,
    /// ISO 4217 code; the currency of both wallets.
    #[cfg_attr(feature = "openapi", schema(value_type = Currency))]
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

/// Who captures the hold of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Capture {
    /// The saga, at once.
    Automatic,
    /// The client, who may also void it. Until then the transfer is held.
    Manual,
}

/// Body of `POST /v1/transfers/{transfer_id}/capture`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CaptureTransfer {
    /// How much of what is held, in minor units; all of it when absent. The rest is given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
    pub amount_minor: Option<i64>,
}

/// Body of `POST /v1/transfers/{transfer_id}/void`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VoidTransfer {
    /// Why; shown in the timeline.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub reason: String,
}

/// Body of `POST /v1/transfers/{transfer_id}/reverse`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReverseTransfer {
    /// How much, in minor units; all that the transfer has moved when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
    pub amount_minor: Option<i64>,
    /// The client's own text, up to 255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    pub reference: Option<String>,
}

/// Body of `POST /v1/payouts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreatePayout {
    /// Where the money comes from.
    pub wallet_id: WalletId,
    /// How much, in minor units: 1 to 2^53 - 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
    pub amount_minor: i64,
    /// ISO 4217 code; the currency of the wallet.
    #[cfg_attr(feature = "openapi", schema(value_type = Currency))]
    pub currency: String,
    /// Who receives it.
    pub beneficiary: Beneficiary,
    /// The client's own text, up to 255 characters; the provider sees it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    pub reference: Option<String>,
    /// The client's own data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<Metadata>,
}

/// Who receives a payout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Beneficiary {
    /// The holder of the account, up to 140 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 140))]
    pub name: String,
    /// The account, such as an IBAN, up to 64 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
    pub account: String,
    /// The bank, such as a BIC, where the account does not name it; up to 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
    pub bank: Option<String>,
}

/// Body of `POST /v1/deposits`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateDeposit {
    /// Where the money goes.
    pub wallet_id: WalletId,
    /// How much, in minor units: 1 to 2^53 - 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_i64))]
    pub amount_minor: i64,
    /// ISO 4217 code; the currency of the wallet.
    #[cfg_attr(feature = "openapi", schema(value_type = Currency))]
    pub currency: String,
    /// The client's own text, up to 255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    pub reference: Option<String>,
}

/// A transfer as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Transfer {
    /// Its id.
    pub id: TransferId,
    /// What sort of transfer.
    pub kind: TransferKind,
    /// How it stands. Settled, rejected, failed, voided and expired are final.
    pub status: TransferStatus,
    /// Where the money comes from; null for a deposit that has not begun.
    pub source_wallet_id: Option<WalletId>,
    /// Where the money goes.
    pub destination_wallet_id: WalletId,
    /// How much, in minor units.
    pub amount_minor: MinorUnits,
    /// Of what.
    pub currency: Currency,
    /// The client's own text; null when none was given.
    pub reference: Option<String>,
    /// The client's own data; null when none was given.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<serde_json::Value>,
    /// Why it ended badly or is stuck; null otherwise, and for an owner who only receives.
    pub failure: Option<Failure>,
    /// What a person decided: `settled_outside`, `failed_outside` or `discarded`; null otherwise.
    pub resolution: Option<String>,
    /// Its journal entry; null until it is settled.
    pub entry_id: Option<EntryId>,
    /// The transfer whose entry it reverses; null otherwise.
    pub reverses_id: Option<TransferId>,
    /// The failed transfer that it tries again; null otherwise.
    pub retries_id: Option<TransferId>,
    /// The hold that waits to be captured, and what was captured of it. Absent for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub hold: Option<HoldTerms>,
    /// Where a payout goes and what its provider calls it. Absent for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub payout: Option<PayoutTerms>,
    /// Of the request that began it.
    pub correlation_id: Option<String>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When its status changed last; null while it is accepted.
    pub updated_at: Option<DateTime<Utc>>,
    /// Its timeline, oldest first; empty when it is too old for that. Absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub steps: Option<Vec<Step>>,
}

/// Why a transfer ended badly or is stuck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    /// What sort of failure.
    pub class: FailureClass,
    /// Stable lower snake_case code, for programs.
    pub code: String,
    /// One sentence, for people.
    pub detail: String,
}

/// One run of a step of the saga, or of a step's undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Step {
    /// Position in the timeline, from 1.
    pub seq: u16,
    /// Which step.
    pub step: domain::saga::Step,
    /// Whether its undo ran, not the step itself.
    pub undo: bool,
    /// Which try it was, from 1.
    pub attempt: u32,
    /// How it went.
    pub outcome: StepOutcome,
    /// Why it failed; null when it succeeded, and for an owner who only receives.
    pub failure: Option<Failure>,
    /// When.
    pub at: DateTime<Utc>,
}

/// How a run of a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// It did its work.
    Succeeded,
    /// A rule said no.
    Rejected,
    /// It failed in a way that may pass.
    Transient,
    /// It failed in a way that will not pass.
    Permanent,
    /// It may or may not have happened.
    Unknown,
    /// The client gave the hold back.
    Voided,
    /// The hold was out of time.
    Expired,
}

impl From<Option<FailureClass>> for StepOutcome {
    fn from(class: Option<FailureClass>) -> Self {
        match class {
            None => Self::Succeeded,
            Some(FailureClass::Rejected) => Self::Rejected,
            Some(FailureClass::Transient) => Self::Transient,
            Some(FailureClass::Permanent) => Self::Permanent,
            Some(FailureClass::Unknown) => Self::Unknown,
            Some(FailureClass::Voided) => Self::Voided,
            Some(FailureClass::Expired) => Self::Expired,
        }
    }
}

impl From<domain::failure::Failure> for Failure {
    fn from(failure: domain::failure::Failure) -> Self {
        Self { class: failure.class, code: failure.code, detail: failure.detail }
    }
}

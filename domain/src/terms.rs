//! What only some transfers have: a hold that waits, a beneficiary, a transfer that is reversed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::TransferId;
use crate::money::MinorUnits;

/// The terms of a transfer that is more than a plain one. A plain one has none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// A screening service is asked before the money moves.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub screen_outside: bool,
    /// The hold stays until the client captures or voids it, or its time is up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldTerms>,
    /// Where a payout goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payout: Option<PayoutTerms>,
    /// What a reversal takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverses: Option<ReversalTerms>,
}

/// A hold that somebody captures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HoldTerms {
    /// When it is given back if nobody has done anything.
    pub expires_at: DateTime<Utc>,
    /// How much was captured; none before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub captured_minor: Option<MinorUnits>,
}

/// A payout and its provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PayoutTerms {
    /// Who receives the money.
    pub beneficiary: Beneficiary,
    /// The provider's own id of the payout; none before it was handed in, or if it gives none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub provider_reference: Option<String>,
    /// When it was handed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub submitted_at: Option<DateTime<Utc>>,
}

/// Who receives a payout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PayoutBeneficiary))]
pub struct Beneficiary {
    /// The holder of the account.
    pub name: String,
    /// The account, such as an IBAN.
    pub account: String,
    /// The bank, such as a BIC, where the account does not name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub bank: Option<String>,
}

/// What a reversal takes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReversalTerms {
    /// The transfer.
    pub transfer_id: TransferId,
    /// What it has moved. All its reversals together never take back more.
    pub moved_minor: MinorUnits,
}

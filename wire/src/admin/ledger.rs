//! The ledger check as operators ask for it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// `GET /admin/v1/ledger/check`: the proof that no money was lost or made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LedgerReport {
    /// How much was read: `quick`, `full` or `archive`.
    pub mode: String,
    /// The instant that the snapshot shows.
    pub checked_at: DateTime<Utc>,
    /// Whether every rule holds.
    pub ok: bool,
    /// Sums by currency.
    pub totals: Vec<LedgerTotal>,
    /// The rules that were checked, in words.
    pub rules: Vec<String>,
    /// What breaks them.
    pub violations: Vec<LedgerViolation>,
}

/// What all wallets of one currency add up to. Debits equal credits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LedgerTotal {
    /// The currency.
    pub currency: String,
    /// Number of wallets that count it.
    pub wallet_count: i64,
    /// Sum of posted debits in minor units, as text: a sum may pass 64 bits.
    pub debits_posted: String,
    /// Sum of posted credits in minor units, as text.
    pub credits_posted: String,
    /// Sum of what holds reserve in minor units, as text.
    pub held: String,
}

/// One thing that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LedgerViolation {
    /// The rule.
    pub rule: String,
    /// What breaks it: the id of a wallet, transfer or entry, or the name of a table or currency.
    pub id: String,
    /// What was found.
    pub detail: String,
}

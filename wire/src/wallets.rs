use chrono::{DateTime, Utc};
use domain::ids::{EntryId, TransferId, WalletId};
use domain::money::{Currency, MinorUnits};
use domain::wallet::{Side, WalletStatus};
use serde::{Deserialize, Serialize};

use crate::Metadata;

/// Body of `POST /v1/wallets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OpenWallet {
    /// Whose it will be: the client's own id of that person, 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub owner_id: String,
    /// ISO 4217 code of the one currency that it will count.
    #[cfg_attr(feature = "openapi", schema(value_type = Currency))]
    pub currency: String,
    /// The client's own text, up to 255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    pub label: Option<String>,
    /// The client's own data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<Metadata>,
}

/// Body of `POST /v1/wallets/{id}/freeze`, `/unfreeze` and `/close`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeWallet {
    /// Why, for whoever looks later; 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub reason: String,
}

/// A wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Wallet {
    /// Its id.
    pub id: WalletId,
    /// Whose it is.
    pub owner_id: String,
    /// The one currency it counts.
    pub currency: Currency,
    /// Active, frozen or closed.
    pub status: WalletStatus,
    /// The client's own text; null when none was given.
    pub label: Option<String>,
    /// The client's own data; null when none was given.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<serde_json::Value>,
    /// Its balance now.
    pub balance: Balance,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
}

/// What a wallet holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Balance {
    /// All that was posted.
    pub ledger_minor: MinorUnits,
    /// Ledger less held: what may be spent.
    pub available_minor: MinorUnits,
    /// What transfers under way have reserved.
    pub held_minor: MinorUnits,
}

/// What a wallet held at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BalanceReading {
    /// The wallet.
    pub wallet_id: WalletId,
    /// What it counts.
    pub currency: Currency,
    /// The instant: the one asked for, else that of the reading.
    pub as_of: DateTime<Utc>,
    /// All that was posted up to then.
    pub ledger_minor: MinorUnits,
    /// What could be spent; null for an instant in the past, because holds leave no history.
    pub available_minor: Option<MinorUnits>,
    /// What was reserved; null for an instant in the past.
    pub held_minor: Option<MinorUnits>,
}

/// One line of a wallet's statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Posting {
    /// Its number in the wallet, gapless from 1.
    pub wallet_seq: i64,
    /// When it was posted; never runs backwards in a wallet.
    pub posted_at: DateTime<Utc>,
    /// The journal entry that it is part of.
    pub entry_id: EntryId,
    /// The transfer that posted it.
    pub transfer_id: TransferId,
    /// A credit adds to a customer's wallet, a debit takes from it.
    pub side: Side,
    /// How much; positive.
    pub amount_minor: MinorUnits,
    /// Of what: the wallet's currency.
    pub currency: Currency,
    /// Ledger balance of the wallet after it.
    pub balance_after_minor: MinorUnits,
}

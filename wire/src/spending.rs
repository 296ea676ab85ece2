use chrono::{DateTime, Utc};
use domain::ids::WalletId;
use domain::limit::{LimitPeriod, LimitScope, LimitUnit};
use domain::money::Currency;
use serde::{Deserialize, Serialize};

/// `GET /v1/wallets/{wallet_id}/limits`: what the wallet may still send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WalletLimits {
    /// The wallet.
    pub wallet_id: WalletId,
    /// The moment that all of it is of.
    pub as_of: DateTime<Utc>,
    /// Its own limits and its owner's in its currency; a transfer must keep to all of them.
    pub items: Vec<SpendingLimit>,
}

/// A limit on what is sent, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpendingLimit {
    /// Whether it counts one wallet's transfers, or those of all wallets of the owner.
    pub scope: LimitScope,
    /// The currency that it counts; an owner's limit counts only wallets of it.
    pub currency: Currency,
    /// Over what it counts.
    pub period: LimitPeriod,
    /// Whether it counts money or transfers.
    pub unit: LimitUnit,
    /// The most that is allowed: minor units, or transfers.
    pub value: i64,
    /// How much of it is used; null for a limit a transfer.
    pub used: Option<i64>,
    /// How much of it is left; all of it for a limit a transfer.
    pub left: i64,
    /// When all of it is free again; null for a limit a transfer.
    pub frees_at: Option<DateTime<Utc>>,
    /// IANA name of the zone whose days and months are counted: the owner's.
    pub time_zone: String,
}

//! Limits as operators see and set them.

use chrono::{DateTime, Utc};
use domain::ids::LimitId;
use domain::limit::{LimitPeriod, LimitScope, LimitUnit};
use serde::{Deserialize, Deserializer, Serialize};

use crate::SpendingLimit;

/// Body of `PUT /admin/v1/limits`. The first five fields say which limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetLimit {
    /// Whether it counts one wallet's transfers, or those of all wallets of the owner.
    pub scope: LimitScope,
    /// The id of the wallet, or of the owner.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub subject: String,
    /// ISO 4217 code; a wallet's own.
    #[cfg_attr(feature = "openapi", schema(value_type = domain::money::Currency))]
    pub currency: String,
    /// Over what it counts.
    pub period: LimitPeriod,
    /// Whether it counts money or transfers. A limit a transfer is an amount.
    pub unit: LimitUnit,
    /// The most that is allowed, minor units or transfers: 0 to 2^53 - 1. Null takes the limit
    /// away; it must be there, so that nobody does that by forgetting it.
    #[serde(deserialize_with = "given")]
    #[cfg_attr(
        feature = "openapi",
        schema(required, minimum = 0, maximum = 9_007_199_254_740_991_i64)
    )]
    pub value: Option<i64>,
    /// Why, for the audit; 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub reason: String,
}

/// A value or null, but not nothing.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Option::deserialize(deserializer)
}

/// Answer of `PUT /admin/v1/limits`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LimitNow {
    /// The limit as it stands now; null when it is not set any more.
    pub limit: Option<OperatorLimit>,
}

/// A limit as operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatorLimit {
    /// Its id; another value keeps it.
    pub id: LimitId,
    /// The id of the wallet, or of the owner.
    pub subject: String,
    /// The owner, of a wallet's limit too.
    pub owner_id: String,
    /// What clients see of it.
    #[serde(flatten)]
    pub limit: SpendingLimit,
    /// Why it was last set.
    pub reason: String,
    /// Who set it last.
    pub set_by: String,
    /// When.
    pub set_at: DateTime<Utc>,
}

/// Body of `PUT /admin/v1/owners/{owner_id}/settings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetOwner {
    /// IANA name of a time zone, such as `Europe/Berlin`.
    #[cfg_attr(feature = "openapi", schema(min_length = 1))]
    pub time_zone: String,
    /// Why, for the audit; 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub reason: String,
}

/// What is set for an owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnerSettings {
    /// The owner, in the client's words.
    pub owner_id: String,
    /// IANA name: where its days and months begin and end.
    pub time_zone: String,
    /// Why it was last changed; null when nobody ever did.
    pub reason: Option<String>,
    /// Who changed it last; null when nobody ever did.
    pub changed_by: Option<String>,
    /// When; null when nobody ever did.
    pub changed_at: Option<DateTime<Utc>>,
}

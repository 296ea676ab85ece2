use chrono::{DateTime, Utc};
use domain::ids::TransferId;
use domain::notice::NoticeStatus;
use serde::{Deserialize, Serialize};

/// Body of `POST /v1/providers/{provider}/notices`. Providers may send more fields than
/// these; they are kept with the notice, and nothing is made of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderNotice {
    /// The payout: the key that it was asked for with.
    pub payout_id: TransferId,
    /// How it ended.
    pub status: NoticeStatus,
    /// The provider's own id of the payout, up to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub provider_reference: String,
    /// Why it was declined, for programs: up to 64 of `a` to `z`, `0` to `9` and `_`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, min_length = 1, max_length = 64, pattern = "^[a-z0-9_]+$")
    )]
    pub code: Option<String>,
    /// Why it was declined, for people; up to 255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, max_length = 255))]
    pub detail: Option<String>,
    /// When it ended there.
    pub at: DateTime<Utc>,
}

/// The answer to a notice. It is kept, whatever `applied` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeReceipt {
    /// The payout.
    pub payout_id: TransferId,
    /// Whether the payout goes on by this notice. Not so when it came again, too late, or
    /// before its time.
    pub applied: bool,
}

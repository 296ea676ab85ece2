use chrono::{DateTime, Utc};
use domain::ids::TransferId;
use domain::notice::NoticeStatus;
use serde::{Deserialize, Serialize};

/// Body of `POST /v1/providers/{provider}/notices`. Providers may send more fields than
/// these; they are kept with the notice, and nothing is made of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderNotice {
    /// The payout: the key that it was asked for with.
    pub payout_id: TransferId,
    /// How it ended.
    pub status: NoticeStatus,
    /// The provider's own id of the payout, up to 255 characters.
    pub provider_reference: String,
    /// Why it was declined, for programs: up to 64 of `a` to `z`, `0` to `9` and `_`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why it was declined, for people; up to 255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When it ended there.
    pub at: DateTime<Utc>,
}

/// The answer to a notice. It is kept, whatever `applied` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeReceipt {
    /// The payout.
    pub payout_id: TransferId,
    /// Whether the payout goes on by this notice. Not so when it came again, too late, or
    /// before its time.
    pub applied: bool,
}

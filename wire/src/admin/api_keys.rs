use chrono::{DateTime, Utc};
use domain::access::Scope;
use domain::ids::ApiKeyId;
use serde::{Deserialize, Serialize};

/// A machine that is to get a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MakeApiKey {
    /// What people will call it, 1 to 64 characters; no two good keys have the same.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 64))]
    pub name: String,
    /// What it may do; at least one.
    #[cfg_attr(feature = "openapi", schema(min_items = 1))]
    pub scopes: Vec<Scope>,
    /// The one owner that it acts for. Without one it acts for all owners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_length = 1, max_length = 255))]
    pub owner_id: Option<String>,
    /// From when on it is good no more: at most 400 days from now; 90 days when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub expires_at: Option<DateTime<Utc>>,
    /// Why, for the audit; 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub reason: String,
}

/// A key as it stands. What it is sent with is not stored, so nobody can see it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    /// Its id; the key begins with `hf_live_` and this id without dashes.
    pub id: ApiKeyId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The one owner that it acts for; null when it acts for all of them.
    pub owner_id: Option<String>,
    /// Whether it opens the door now: neither expired nor revoked.
    pub good: bool,
    /// Why it was made.
    pub reason: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Who made it.
    pub created_by: String,
    /// From when on it is good no more.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked; null while it is not.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Who revoked it; null while nobody has.
    pub revoked_by: Option<String>,
    /// When it was used last, to the minute; null before the first time.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A key that was just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MadeApiKey {
    /// What the machine sends as `Authorization: Bearer`. It is shown this once.
    pub key: String,
    /// The rest, which can be seen again.
    pub api_key: ApiKey,
}

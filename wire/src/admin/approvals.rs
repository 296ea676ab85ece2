use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Agrees to a redrive plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovePlan {
    /// The hash that the plan showed.
    pub hash: String,
    /// Why, for the audit; 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub reason: String,
}

/// Agrees to how a dead letter is resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApproveResolve {
    /// As somebody else may then resolve it: `settled` or `failed`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^(settled|failed)$"))]
    pub outcome: String,
    /// Why, for the audit; 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub reason: String,
}

/// That an operator has agreed to what another may then do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Approval {
    /// To what, such as `redrive_plan:<id>`.
    pub subject: String,
    /// Who has agreed.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

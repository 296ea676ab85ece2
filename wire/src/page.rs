use serde::{Deserialize, Serialize};

/// A page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// What is on it. May hold fewer items than `limit` even if more follow.
    pub items: Vec<T>,
    /// Give it as `cursor` to get the next page; null at the end. Opaque.
    pub next_cursor: Option<String>,
}

//! Who may use the operator API.

use sea_orm::entity::prelude::*;

/// A person or program with a token.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "operator")]
pub struct Model {
    /// The actor in the audit.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub name: String,
    /// `viewer`, `operator` or `approver`.
    #[sea_orm(column_type = "Text")]
    pub role: String,
    /// SHA-256 of the token.
    pub token_hash: Vec<u8>,
    /// When the token was issued.
    pub created_at: DateTimeUtc,
    /// Null while the token is good.
    pub revoked_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Keys of machines for the customers' address.

use sea_orm::entity::prelude::*;

/// A key; its secret is not here.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    /// Its id, which is a part of the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What people call it; no two good ones have the same.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// What it may do, as words of `domain::access::Scope`.
    #[sea_orm(column_type = "Array(RcOrArc::new(ColumnType::Text))")]
    pub scopes: Vec<String>,
    /// The one owner that it acts for; null when it acts for all of them.
    #[sea_orm(column_type = "Text", nullable)]
    pub owner_id: Option<String>,
    /// Why it was made.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// Who made it.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// From when on it is good no more.
    pub expires_at: DateTimeUtc,
    /// Null while nobody has revoked it.
    pub revoked_at: Option<DateTimeUtc>,
    /// Who revoked it; null while nobody has.
    #[sea_orm(column_type = "Text", nullable)]
    pub revoked_by: Option<String>,
    /// When it was used last, to the minute; null before the first time.
    pub last_used_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! What operators did.

use sea_orm::entity::prelude::*;

/// One act, written in the transaction that did it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "operator_audit")]
pub struct Model {
    /// Number in the chain, gapless from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// When, by the database's clock.
    pub at: DateTimeUtc,
    /// Name of the operator.
    #[sea_orm(column_type = "Text")]
    pub actor: String,
    /// What was done, as `thing.verb`.
    #[sea_orm(column_type = "Text")]
    pub action: String,
    /// To what, as `thing:<id>`.
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    /// The whole act as JSON, byte for byte as it was hashed.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// Hash of the row before; 32 zero bytes for the first.
    pub prev_hash: Vec<u8>,
    /// SHA-256 of `prev_hash` and `body`.
    pub hash: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

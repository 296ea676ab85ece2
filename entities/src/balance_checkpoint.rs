//! Balance checkpoints: what all wallets came to before an instant, as a chain.

use sea_orm::entity::prelude::*;

/// One checkpoint. Written once, with the archiving of the weeks before it; never changed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "balance_checkpoint")]
pub struct Model {
    /// From 1, without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// Transfers and entries with smaller ids are in the archive.
    pub boundary: Uuid,
    /// The time in the boundary: a Monday, 00:00 UTC.
    pub boundary_at: DateTimeUtc,
    /// When it was made, by the database's clock.
    pub made_at: DateTimeUtc,
    /// Transfers archived with it.
    pub transfer_count: i64,
    /// Journal entries archived with it.
    pub entry_count: i64,
    /// Postings archived with it.
    pub posting_count: i64,
    /// Wallets that it knows.
    pub line_count: i64,
    /// JSON by currency: sums of debits and credits in minor units, as text. Hashed as it stands.
    #[sea_orm(column_type = "Text")]
    pub totals: String,
    /// SHA-256 over all lines by wallet id.
    pub lines_hash: Vec<u8>,
    /// Hash of the checkpoint before; 32 zero bytes in the first.
    pub prev_hash: Vec<u8>,
    /// SHA-256 over all columns before it.
    pub hash: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

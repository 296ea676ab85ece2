//! Postings: what the ledger is made of.

use domain::ids::WalletId;
use domain::journal;
use domain::money::MinorUnits;
use sea_orm::entity::prelude::*;

use crate::row::{InvalidRow, word};

/// One side of an entry. Append-only, never dropped.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "posting")]
pub struct Model {
    /// The wallet whose counter grew.
    #[sea_orm(primary_key, auto_increment = false)]
    pub wallet_id: Uuid,
    /// When, by the database's clock; never runs backwards in a wallet.
    #[sea_orm(primary_key, auto_increment = false)]
    pub posted_at: DateTimeUtc,
    /// Number of the posting in its wallet, gapless from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub wallet_seq: i64,
    /// Its entry; the range of it decides the partition.
    #[sea_orm(primary_key, auto_increment = false)]
    pub entry_id: Uuid,
    /// A [`domain::wallet::Side`].
    #[sea_orm(column_type = "Text")]
    pub side: String,
    /// By how much, in minor units; positive.
    pub amount_minor: i64,
    /// ISO 4217 code; the wallet's.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    /// Ledger balance of the wallet after it, in minor units.
    pub balance_after_minor: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<&Model> for journal::Posting {
    type Error = InvalidRow;

    fn try_from(row: &Model) -> Result<Self, InvalidRow> {
        Ok(Self {
            wallet: WalletId(row.wallet_id),
            side: word("posting", "side", &row.side)?,
            amount: MinorUnits(row.amount_minor),
            currency: word("posting", "currency", &row.currency)?,
        })
    }
}

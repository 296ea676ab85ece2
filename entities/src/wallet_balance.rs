//! The narrow row of a wallet that transfers lock and count in.

use domain::ids::WalletId;
use domain::money::MinorUnits;
use domain::wallet::{Balances, HotWallet};
use sea_orm::entity::prelude::*;

use crate::row::{InvalidRow, word};

const TABLE: &str = "wallet_balance";

/// Changed only under its lock.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wallet_balance")]
pub struct Model {
    /// The wallet.
    #[sea_orm(primary_key, auto_increment = false)]
    pub wallet_id: Uuid,
    /// ISO 4217 code; the wallet's, repeated.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    /// A [`domain::wallet::Side`]: the one on which its balance grows.
    #[sea_orm(column_type = "Text")]
    pub normal_side: String,
    /// A [`domain::wallet::WalletStatus`].
    #[sea_orm(column_type = "Text")]
    pub status: String,
    /// The lowest that its available balance may be, in minor units.
    pub floor_minor: i64,
    /// Whether a limit of its own or of its owner concerns it.
    pub limited: bool,
    /// Sum of all debit postings, in minor units.
    pub debits_posted: i64,
    /// Sum of all credit postings, in minor units.
    pub credits_posted: i64,
    /// Debits reserved by open holds, in minor units.
    pub debits_pending: i64,
    /// Credits announced but not final, in minor units.
    pub credits_pending: i64,
    /// Number of its newest posting; 0 before the first.
    pub wallet_seq: i64,
    /// Number of its newest event; 0 before the first.
    pub event_seq: i64,
    /// Time of its newest posting; null before the first. Never runs backwards.
    pub last_posted_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The cold half.
    #[sea_orm(
        belongs_to = "super::wallet::Entity",
        from = "Column::WalletId",
        to = "super::wallet::Column::Id"
    )]
    Wallet,
}

impl Related<super::wallet::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Wallet.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<&Model> for HotWallet {
    type Error = InvalidRow;

    fn try_from(row: &Model) -> Result<Self, InvalidRow> {
        Ok(Self {
            id: WalletId(row.wallet_id),
            currency: word(TABLE, "currency", &row.currency)?,
            normal_side: word(TABLE, "normal_side", &row.normal_side)?,
            status: word(TABLE, "status", &row.status)?,
            floor: MinorUnits(row.floor_minor),
            limited: row.limited,
            balances: Balances {
                debits_posted: MinorUnits(row.debits_posted),
                credits_posted: MinorUnits(row.credits_posted),
                debits_pending: MinorUnits(row.debits_pending),
                credits_pending: MinorUnits(row.credits_pending),
            },
            wallet_seq: row.wallet_seq,
            event_seq: row.event_seq,
            last_posted_at: row.last_posted_at,
        })
    }
}

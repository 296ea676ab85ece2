//! Wallets: who owns them and what they count.

use domain::money::Currency;
use domain::wallet::{SystemRole, WalletKind};
use sea_orm::entity::prelude::*;

use crate::row::{InvalidRow, word};

const TABLE: &str = "wallet";

/// The cold half of a wallet: written once, read by no transfer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "wallet")]
pub struct Model {
    /// A uuid v7; of a system wallet the computed id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is, in the client's words.
    #[sea_orm(column_type = "Text")]
    pub owner_id: String,
    /// A [`WalletKind`].
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// A [`SystemRole`]; null for customers.
    #[sea_orm(column_type = "Text", nullable)]
    pub role: Option<String>,
    /// Which of the 16 shards of a system wallet; null for customers.
    pub shard: Option<i16>,
    /// ISO 4217 code.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    /// The client's own text; null when none was given.
    #[sea_orm(column_type = "Text", nullable)]
    pub label: Option<String>,
    /// The client's own data; null when none was given.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub metadata: Option<Json>,
    /// When it was opened, by the database's clock.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The hot half, which every wallet has. No foreign key stands behind it.
    #[sea_orm(has_one = "super::wallet_balance::Entity")]
    Balance,
}

impl Related<super::wallet_balance::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Balance.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Whose sort of wallet.
    pub fn kind(&self) -> Result<WalletKind, InvalidRow> {
        word(TABLE, "kind", &self.kind)
    }

    /// What a system wallet stands for; none for customers.
    pub fn role(&self) -> Result<Option<SystemRole>, InvalidRow> {
        self.role.as_deref().map(|text| word(TABLE, "role", text)).transpose()
    }

    /// The one currency it counts.
    pub fn currency(&self) -> Result<Currency, InvalidRow> {
        word(TABLE, "currency", &self.currency)
    }
}

//! Business figures by the minute.

use domain::money::Currency;
use domain::transfer::TransferStatus;
use sea_orm::entity::prelude::*;

use crate::row::{InvalidRow, word};

/// Transfers that came to one status in one minute and currency. Written by the metrics consumer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "business_minute")]
pub struct Model {
    /// Begin of the minute of the events, by the database's clock.
    #[sea_orm(primary_key, auto_increment = false)]
    pub minute: DateTimeUtc,
    /// A [`TransferStatus`] that events tell of. A stuck transfer that settles later counts in both.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub status: String,
    /// ISO 4217 code.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub currency: String,
    /// How many, 1 or more.
    pub transfer_count: i64,
    /// Their amounts together in minor units, as decimal digits: a sum may pass 64 bits.
    #[sea_orm(column_type = "Decimal(None)", select_as = "text", save_as = "numeric")]
    pub amount_minor: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What the transfers came to.
    pub fn status(&self) -> Result<TransferStatus, InvalidRow> {
        word("business_minute", "status", &self.status)
    }

    /// What the amounts count.
    pub fn currency(&self) -> Result<Currency, InvalidRow> {
        word("business_minute", "currency", &self.currency)
    }
}

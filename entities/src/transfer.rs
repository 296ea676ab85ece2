//! Transfers: what customers asked, and how it ended.

use domain::failure::Failure;
use domain::money::Currency;
use domain::terms::Terms;
use domain::transfer::{TransferKind, TransferStatus};
use sea_orm::entity::prelude::*;

use crate::row::{InvalidRow, failure, from_json, word};

const TABLE: &str = "transfer";

/// Inserted at intake; the lane updates status and outcome. A final status never changes.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "transfer")]
pub struct Model {
    /// A uuid v7; the range of it decides the partition.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// A [`TransferKind`].
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// A [`TransferStatus`].
    #[sea_orm(column_type = "Text")]
    pub status: String,
    /// Who asked; idempotency keys are scoped to it.
    #[sea_orm(column_type = "Text")]
    pub caller: String,
    /// Null for a deposit until a lane has chosen its own shard of the cash wallet.
    pub source_wallet_id: Option<Uuid>,
    /// Where the money goes.
    pub destination_wallet_id: Uuid,
    /// How much, in minor units; 1 to 2^53 - 1.
    pub amount_minor: i64,
    /// ISO 4217 code.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    /// The client's own text; null when none was given.
    #[sea_orm(column_type = "Text", nullable)]
    pub reference: Option<String>,
    /// The client's own data; null when none was given.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub metadata: Option<Json>,
    /// What a hold reserves between two transactions, in minor units; null while none does.
    pub hold_minor: Option<i64>,
    /// When the hold is given back; null for holds without an end.
    pub hold_expires_at: Option<DateTimeUtc>,
    /// The journal entry; null until settled.
    pub entry_id: Option<Uuid>,
    /// Null unless it ended badly or is stuck.
    #[sea_orm(column_type = "Text", nullable)]
    pub failure_class: Option<String>,
    /// Null unless it ended badly or is stuck.
    #[sea_orm(column_type = "Text", nullable)]
    pub failure_code: Option<String>,
    /// Null unless it ended badly or is stuck.
    #[sea_orm(column_type = "Text", nullable)]
    pub failure_detail: Option<String>,
    /// How a person resolved it outside; null otherwise.
    #[sea_orm(column_type = "Text", nullable)]
    pub resolution: Option<String>,
    /// Of the request that began it; null when there was none.
    #[sea_orm(column_type = "Text", nullable)]
    pub correlation_id: Option<String>,
    /// W3C trace context of that request; null when there was none.
    #[sea_orm(column_type = "Text", nullable)]
    pub traceparent: Option<String>,
    /// The transfer whose entry this one reverses; null otherwise.
    pub reverses_id: Option<Uuid>,
    /// The failed transfer that this one tries again; null otherwise.
    pub retries_id: Option<Uuid>,
    /// What it has beyond a plain transfer, a [`Terms`]; null for a plain one.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub terms: Option<Json>,
    /// Which version of the saga runs it.
    pub saga_version: i16,
    /// When it was written down, by the database's clock.
    pub created_at: DateTimeUtc,
    /// When its status changed last; `created_at` before the first change.
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What sort of transfer.
    pub fn kind(&self) -> Result<TransferKind, InvalidRow> {
        word(TABLE, "kind", &self.kind)
    }

    /// How it stands.
    pub fn status(&self) -> Result<TransferStatus, InvalidRow> {
        word(TABLE, "status", &self.status)
    }

    /// The currency it moves.
    pub fn currency(&self) -> Result<Currency, InvalidRow> {
        word(TABLE, "currency", &self.currency)
    }

    /// What it has beyond a plain transfer; none for a plain one.
    pub fn terms(&self) -> Result<Option<Terms>, InvalidRow> {
        self.terms.as_ref().map(|json| from_json(TABLE, "terms", json)).transpose()
    }

    /// Why it ended badly or is stuck; none otherwise.
    pub fn failure(&self) -> Result<Option<Failure>, InvalidRow> {
        failure(
            TABLE,
            self.failure_class.as_deref(),
            self.failure_code.as_deref(),
            self.failure_detail.as_deref(),
        )
    }
}

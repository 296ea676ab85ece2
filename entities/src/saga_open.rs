//! The working rows of sagas that are not at their end.

use domain::failure::{Failure, FailureClass};
use domain::group::OpenTransfer;
use domain::ids::{TransferId, WalletId};
use domain::money::{Amount, MinorUnits};
use domain::saga::StuckReason;
use sea_orm::entity::prelude::*;

use crate::row::{InvalidRow, count, from_json, word};

const TABLE: &str = "saga_open";

/// Inserted at intake, deleted at the end; its row lock is the lock of the transfer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "saga_open")]
pub struct Model {
    /// The transfer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub transfer_id: Uuid,
    /// A [`domain::transfer::TransferKind`].
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// Null for a deposit until a lane has chosen its own shard of the cash wallet.
    pub source_wallet_id: Option<Uuid>,
    /// Where the money goes.
    pub destination_wallet_id: Uuid,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// ISO 4217 code.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    /// Of the request that began it; null when there was none.
    #[sea_orm(column_type = "Text", nullable)]
    pub correlation_id: Option<String>,
    /// W3C trace context of that request; null when there was none.
    #[sea_orm(column_type = "Text", nullable)]
    pub traceparent: Option<String>,
    /// A [`domain::saga::Step`]: the one to run next, or whose undo is next.
    #[sea_orm(column_type = "Text")]
    pub step: String,
    /// Tries of the step already used; 0 before the first.
    pub attempt: i16,
    /// Times it was run apart after its process had died, written before each such run.
    pub crash_count: i16,
    /// The undo of the step is next, not the step.
    pub undo: bool,
    /// What made it turn back; null while it goes forward.
    #[sea_orm(column_type = "Text", nullable)]
    pub undo_class: Option<String>,
    /// What made it turn back; null while it goes forward.
    #[sea_orm(column_type = "Text", nullable)]
    pub undo_code: Option<String>,
    /// What made it turn back; null while it goes forward.
    #[sea_orm(column_type = "Text", nullable)]
    pub undo_detail: Option<String>,
    /// What its hold reserves in the source wallet now, in minor units.
    pub hold_minor: i64,
    /// The day on which limits count it; null before its screening, and when no limit concerned it.
    pub limit_day: Option<Date>,
    /// Lines written to its step log so far.
    pub log_seq: i16,
    /// When it is to run; in the past when it is due.
    pub due_at: DateTimeUtc,
    /// When the keeper last gave it a new job; null when it never had to.
    pub swept_at: Option<DateTimeUtc>,
    /// The outside event it waits for; null when it only waits for `due_at`.
    #[sea_orm(column_type = "Text", nullable)]
    pub waiting_for: Option<String>,
    /// A [`StuckReason`]: why it waits for a person; null otherwise.
    #[sea_orm(column_type = "Text", nullable)]
    pub parked_reason: Option<String>,
    /// What it has beyond a plain transfer, a [`Terms`](domain::terms::Terms); null for a plain one.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub terms: Option<Json>,
    /// What has come from outside for its step, an [`Answer`](domain::answer::Answer); null otherwise.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub answer: Option<Json>,
    /// Calls made for the step so far, written before each of them.
    pub call_count: i16,
    /// It came with many others and may wait behind what came alone; never changed.
    pub bulk: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Why it waits for a person, if it does.
    pub fn parked_reason(&self) -> Result<Option<StuckReason>, InvalidRow> {
        self.parked_reason.as_deref().map(|text| word(TABLE, "parked_reason", text)).transpose()
    }

    fn undo_of(&self) -> Result<Option<Failure>, InvalidRow> {
        let Some(code) = self.undo_code.as_deref().filter(|_| self.undo) else {
            return Ok(None);
        };
        let class: FailureClass =
            word(TABLE, "undo_class", self.undo_class.as_deref().unwrap_or_default())?;
        let detail = self.undo_detail.as_deref().unwrap_or_default();
        Ok(Some(Failure::new(class, code, detail)))
    }
}

impl TryFrom<&Model> for OpenTransfer {
    type Error = InvalidRow;

    fn try_from(row: &Model) -> Result<Self, InvalidRow> {
        let amount = Amount::new(row.amount_minor).map_err(|_| InvalidRow {
            table: TABLE,
            column: "amount_minor",
            value: row.amount_minor.to_string(),
        })?;
        Ok(Self {
            id: TransferId(row.transfer_id),
            kind: word(TABLE, "kind", &row.kind)?,
            source: row.source_wallet_id.map(WalletId),
            destination: WalletId(row.destination_wallet_id),
            amount,
            currency: word(TABLE, "currency", &row.currency)?,
            step: word(TABLE, "step", &row.step)?,
            attempt: count(TABLE, "attempt", row.attempt.into())?,
            undo_of: row.undo_of()?,
            hold: MinorUnits(row.hold_minor),
            limit_day: row.limit_day,
            log_seq: count(TABLE, "log_seq", row.log_seq.into())?,
            terms: row.terms.as_ref().map(|json| from_json(TABLE, "terms", json)).transpose()?,
            answer: row.answer.as_ref().map(|json| from_json(TABLE, "answer", json)).transpose()?,
            call_count: count(TABLE, "call_count", row.call_count.into())?,
        })
    }
}

//! Plans to look at: how they stand, what was forecast, and the receipt.

use domain::group::Outlook;
use domain::ids::PlanId;
use domain::plan::{ItemStatus, PlanStatus};
use sqlx::{PgPool, Row};

use super::{Item, Plan, rows};
use crate::StoreError;

/// Which items of a plan.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// How they stand.
    pub status: Option<ItemStatus>,
    /// What was forecast of them.
    pub outlook: Option<Outlook>,
    /// After this position.
    pub after: u32,
}

/// What was forecast of so many items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForecastLine {
    /// How they would end.
    pub outlook: Outlook,
    /// Code of what would go wrong.
    pub code: Option<String>,
    /// Of what the money is.
    pub currency: String,
    /// How many.
    pub count: i64,
    /// What they want to move in minor units, as text: a sum may pass 64 bits.
    pub amount_minor: String,
    /// What their holds keep reserved in minor units, as text.
    pub held_minor: String,
}

/// What became of so many items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptLine {
    /// How they stand.
    pub status: ItemStatus,
    /// Why they were passed over, the failure code of their bad end, or the fingerprint of their new dead letter.
    pub code: Option<String>,
    /// Of what the money is.
    pub currency: String,
    /// How many.
    pub count: i64,
    /// What they want to move, or have moved, in minor units, as text.
    pub amount_minor: String,
    /// How many of them ended as forecast.
    pub as_forecast: i64,
}

/// One plan.
pub async fn get(pool: &PgPool, id: PlanId) -> Result<Option<Plan>, StoreError> {
    let row = sqlx::query("SELECT * FROM redrive_plan WHERE id = $1").bind(id.0);
    row.fetch_optional(pool).await?.as_ref().map(rows::plan).transpose()
}

/// Plans, newest first.
pub async fn list(
    pool: &PgPool,
    status: Option<PlanStatus>,
    before: Option<PlanId>,
    limit: u64,
) -> Result<Vec<Plan>, StoreError> {
    let found = sqlx::query(include_str!("read/list.sql"))
        .bind(status.map(PlanStatus::as_str))
        .bind(before.map(|id| id.0))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await?;
    found.iter().map(rows::plan).collect()
}

/// Items of a plan in their order.
pub async fn items(
    pool: &PgPool,
    id: PlanId,
    filter: Filter,
    limit: u64,
) -> Result<Vec<Item>, StoreError> {
    let found = sqlx::query(include_str!("read/items.sql"))
        .bind(id.0)
        .bind(filter.status.map(ItemStatus::as_str))
        .bind(filter.outlook.map(Outlook::as_str))
        .bind(i64::from(filter.after))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await?;
    found.iter().map(rows::item).collect()
}

/// What the rules said when the plan was made, the most frequent first.
pub async fn forecast(pool: &PgPool, id: PlanId) -> Result<Vec<ForecastLine>, StoreError> {
    let found = sqlx::query(include_str!("read/forecast.sql")).bind(id.0).fetch_all(pool).await?;
    let line = |row| -> Result<ForecastLine, StoreError> {
        Ok(ForecastLine {
            outlook: rows::word(row, "outlook")?,
            code: Row::try_get(row, "outlook_code")?,
            currency: Row::try_get(row, "currency")?,
            count: Row::try_get(row, "count")?,
            amount_minor: Row::try_get(row, "amount_minor")?,
            held_minor: Row::try_get(row, "held_minor")?,
        })
    };
    found.iter().map(line).collect()
}

/// What became of the items so far, the most frequent first.
pub async fn receipt(pool: &PgPool, id: PlanId) -> Result<Vec<ReceiptLine>, StoreError> {
    let found = sqlx::query(include_str!("read/receipt.sql")).bind(id.0).fetch_all(pool).await?;
    let line = |row| -> Result<ReceiptLine, StoreError> {
        Ok(ReceiptLine {
            status: rows::word(row, "status")?,
            code: Row::try_get(row, "outcome_code")?,
            currency: Row::try_get(row, "currency")?,
            count: Row::try_get(row, "count")?,
            amount_minor: Row::try_get(row, "amount_minor")?,
            as_forecast: Row::try_get(row, "as_forecast")?,
        })
    };
    found.iter().map(line).collect()
}

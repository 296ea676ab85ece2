//! The limits that concern wallets.

use chrono::{DateTime, Utc};
use domain::ids::WalletId;
use domain::limit::{Limit, LimitedWallet, Subject, TimeZone};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::word;
use crate::StoreError;

/// Those of `ids` that limits concern, with all of these, and with what day it is at `now`.
/// Read under the wallets' locks it stays so until they are released.
pub(crate) async fn rules_in_tx(
    connection: &mut PgConnection,
    ids: &[WalletId],
    now: DateTime<Utc>,
) -> Result<Vec<LimitedWallet>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query(include_str!("rules.sql")).bind(ids).fetch_all(connection).await?;
    let mut wallets: Vec<LimitedWallet> = Vec::new();
    for row in &rows {
        let (id, limit) = (WalletId(row.try_get("wallet_id")?), limit(row)?);
        if let Some(last) = wallets.last_mut().filter(|last| last.id == id) {
            last.limits.push(limit);
            continue;
        }
        let zone: TimeZone = word(row, "time_zone")?;
        wallets.push(LimitedWallet { id, zone, today: zone.day_of(now), limits: vec![limit] });
    }
    Ok(wallets)
}

/// The rule in a row of `transfer_limit`.
pub(super) fn limit(row: &PgRow) -> Result<Limit, StoreError> {
    let subject = Subject {
        scope: word(row, "scope")?,
        id: row.try_get("subject")?,
        currency: word(row, "currency")?,
    };
    Ok(Limit {
        subject,
        period: word(row, "period")?,
        unit: word(row, "unit")?,
        value: row.try_get("value")?,
    })
}

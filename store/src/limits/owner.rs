//! What is set for an owner: the time zone of its days and months.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::limit::{Subject, TimeZone};
use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};

use super::seed::Seed;
use super::set::{lock_owner_in_tx, lock_wallets_in_tx, wallets_in_tx};
use super::word;
use crate::StoreError;
use crate::operator_audit::{self, Act};
use crate::operators::Operator;

/// What is set for an owner. Whoever nobody has set anything for has the defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerSetting {
    /// The owner, in the client's words.
    pub owner_id: String,
    /// Where its days and months begin and end.
    pub zone: TimeZone,
    /// The last change; none when there was none.
    pub change: Option<Change>,
}

/// A change of what is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What is set for an owner.
pub async fn owner_setting(pool: &PgPool, owner_id: &str) -> Result<OwnerSetting, StoreError> {
    let mut connection = pool.acquire().await?;
    setting_in_tx(&mut connection, owner_id).await
}

/// The owner's time zone.
pub(super) async fn zone_in_tx(
    connection: &mut PgConnection,
    owner_id: &str,
) -> Result<TimeZone, StoreError> {
    Ok(setting_in_tx(connection, owner_id).await?.zone)
}

async fn setting_in_tx(
    connection: &mut PgConnection,
    owner_id: &str,
) -> Result<OwnerSetting, StoreError> {
    let row = sqlx::query("SELECT * FROM owner_setting WHERE owner_id = $1")
        .bind(owner_id)
        .fetch_optional(connection)
        .await?;
    let (zone, change) = match &row {
        None => (TimeZone::default(), None),
        Some(row) => (word(row, "time_zone")?, Some(change(row)?)),
    };
    Ok(OwnerSetting { owner_id: owner_id.to_owned(), zone, change })
}

fn change(row: &PgRow) -> Result<Change, StoreError> {
    Ok(Change {
        reason: row.try_get("reason")?,
        by: row.try_get("changed_by")?,
        at: row.try_get("changed_at")?,
    })
}

/// Sets where an owner's days and months begin and end. The present ones are cut anew, and what
/// was sent in them is counted again. One that is so already stays as it is, and nothing is
/// written, so that the same request can be sent again.
pub async fn set_time_zone(
    pool: &PgPool,
    actor: &Operator,
    owner_id: &str,
    zone: TimeZone,
    reason: &str,
) -> Result<OwnerSetting, StoreError> {
    let mut tx = pool.begin().await?;
    lock_owner_in_tx(&mut tx, owner_id).await?;
    let before = setting_in_tx(&mut tx, owner_id).await?;
    if before.zone == zone {
        tx.rollback().await?;
        return Ok(before);
    }
    let mut wallets = BTreeSet::new();
    let mut seeds = Vec::new();
    for subject in subjects_in_tx(&mut tx, owner_id).await? {
        let counted = wallets_in_tx(&mut tx, &subject).await?;
        seeds.push(Seed::begin(&mut tx, subject, &counted, zone).await?);
        wallets.extend(counted);
    }
    let now = lock_wallets_in_tx(&mut tx, &wallets).await?;
    let row = sqlx::query(include_str!("write_setting.sql"))
        .bind(owner_id)
        .bind(zone.to_string())
        .bind(reason)
        .bind(&actor.name)
        .bind(now)
        .fetch_one(&mut *tx)
        .await?;
    let after = OwnerSetting { owner_id: owner_id.to_owned(), zone, change: Some(change(&row)?) };
    for seed in seeds {
        seed.finish(&mut tx, zone, now).await?;
    }
    let act = Act {
        actor,
        action: "owner.set_time_zone",
        subject: format!("owner:{owner_id}"),
        reason,
        before: json!({"time_zone": before.zone.to_string()}),
        after: json!({"time_zone": zone.to_string()}),
    };
    operator_audit::record_in_tx(&mut tx, &act).await?;
    tx.commit().await?;
    Ok(after)
}

/// Everybody of this owner whose usage is counted: itself and its wallets, in each currency.
async fn subjects_in_tx(
    connection: &mut PgConnection,
    owner_id: &str,
) -> Result<Vec<Subject>, StoreError> {
    let rows = sqlx::query(
        "SELECT DISTINCT scope, subject, currency FROM transfer_limit
         WHERE owner_id = $1 ORDER BY scope, subject, currency",
    )
    .bind(owner_id)
    .fetch_all(connection)
    .await?;
    let mut subjects = Vec::with_capacity(rows.len());
    for row in &rows {
        subjects.push(Subject {
            scope: word(row, "scope")?,
            id: row.try_get("subject")?,
            currency: word(row, "currency")?,
        });
    }
    Ok(subjects)
}

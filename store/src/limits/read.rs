//! Limits as they stand: what is used, what is left, and when it frees.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{LimitId, WalletId};
use domain::limit::{Limit, TimeZone, Usage, Window};
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, PgPool, Row};

use super::owner::Change;
use super::rules::limit;
use super::{LimitError, Wanted, usage, wallet_in_tx, word};
use crate::StoreError;

/// Which limits, and how many of them.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// Only those that concern this wallet: its own, and its owner's in its currency.
    pub wallet: Option<WalletId>,
    /// Only this owner's, and those of its wallets.
    pub owner_id: Option<String>,
    /// Only those set for the first time before this one.
    pub before: Option<LimitId>,
    /// At most this many.
    pub limit: u64,
}

/// Limits, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The limits.
    pub limits: Vec<Standing>,
    /// Where the next page begins; none at the end.
    pub before: Option<LimitId>,
    /// The moment that all of it is of.
    pub at: DateTime<Utc>,
}

/// A limit as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its id.
    pub id: LimitId,
    /// The rule.
    pub limit: Limit,
    /// The owner, of a wallet's limit too.
    pub owner_id: String,
    /// In which its days and months are counted.
    pub zone: TimeZone,
    /// How much of it is used; none for a limit a transfer.
    pub used: Option<i64>,
    /// How much of it is left; all of it for a limit a transfer.
    pub left: i64,
    /// When all of it is free again; none for a limit a transfer.
    pub frees_at: Option<DateTime<Utc>>,
    /// Its last change.
    pub change: Change,
}

/// Limits with their usage now, as one moment shows them.
pub async fn list(pool: &PgPool, query: &ListQuery) -> Result<Page, LimitError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let page = page_in_tx(&mut tx, query).await;
    tx.rollback().await?;
    page
}

/// One limit as it stands now; none when it is not set.
pub(super) async fn get_in_tx(
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Option<Standing>, StoreError> {
    let row = sqlx::query(include_str!("get.sql"))
        .bind(wanted.subject.scope.as_str())
        .bind(&wanted.subject.id)
        .bind(wanted.subject.currency.to_string())
        .bind(wanted.period.as_str())
        .bind(wanted.unit.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let at = row.try_get("at")?;
    Ok(standing_in_tx(connection, &[row], at).await?.pop())
}

async fn page_in_tx(connection: &mut PgConnection, query: &ListQuery) -> Result<Page, LimitError> {
    let mut concerned = None;
    if let Some(wallet) = query.wallet {
        concerned = Some(wallet_in_tx(connection, wallet).await?);
    }
    let (owner_id, currency) = concerned.unzip();
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let mut rows = sqlx::query(include_str!("list.sql"))
        .bind(query.owner_id.as_deref())
        .bind(query.wallet.map(|id| id.to_string()))
        .bind(owner_id)
        .bind(currency.map(|one| one.to_string()))
        .bind(query.before.map(|id| id.0))
        .bind(limit.saturating_add(1))
        .fetch_all(&mut *connection)
        .await?;
    let at = sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&mut *connection).await?;
    let more = rows.len() > usize::try_from(query.limit).unwrap_or(usize::MAX);
    if more {
        rows.pop();
    }
    let limits = standing_in_tx(connection, &rows, at).await?;
    let before = limits.last().filter(|_| more).map(|last| last.id);
    Ok(Page { limits, before, at })
}

async fn standing_in_tx(
    connection: &mut PgConnection,
    rows: &[PgRow],
    at: DateTime<Utc>,
) -> Result<Vec<Standing>, StoreError> {
    let mut limits: Vec<(&PgRow, Limit, TimeZone, NaiveDate)> = Vec::with_capacity(rows.len());
    for row in rows {
        let zone: TimeZone = word(row, "time_zone")?;
        limits.push((row, limit(row)?, zone, zone.day_of(at)));
    }
    let windows: BTreeSet<Window> =
        limits.iter().filter_map(|(_, limit, _, today)| limit.window(*today)).collect();
    let usage: BTreeMap<Window, Usage> =
        usage::read_in_tx(connection, &windows.iter().collect::<Vec<_>>())
            .await?
            .into_iter()
            .collect();
    let mut standing = Vec::with_capacity(limits.len());
    for (row, limit, zone, today) in limits {
        let window = limit.window(today);
        let is_counted = window.is_some();
        let used = window.and_then(|window| usage.get(&window).copied()).unwrap_or_default();
        standing.push(Standing {
            id: LimitId(row.try_get("id")?),
            owner_id: row.try_get("owner_id")?,
            zone,
            used: is_counted.then(|| limit.used(used)),
            left: limit.left(used),
            frees_at: limit.frees_at(zone, today),
            change: Change {
                reason: row.try_get("reason")?,
                by: row.try_get("set_by")?,
                at: row.try_get("set_at")?,
            },
            limit,
        });
    }
    Ok(standing)
}

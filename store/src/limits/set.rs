//! How operators change limits.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::ids::WalletId;
use domain::limit::{LimitPeriod, LimitScope, LimitUnit, Subject};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use super::seed::Seed;
use super::{LimitError, Standing, owner, read, wallet_in_tx};
use crate::StoreError;
use crate::operator_audit::{self, Act};
use crate::operators::Operator;

/// A limit as an operator wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Whose.
    pub subject: Subject,
    /// Over what.
    pub period: LimitPeriod,
    /// What it counts.
    pub unit: LimitUnit,
    /// The most that is allowed; none takes the limit away.
    pub value: Option<i64>,
}

impl Wanted {
    fn audited(&self, value: Option<i64>) -> Value {
        json!({
            "currency": self.subject.currency,
            "period": self.period,
            "unit": self.unit,
            "value": value,
        })
    }
}

/// Sets a limit or takes it away. One that is so already stays as it is, and nothing is written,
/// so that the same request can be sent again. It holds for every transfer that is screened after
/// the commit. Returns the limit as it stands then; none when there is none.
pub async fn set(
    pool: &PgPool,
    actor: &Operator,
    wanted: &Wanted,
    reason: &str,
) -> Result<Option<Standing>, LimitError> {
    let mut tx = pool.begin().await?;
    let owner_id = owner_of_in_tx(&mut tx, &wanted.subject).await?;
    lock_owner_in_tx(&mut tx, &owner_id).await?;
    let before = value_in_tx(&mut tx, wanted).await?;
    if before == wanted.value {
        let standing = read::get_in_tx(&mut tx, wanted).await?;
        tx.rollback().await?;
        return Ok(standing);
    }
    let zone = owner::zone_in_tx(&mut tx, &owner_id).await?;
    let wallets = wallets_in_tx(&mut tx, &wanted.subject).await?;
    let seed = if has_limits_in_tx(&mut tx, &wanted.subject).await? {
        None
    } else {
        Some(Seed::begin(&mut tx, wanted.subject.clone(), &wallets, zone).await?)
    };
    let now = lock_wallets_in_tx(&mut tx, &wallets).await?;
    match wanted.value {
        Some(value) => {
            write_in_tx(&mut tx, wanted, value, (&owner_id, actor, reason), now).await?;
        }
        None => remove_in_tx(&mut tx, wanted).await?,
    }
    if let Some(seed) = seed {
        seed.finish(&mut tx, zone, now).await?;
    }
    flag_in_tx(&mut tx, &wallets).await?;
    let standing = read::get_in_tx(&mut tx, wanted).await?;
    let act = Act {
        actor,
        action: if wanted.value.is_some() { "limit.set" } else { "limit.remove" },
        subject: format!("{}:{}", wanted.subject.scope, wanted.subject.id),
        reason,
        before: wanted.audited(before),
        after: wanted.audited(wanted.value),
    };
    operator_audit::record_in_tx(&mut tx, &act).await?;
    tx.commit().await?;
    Ok(standing)
}

/// Keeps changes of one owner's limits apart, and wallets from being opened for it meanwhile.
pub(super) async fn lock_owner_in_tx(
    connection: &mut PgConnection,
    owner_id: &str,
) -> Result<(), StoreError> {
    // The number sets these locks apart from others of their kind; newcomer.rs has it too.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 17))")
        .bind(owner_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// The wallets whose transfers are counted for a subject.
pub(super) async fn wallets_in_tx(
    connection: &mut PgConnection,
    subject: &Subject,
) -> Result<BTreeSet<WalletId>, StoreError> {
    if subject.scope == LimitScope::Wallet {
        return Ok(wallet_of(subject).into_iter().collect());
    }
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "SELECT id FROM wallet WHERE owner_id = $1 AND currency = $2 AND kind = 'customer'",
    )
    .bind(&subject.id)
    .bind(subject.currency.to_string())
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(WalletId).collect())
}

/// Locks hot rows, as lanes do; returns the time after the last lock.
pub(super) async fn lock_wallets_in_tx(
    connection: &mut PgConnection,
    wallets: &BTreeSet<WalletId>,
) -> Result<DateTime<Utc>, StoreError> {
    let ids: Vec<Uuid> = wallets.iter().map(|id| id.0).collect();
    let row = sqlx::query(include_str!("lock_wallets.sql")).bind(ids).fetch_one(connection).await?;
    Ok(row.try_get("locked_at")?)
}

/// The wallet that a subject of that scope names; none when it is no id.
fn wallet_of(subject: &Subject) -> Option<WalletId> {
    subject.id.parse().ok()
}

/// Whose limits they are. A wallet must be there and count the limit's currency; an owner may
/// have a limit before its first wallet.
async fn owner_of_in_tx(
    connection: &mut PgConnection,
    subject: &Subject,
) -> Result<String, LimitError> {
    if subject.scope == LimitScope::Owner {
        return Ok(subject.id.clone());
    }
    let wallet = wallet_of(subject).ok_or(LimitError::WalletNotFound)?;
    let (owner_id, counts) = wallet_in_tx(connection, wallet).await?;
    if counts != subject.currency {
        return Err(LimitError::CurrencyMismatch { counts });
    }
    Ok(owner_id)
}

async fn value_in_tx(
    connection: &mut PgConnection,
    wanted: &Wanted,
) -> Result<Option<i64>, StoreError> {
    let value = sqlx::query_scalar(
        "SELECT value FROM transfer_limit
         WHERE scope = $1 AND subject = $2 AND currency = $3 AND period = $4 AND unit = $5",
    )
    .bind(wanted.subject.scope.as_str())
    .bind(&wanted.subject.id)
    .bind(wanted.subject.currency.to_string())
    .bind(wanted.period.as_str())
    .bind(wanted.unit.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(value)
}

/// Whether the subject has any limit, so that its usage is being counted.
async fn has_limits_in_tx(
    connection: &mut PgConnection,
    subject: &Subject,
) -> Result<bool, StoreError> {
    let any = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM transfer_limit WHERE scope = $1 AND subject = $2 AND currency = $3)",
    )
    .bind(subject.scope.as_str())
    .bind(&subject.id)
    .bind(subject.currency.to_string())
    .fetch_one(connection)
    .await?;
    Ok(any)
}

async fn write_in_tx(
    connection: &mut PgConnection,
    wanted: &Wanted,
    value: i64,
    (owner_id, actor, reason): (&str, &Operator, &str),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(include_str!("write.sql"))
        .bind(Uuid::now_v7())
        .bind(wanted.subject.scope.as_str())
        .bind(&wanted.subject.id)
        .bind(owner_id)
        .bind(wanted.subject.currency.to_string())
        .bind(wanted.period.as_str())
        .bind(wanted.unit.as_str())
        .bind(value)
        .bind(reason)
        .bind(&actor.name)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes the limit away, and with the last one of its subject what was counted.
async fn remove_in_tx(connection: &mut PgConnection, wanted: &Wanted) -> Result<(), StoreError> {
    let subject = &wanted.subject;
    sqlx::query(
        "DELETE FROM transfer_limit
         WHERE scope = $1 AND subject = $2 AND currency = $3 AND period = $4 AND unit = $5",
    )
    .bind(subject.scope.as_str())
    .bind(&subject.id)
    .bind(subject.currency.to_string())
    .bind(wanted.period.as_str())
    .bind(wanted.unit.as_str())
    .execute(&mut *connection)
    .await?;
    if !has_limits_in_tx(&mut *connection, subject).await? {
        sqlx::query("DELETE FROM limit_window WHERE scope = $1 AND subject = $2 AND currency = $3")
            .bind(subject.scope.as_str())
            .bind(&subject.id)
            .bind(subject.currency.to_string())
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Says in the hot rows whether any limit concerns these wallets.
async fn flag_in_tx(
    connection: &mut PgConnection,
    wallets: &BTreeSet<WalletId>,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = wallets.iter().map(|id| id.0).collect();
    sqlx::query(include_str!("flag.sql")).bind(ids).execute(connection).await?;
    Ok(())
}

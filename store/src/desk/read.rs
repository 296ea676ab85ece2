//! Dead letters to look at.

use chrono::{DateTime, Utc};
use domain::dead_letter::DeadLetterStatus;
use domain::failure::{Failure, FailureClass};
use domain::ids::{DeadLetterId, TransferId, WalletId};
use domain::money::Currency;
use domain::saga::{Step, StuckReason};
use domain::transfer::TransferKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use super::parked::{corrupt, failure};
use crate::StoreError;

/// A saga that gave up.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// Its id.
    pub id: DeadLetterId,
    /// The transfer that is stuck, or was.
    pub transfer_id: TransferId,
    /// How it stands.
    pub status: DeadLetterStatus,
    /// Why the saga gave up.
    pub reason: String,
    /// The step where it stands.
    pub step: String,
    /// Whether the undo of that step gave up, not the step.
    pub undo: bool,
    /// The last failure.
    pub failure: Failure,
    /// Same cause, same text.
    pub fingerprint: String,
    /// Tries of the step before it gave up.
    pub attempt_count: i32,
    /// Where the money comes from; null for a deposit without a shard.
    pub source_wallet_id: Option<WalletId>,
    /// Where it goes.
    pub destination_wallet_id: WalletId,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// Of what.
    pub currency: String,
    /// What its hold kept reserved when it gave up, in minor units.
    pub held_minor: i64,
    /// What the client sent.
    pub payload: Value,
    /// Ties together everything that the request caused.
    pub correlation_id: Option<String>,
    /// When it gave up.
    pub opened_at: DateTime<Utc>,
    /// When a person closed it; null while open.
    pub closed_at: Option<DateTime<Utc>>,
    /// Name of the operator who closed it; null while open.
    pub closed_by: Option<String>,
    /// Why, in the operator's words; null while open.
    pub closed_reason: Option<String>,
    /// What proves outside how it ended; null unless resolved.
    pub evidence: Option<String>,
}

impl DeadLetter {
    /// Whether nobody has decided about it yet.
    pub fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }
}

/// Which dead letters: those that fit everything that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// How they stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<DeadLetterStatus>,
    /// Which saga gave up: there is one for each kind of transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saga: Option<TransferKind>,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// Class of the last failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_class: Option<FailureClass>,
    /// Same cause: step/class/code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Source or destination.
    #[serde(rename = "wallet_id", skip_serializing_if = "Option::is_none")]
    pub wallet: Option<WalletId>,
    /// Why it gave up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<StuckReason>,
    /// Gave up at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened_from: Option<DateTime<Utc>>,
    /// Gave up before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened_to: Option<DateTime<Utc>>,
    /// At least this much, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_min: Option<i64>,
    /// At most this much, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_max: Option<i64>,
    /// Of what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Older than this one: where a page begins, and no part of the question.
    #[serde(skip)]
    pub before: Option<DeadLetterId>,
}

/// Open dead letters with the same cause, in one currency.
#[derive(Debug, Clone)]
pub struct Group {
    /// The cause: step/class/code.
    pub fingerprint: String,
    /// Of what the money is.
    pub currency: String,
    /// How many.
    pub count: i64,
    /// What their holds keep reserved, in minor units, as text: a sum may pass 64 bits.
    pub held_minor: String,
    /// What they wanted to move, in minor units, as text.
    pub amount_minor: String,
    /// Source wallets concerned.
    pub wallet_count: i64,
    /// The oldest.
    pub oldest_at: DateTime<Utc>,
    /// The newest.
    pub newest_at: DateTime<Utc>,
}

/// One dead letter.
pub async fn get(pool: &PgPool, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
    let mut connection = pool.acquire().await?;
    get_in_tx(&mut connection, id).await
}

pub(super) async fn get_in_tx(
    connection: &mut PgConnection,
    id: DeadLetterId,
) -> Result<Option<DeadLetter>, StoreError> {
    let row = sqlx::query("SELECT * FROM dead_letter WHERE id = $1").bind(id.0);
    row.fetch_optional(connection).await?.as_ref().map(dead_letter).transpose()
}

/// All dead letters of one transfer, newest first.
pub async fn of_transfer(pool: &PgPool, id: TransferId) -> Result<Vec<DeadLetter>, StoreError> {
    let rows = sqlx::query("SELECT * FROM dead_letter WHERE transfer_id = $1 ORDER BY id DESC");
    rows.bind(id.0).fetch_all(pool).await?.iter().map(dead_letter).collect()
}

/// Dead letters, newest first.
pub async fn list(
    pool: &PgPool,
    filter: &Filter,
    limit: u64,
) -> Result<Vec<DeadLetter>, StoreError> {
    list_in_tx(&mut *pool.acquire().await?, filter, limit).await
}

/// The same on a connection of the caller's.
pub(crate) async fn list_in_tx(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: u64,
) -> Result<Vec<DeadLetter>, StoreError> {
    let rows = sqlx::query(include_str!("read/list.sql"))
        .bind(filter.status.map(DeadLetterStatus::as_str))
        .bind(filter.saga.map(TransferKind::as_str))
        .bind(filter.step.map(Step::as_str))
        .bind(filter.failure_class.map(FailureClass::as_str))
        .bind(&filter.fingerprint)
        .bind(filter.wallet.map(|id| id.0))
        .bind(filter.reason.map(StuckReason::as_str))
        .bind(filter.opened_from)
        .bind(filter.opened_to)
        .bind(filter.amount_min)
        .bind(filter.amount_max)
        .bind(filter.currency.map(|currency| currency.as_str().to_owned()))
        .bind(filter.before.map(|id| id.0))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await?;
    rows.iter().map(dead_letter).collect()
}

/// Those of `ids` that exist, open or not.
pub(crate) async fn by_ids_in_tx(
    connection: &mut PgConnection,
    ids: &[DeadLetterId],
) -> Result<Vec<DeadLetter>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query("SELECT * FROM dead_letter WHERE id = ANY($1)").bind(ids);
    rows.fetch_all(connection).await?.iter().map(dead_letter).collect()
}

/// Open dead letters by cause and currency, the most money held first.
pub async fn groups(pool: &PgPool) -> Result<Vec<Group>, StoreError> {
    let rows = sqlx::query(include_str!("read/groups.sql")).fetch_all(pool).await?;
    let group = |row: &PgRow| -> Result<Group, StoreError> {
        Ok(Group {
            fingerprint: row.try_get("fingerprint")?,
            currency: row.try_get("currency")?,
            count: row.try_get("count")?,
            held_minor: row.try_get("held_minor")?,
            amount_minor: row.try_get("amount_minor")?,
            wallet_count: row.try_get("wallet_count")?,
            oldest_at: row.try_get("oldest_at")?,
            newest_at: row.try_get("newest_at")?,
        })
    };
    rows.iter().map(group).collect()
}

fn dead_letter(row: &PgRow) -> Result<DeadLetter, StoreError> {
    Ok(DeadLetter {
        id: DeadLetterId(row.try_get("id")?),
        transfer_id: TransferId(row.try_get("transfer_id")?),
        status: row.try_get::<&str, _>("status")?.parse().map_err(corrupt)?,
        reason: row.try_get("reason")?,
        step: row.try_get("step")?,
        undo: row.try_get("undo")?,
        failure: failure(row)?,
        fingerprint: row.try_get("fingerprint")?,
        attempt_count: row.try_get("attempt_count")?,
        source_wallet_id: row.try_get::<Option<Uuid>, _>("source_wallet_id")?.map(WalletId),
        destination_wallet_id: WalletId(row.try_get("destination_wallet_id")?),
        amount_minor: row.try_get("amount_minor")?,
        currency: row.try_get("currency")?,
        held_minor: row.try_get("held_minor")?,
        payload: row.try_get("payload")?,
        correlation_id: row.try_get("correlation_id")?,
        opened_at: row.try_get("opened_at")?,
        closed_at: row.try_get("closed_at")?,
        closed_by: row.try_get("closed_by")?,
        closed_reason: row.try_get("closed_reason")?,
        evidence: row.try_get("evidence")?,
    })
}

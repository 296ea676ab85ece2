//! Transfers as clients see them: one with its steps, lists, and the status of many at once.

use chrono::{DateTime, Utc};
use domain::failure::Failure;
use domain::group::LogLine;
use domain::idempotency::IdempotencyKey;
use domain::ids::{EntryId, TransferId, WalletId};
use domain::money::{Currency, MinorUnits};
use domain::terms::Terms;
use domain::transfer::{TransferKind, TransferStatus};
use entities::{idempotency_key, saga_step, transfer};
use sea_orm::sea_query::Alias;
use sea_orm::{ColumnTrait, EntityName, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::idempotency::key_hash;
use crate::{StoreError, orm};

mod list;
mod many;
pub use list::{LOOKED_AT_FOR_CLIENTS, LOOKED_AT_FOR_OPERATORS, ListQuery, Page, list};
pub use many::{Pulse, many, pulses, steps_of_many};

/// A transfer as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Its id; made at intake, so it holds the time of that.
    pub id: TransferId,
    /// What sort of transfer.
    pub kind: TransferKind,
    /// How it stands.
    pub status: TransferStatus,
    /// Where the money comes from; none for a deposit until a lane has chosen its shard.
    pub source: Option<WalletId>,
    /// Where the money goes.
    pub destination: WalletId,
    /// How much, in minor units.
    pub amount: MinorUnits,
    /// Of what.
    pub currency: Currency,
    /// The client's own text; none when none was given.
    pub reference: Option<String>,
    /// The client's own data; none when none was given.
    pub metadata: Option<serde_json::Value>,
    /// Why it ended badly or is stuck; none otherwise.
    pub failure: Option<Failure>,
    /// How a person resolved it outside; none otherwise.
    pub resolution: Option<String>,
    /// Its journal entry; none until it is settled.
    pub entry: Option<EntryId>,
    /// The transfer whose entry it reverses; none otherwise.
    pub reverses: Option<TransferId>,
    /// The failed transfer that it tries again; none otherwise.
    pub retries: Option<TransferId>,
    /// What it has beyond a plain transfer; none for a plain one.
    pub terms: Option<Terms>,
    /// Of the request that began it; none when there was none.
    pub correlation_id: Option<String>,
    /// When its status changed last.
    pub updated_at: DateTime<Utc>,
}

/// One line of a transfer's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was run, and how it went.
    pub line: LogLine,
    /// When.
    pub at: DateTime<Utc>,
}

impl TryFrom<transfer::Model> for Transfer {
    type Error = StoreError;

    fn try_from(row: transfer::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: TransferId(row.id),
            kind: row.kind()?,
            status: row.status()?,
            source: row.source_wallet_id.map(WalletId),
            destination: WalletId(row.destination_wallet_id),
            amount: MinorUnits(row.amount_minor),
            currency: row.currency()?,
            failure: row.failure()?,
            terms: row.terms()?,
            reference: row.reference,
            metadata: row.metadata,
            resolution: row.resolution,
            entry: row.entry_id.map(EntryId),
            reverses: row.reverses_id.map(TransferId),
            retries: row.retries_id.map(TransferId),
            correlation_id: row.correlation_id,
            updated_at: row.updated_at,
        })
    }
}

/// A transfer, also an archived one; none when it is unknown.
pub async fn get(pool: &PgPool, id: TransferId) -> Result<Option<Transfer>, StoreError> {
    let connection = orm::connection(pool);
    let by_id = transfer::Entity::find_by_id(id.0);
    let mut row = by_id.clone().one(&connection).await?;
    if row.is_none() {
        row = archived(by_id).one(&connection).await?;
    }
    row.map(Transfer::try_from).transpose()
}

/// The same selection from the archive, whose tables have the same columns.
fn archived(mut select: Select<transfer::Entity>) -> Select<transfer::Entity> {
    let table = Alias::new(transfer::Entity.table_name());
    QuerySelect::query(&mut select)
        .from_clear()
        .from_as((Alias::new("archive"), table.clone()), table);
    select
}

/// A transfer's timeline, oldest line first. Empty when its week of the step log was dropped.
pub async fn steps(pool: &PgPool, id: TransferId) -> Result<Vec<Step>, StoreError> {
    let rows = saga_step::Entity::find()
        .filter(saga_step::Column::TransferId.eq(id.0))
        .order_by_asc(saga_step::Column::Seq)
        .all(&orm::connection(pool))
        .await?;
    rows.iter().map(|row| Ok(Step { line: LogLine::try_from(row)?, at: row.at })).collect()
}

/// The transfer that a caller's key made; none when the key is free, or made something else.
pub async fn by_key(
    pool: &PgPool,
    caller: &str,
    key: &IdempotencyKey,
) -> Result<Option<Transfer>, StoreError> {
    let connection = orm::connection(pool);
    let hash = key_hash(caller, key);
    let Some(row) = idempotency_key::Entity::find_by_id(hash).one(&connection).await? else {
        return Ok(None);
    };
    get(pool, TransferId(row.resource_id)).await
}

/// The status of each of `ids` that exists, in one statement.
pub async fn statuses(
    pool: &PgPool,
    ids: &[TransferId],
) -> Result<Vec<(TransferId, TransferStatus)>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows =
        sqlx::query(include_str!("transfers/statuses.sql")).bind(ids).fetch_all(pool).await?;
    rows.iter()
        .map(|row| {
            let (id, status): (Uuid, String) = (row.try_get(0)?, row.try_get(1)?);
            let status = status
                .parse()
                .map_err(|_| StoreError::Corrupt(format!("transfer {id} is '{status}'")))?;
            Ok((TransferId(id), status))
        })
        .collect()
}

use std::collections::HashMap;

use domain::group::LogLine;
use domain::ids::TransferId;
use domain::transfer::TransferStatus;
use entities::{saga_step, transfer};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::{Step, Transfer, archived};
use crate::{StoreError, orm};

/// Those of `ids` that exist, archived ones too, in no order.
pub async fn many(
    pool: &PgPool,
    ids: &[TransferId],
) -> Result<HashMap<TransferId, Transfer>, StoreError> {
    let connection = orm::connection(pool);
    let picked = |ids: &[TransferId]| {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        transfer::Entity::find().filter(transfer::Column::Id.is_in(ids))
    };
    let mut found = HashMap::with_capacity(ids.len());
    for row in picked(ids).all(&connection).await? {
        found.insert(TransferId(row.id), Transfer::try_from(row)?);
    }
    let missing: Vec<TransferId> =
        ids.iter().copied().filter(|id| !found.contains_key(id)).collect();
    if !missing.is_empty() {
        for row in archived(picked(&missing)).all(&connection).await? {
            found.insert(TransferId(row.id), Transfer::try_from(row)?);
        }
    }
    Ok(found)
}

/// The timelines of several transfers, each with its oldest line first.
pub async fn steps_of_many(
    pool: &PgPool,
    ids: &[TransferId],
) -> Result<HashMap<TransferId, Vec<Step>>, StoreError> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = saga_step::Entity::find()
        .filter(saga_step::Column::TransferId.is_in(uuids))
        .order_by_asc(saga_step::Column::TransferId)
        .order_by_asc(saga_step::Column::Seq)
        .all(&orm::connection(pool))
        .await?;
    let mut steps: HashMap<TransferId, Vec<Step>> = HashMap::with_capacity(ids.len());
    for row in &rows {
        let step = Step { line: LogLine::try_from(row)?, at: row.at };
        steps.entry(TransferId(row.transfer_id)).or_default().push(step);
    }
    Ok(steps)
}

/// How a transfer stands, in few bytes: as long as this is the same, nothing has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    /// Its status.
    pub status: TransferStatus,
    /// Lines of its timeline; none once it is at its end.
    pub log_seq: Option<i16>,
}

/// The pulse of each of `ids` that exists and is not archived, in one statement.
pub async fn pulses(
    pool: &PgPool,
    ids: &[TransferId],
) -> Result<Vec<(TransferId, Pulse)>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query(include_str!("pulses.sql")).bind(ids).fetch_all(pool).await?;
    rows.iter()
        .map(|row| {
            let (id, status): (Uuid, String) = (row.try_get(0)?, row.try_get(1)?);
            let status = status
                .parse()
                .map_err(|_| StoreError::Corrupt(format!("transfer {id} is '{status}'")))?;
            Ok((TransferId(id), Pulse { status, log_seq: row.try_get(2)? }))
        })
        .collect()
}

//! What payout providers told by themselves: written down first, then given to the saga.
//!
//! A notice may come at any time: before the provider's answer to the request, after the
//! confirmation was polled, twice, or never. So [`record`] writes it down whatever the saga
//! does, and commits. What it is good for is found afterwards by whoever is there first:
//! [`apply`] right after it was written, the lane that has just begun to wait for it, the caller
//! who is about to ask the provider ([`find`]), or the keeper ([`sweep`]). The row of `saga_open` decides: only a saga that
//! waits for the confirmation takes it, once.
//!
//! Order: a notice is committed before the open row is looked at, and whoever brings a saga
//! before its confirmation has committed that before the keeper looks. So none of them can
//! miss the other for longer than the keeper's pause.

use chrono::{DateTime, Utc};
use domain::ids::TransferId;
use domain::notice::{Notice, NoticeStatus, agreed};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;

use crate::{StoreError, jobs};

/// Most payouts that one sweep looks at.
const SWEEP_ROWS_MAX: i64 = 500;
/// Most rows that one pass of the purge deletes, so that it never holds locks for long.
const PURGE_ROWS_MAX: i64 = 5_000;

/// A notice as it was received.
#[derive(Debug, Clone)]
pub struct Received {
    /// What it says.
    pub notice: Notice,
    /// The body that was signed, byte for byte.
    pub raw: String,
}

/// Writes notices down, each once however often it comes, and commits. Returns the payouts
/// that exist; a notice about anything else is not written.
pub async fn record(
    connection: &mut PgConnection,
    received: &[Received],
) -> Result<Vec<TransferId>, StoreError> {
    let notice = |read: fn(&Notice) -> &str| -> Vec<String> {
        received.iter().map(|one| read(&one.notice).to_owned()).collect()
    };
    let optional = |read: fn(&Notice) -> Option<&String>| -> Vec<Option<String>> {
        received.iter().map(|one| read(&one.notice).cloned()).collect()
    };
    let rows = sqlx::query(include_str!("notices/record.sql"))
        .bind(received.iter().map(|one| one.notice.transfer.0).collect::<Vec<Uuid>>())
        .bind(notice(|one| &one.provider))
        .bind(notice(|one| one.status.as_str()))
        .bind(notice(|one| &one.reference))
        .bind(optional(|one| one.code.as_ref()))
        .bind(optional(|one| one.detail.as_ref()))
        .bind(received.iter().map(|one| one.raw.clone()).collect::<Vec<String>>())
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok(TransferId(row.try_get(0)?))).collect()
}

/// What has been told of one payout. None when nothing was, or when it contradicts itself.
pub async fn find(
    connection: &mut PgConnection,
    id: TransferId,
) -> Result<Option<Notice>, StoreError> {
    let notices = read_in_tx(connection, &[id.0]).await?;
    Ok(agreed(&notices).cloned())
}

/// Gives what was told to those of these payouts that wait for it, with a job for each.
/// Returns them; the caller wakes a lane.
pub async fn apply(
    connection: &mut PgConnection,
    ids: &[TransferId],
) -> Result<Vec<TransferId>, StoreError> {
    let mut tx = connection.begin().await?;
    let applied = apply_in_tx(&mut tx, ids).await?;
    tx.commit().await?;
    Ok(applied)
}

/// The same for payouts that a lane has just brought before their confirmation. Most have no
/// notice yet, and that is one look.
pub(crate) async fn apply_early(
    connection: &mut PgConnection,
    ids: &[TransferId],
) -> Result<Vec<TransferId>, StoreError> {
    let told: Vec<Uuid> = sqlx::query_scalar(include_str!("notices/early.sql"))
        .bind(ids.iter().map(|id| id.0).collect::<Vec<Uuid>>())
        .fetch_all(&mut *connection)
        .await?;
    if told.is_empty() {
        return Ok(Vec::new());
    }
    let told: Vec<TransferId> = told.into_iter().map(TransferId).collect();
    apply(connection, &told).await
}

/// Finds what was told and not yet given to its saga, and does that. Returns how many
/// payouts go on by it.
pub async fn sweep(connection: &mut PgConnection) -> Result<usize, StoreError> {
    let mut tx = connection.begin().await?;
    let ids: Vec<Uuid> = sqlx::query_scalar(include_str!("notices/waiting.sql"))
        .bind(SWEEP_ROWS_MAX)
        .fetch_all(&mut *tx)
        .await?;
    if ids.is_empty() {
        tx.rollback().await?;
        return Ok(0);
    }
    let ids: Vec<TransferId> = ids.into_iter().map(TransferId).collect();
    let applied = apply_in_tx(&mut tx, &ids).await?;
    tx.commit().await?;
    Ok(applied.len())
}

/// Deletes notices that are of no more use and older than 35 days. Returns how many.
pub async fn purge(connection: &mut PgConnection) -> Result<u64, StoreError> {
    let done = sqlx::query(include_str!("notices/purge.sql"))
        .bind(PURGE_ROWS_MAX)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// Locks the open rows, reads the notices under the locks, and writes the answers.
async fn apply_in_tx(
    connection: &mut PgConnection,
    ids: &[TransferId],
) -> Result<Vec<TransferId>, StoreError> {
    let asked: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query(include_str!("notices/lock_open.sql"))
        .bind(&asked)
        .fetch_all(&mut *connection)
        .await?;
    let (mut open, mut waiting) = (Vec::new(), Vec::new());
    for row in &rows {
        let id: Uuid = row.try_get(0)?;
        open.push(id);
        if row.try_get("waits")? {
            waiting.push(id);
        }
    }
    let ended: Vec<Uuid> = asked.into_iter().filter(|id| !open.contains(id)).collect();
    let (mut answered, mut answers) = (Vec::new(), Vec::new());
    if !waiting.is_empty() {
        let notices = read_in_tx(connection, &waiting).await?;
        for about_one in notices.chunk_by(|one, next| one.transfer == next.transfer) {
            if let Some(notice) = agreed(about_one) {
                answered.push(notice.transfer.0);
                answers.push(encode(notice)?);
            } else if let Some(first) = about_one.first() {
                tracing::error!(
                    transfer.id = %first.transfer,
                    "the notices about payout {} contradict each other; the provider is asked",
                    first.transfer
                );
            }
        }
    }
    let due = answer_in_tx(connection, &answered, &answers).await?;
    jobs::enqueue_in_tx(connection, &due).await?;
    tell_contradicted(connection, &ended).await?;
    answered.extend(ended);
    sqlx::query(include_str!("notices/settle.sql")).bind(answered).execute(connection).await?;
    Ok(due.into_iter().map(|(id, _)| id).collect())
}

/// Says loudly when a provider tells of another end than the one that we have written down: one of the two books
/// is wrong, and nothing here may be changed any more.
async fn tell_contradicted(
    connection: &mut PgConnection,
    ended: &[Uuid],
) -> Result<(), StoreError> {
    if ended.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query(include_str!("notices/contradicted.sql"))
        .bind(ended)
        .fetch_all(connection)
        .await?;
    for row in rows {
        let id: Uuid = row.try_get("transfer_id")?;
        let (told, ended): (String, String) = (row.try_get("told")?, row.try_get("ended")?);
        tracing::error!(
            transfer.id = %id, told, ended,
            "payout {id} is {ended}, and its provider tells that it is {told}; compare the books"
        );
    }
    Ok(())
}

/// Writes the answers. The rows are locked, and were seen to wait for them.
async fn answer_in_tx(
    connection: &mut PgConnection,
    ids: &[Uuid],
    answers: &[Value],
) -> Result<Vec<(TransferId, DateTime<Utc>)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(include_str!("notices/answer.sql"))
        .bind(ids)
        .bind(answers)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok((TransferId(row.try_get(0)?), row.try_get(1)?))).collect()
}

fn encode(notice: &Notice) -> Result<Value, StoreError> {
    serde_json::to_value(notice.answer()).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// The notices about these payouts, payout by payout, the oldest first.
async fn read_in_tx(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<Vec<Notice>, StoreError> {
    let rows =
        sqlx::query(include_str!("notices/read.sql")).bind(ids).fetch_all(connection).await?;
    rows.iter().map(notice).collect()
}

fn notice(row: &PgRow) -> Result<Notice, StoreError> {
    let status: NoticeStatus = row
        .try_get::<&str, _>("status")?
        .parse()
        .map_err(|error: domain::text::UnknownWord| StoreError::Corrupt(error.to_string()))?;
    Ok(Notice {
        transfer: TransferId(row.try_get("transfer_id")?),
        provider: row.try_get("provider")?,
        status,
        reference: row.try_get("reference")?,
        code: row.try_get("code")?,
        detail: row.try_get("detail")?,
    })
}

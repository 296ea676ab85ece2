//! Rows of apalis's job table that we write ourselves, because apalis cannot write
//! them inside our transactions.

use chrono::{DateTime, Utc};
use domain::ids::TransferId;
use domain::job::{CALL_QUEUE, CallJob, GROUP_MAX, SAGA_QUEUE, SagaJob};
use sqlx::PgConnection;
use ulid::Ulid;

use crate::StoreError;

/// The payload as apalis reads it: JSON bytes.
pub(crate) fn encode(job: &impl serde::Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(job).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// Enqueues one job for each group of transfers that are due at the same time.
pub(crate) async fn enqueue_in_tx(
    connection: &mut PgConnection,
    due: &[(TransferId, DateTime<Utc>)],
) -> Result<(), StoreError> {
    let mut groups: Vec<(DateTime<Utc>, Vec<TransferId>)> = Vec::new();
    for &(id, at) in due {
        match groups.last_mut() {
            Some((last, ids)) if *last == at && ids.len() < GROUP_MAX => ids.push(id),
            _ => groups.push((at, vec![id])),
        }
    }
    let mut ids = Vec::with_capacity(groups.len());
    let mut payloads = Vec::with_capacity(groups.len());
    let mut run_at = Vec::with_capacity(groups.len());
    for (at, transfers) in groups {
        ids.push(Ulid::generate().to_string());
        payloads.push(encode(&SagaJob::V1 { ids: transfers })?);
        run_at.push(at);
    }
    sqlx::query(include_str!("jobs/enqueue.sql"))
        .bind(SAGA_QUEUE)
        .bind(ids)
        .bind(payloads)
        .bind(run_at)
        .execute(connection)
        .await?;
    Ok(())
}

/// Enqueues a call for each of these, due now.
pub(crate) async fn enqueue_calls_in_tx(
    connection: &mut PgConnection,
    transfers: &[TransferId],
) -> Result<(), StoreError> {
    let ids: Vec<String> = transfers.iter().map(|_| Ulid::generate().to_string()).collect();
    let payloads = transfers.iter().map(|&id| encode(&CallJob::V1 { id }));
    let payloads: Vec<Vec<u8>> = payloads.collect::<Result<_, _>>()?;
    sqlx::query(include_str!("jobs/enqueue_now.sql"))
        .bind(CALL_QUEUE)
        .bind(ids)
        .bind(payloads)
        .execute(connection)
        .await?;
    Ok(())
}

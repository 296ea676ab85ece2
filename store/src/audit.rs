//! The audit trail of events: a hash chain in order of arrival.
//!
//! Each row's hash covers the row before it, so a row that is changed, removed, added or
//! moved later breaks the chain at that place. Whoever can write the database can forge
//! the whole rest of the chain; noting seq and hash of its end elsewhere from time to
//! time guards against that.

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;

use crate::StoreError;
use crate::inbox::{self, Consumer, IncomingEvent};

mod chain;
mod verify;

use chain::{Hash, Link};
pub use verify::{Breach, Broken, Verified, verify};

/// What a committed batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Events that are in the chain now and were not before.
    pub new: usize,
    /// Events that had been there already, or came twice in the batch.
    pub duplicates: usize,
}

/// Appends those of `events` that are not in the chain yet, in one transaction.
///
/// Locks: inbox rows by event id, then the head. The head is taken last and held to the
/// commit, so appenders of other processes queue there and the chain stays one.
pub async fn append(
    connection: &mut PgConnection,
    events: &[IncomingEvent],
) -> Result<Appended, StoreError> {
    let mut tx = connection.begin().await?;
    let mut new = inbox::note_in_tx(&mut tx, Consumer::Audit, events).await?;
    if new.is_empty() {
        tx.rollback().await?;
        return Ok(Appended { new: 0, duplicates: events.len() });
    }
    let end = lock_head_in_tx(&mut tx).await?;
    let (received_at, known) = look_in_tx(&mut tx, &new).await?;
    // The inbox forgets after 30 days, the chain never.
    new.retain(|event| !known.contains(&event.id.0));
    if !new.is_empty() {
        write_in_tx(&mut tx, end, received_at, &new).await?;
    }
    tx.commit().await?;
    Ok(Appended { new: new.len(), duplicates: events.len() - new.len() })
}

/// The end of the chain: seq and hash of its newest row.
#[derive(Debug, Clone, Copy)]
struct End {
    seq: i64,
    hash: Hash,
}

async fn lock_head_in_tx(connection: &mut PgConnection) -> Result<End, StoreError> {
    let row = sqlx::query("SELECT seq, hash FROM event_audit_head WHERE only_row FOR UPDATE")
        .fetch_optional(connection)
        .await?
        .ok_or_else(|| StoreError::Corrupt("event_audit_head has no row".to_owned()))?;
    Ok(End { seq: row.try_get(0)?, hash: chain::hash_of(row.try_get(1)?)? })
}

/// The clock under the lock, and which of the events are in the chain already.
async fn look_in_tx(
    connection: &mut PgConnection,
    events: &[&IncomingEvent],
) -> Result<(DateTime<Utc>, Vec<Uuid>), StoreError> {
    let ids: Vec<Uuid> = events.iter().map(|event| event.id.0).collect();
    let row = sqlx::query(
        "SELECT clock_timestamp(), ARRAY(SELECT event_id FROM event_audit WHERE event_id = ANY($1))",
    )
    .bind(ids)
    .fetch_one(connection)
    .await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

async fn write_in_tx(
    connection: &mut PgConnection,
    mut end: End,
    received_at: DateTime<Utc>,
    events: &[&IncomingEvent],
) -> Result<(), StoreError> {
    let (mut seqs, mut prev_hashes, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    for event in events {
        let seq = end.seq + 1;
        let link = Link {
            seq,
            event_id: event.id.0,
            event_type: event.event_type.as_str(),
            transfer_id: transfer_id(event),
            received_at,
            body: &event.body,
        };
        let hash = link.hash(&end.hash);
        seqs.push(seq);
        prev_hashes.push(end.hash.to_vec());
        hashes.push(hash.to_vec());
        end = End { seq, hash };
    }
    sqlx::query(include_str!("audit/append.sql"))
        .bind(seqs)
        .bind(events.iter().map(|event| event.id.0).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.event_type.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(|event| transfer_id(event)).collect::<Vec<_>>())
        .bind(received_at)
        .bind(events.iter().map(|event| event.body.as_str()).collect::<Vec<_>>())
        .bind(prev_hashes)
        .bind(hashes)
        .bind(end.seq)
        .bind(end.hash.to_vec())
        .execute(connection)
        .await?;
    Ok(())
}

fn transfer_id(event: &IncomingEvent) -> Option<Uuid> {
    event.transfer.map(|news| news.id.0)
}

//! Balance checkpoints: what every wallet came to before an instant.
//!
//! A checkpoint stands for the postings before its boundary, so it must be as hard to change as they are. Its hash
//! covers its lines and the hash of the checkpoint before. Whoever changes an old one breaks all that follow.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::StoreError;
use crate::ledger::Scope;

/// A SHA-256.
type Hash = Vec<u8>;

/// What the first checkpoint has in place of the hash of the one before.
const ORIGIN: [u8; 32] = [0; 32];

/// A stored checkpoint.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoint {
    pub(crate) seq: i64,
    pub(crate) boundary: Uuid,
    pub(crate) boundary_at: DateTime<Utc>,
    pub(crate) made_at: DateTime<Utc>,
    pub(crate) transfer_count: i64,
    pub(crate) entry_count: i64,
    pub(crate) posting_count: i64,
    pub(crate) line_count: i64,
    /// The stored text: hashed as it stands.
    pub(crate) totals: String,
    pub(crate) lines_hash: Hash,
    pub(crate) prev_hash: Hash,
    pub(crate) hash: Hash,
}

/// What the lines of one currency add up to, as text: a sum may pass 64 bits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Total {
    /// Sum of the debits in minor units.
    pub debits: String,
    /// Sum of the credits in minor units.
    pub credits: String,
}

impl Checkpoint {
    /// What the ledger check looks at, starting from this checkpoint.
    pub(crate) fn scope_after(&self) -> Scope {
        Scope::since(self.seq, self.boundary)
    }

    /// Its totals by currency.
    pub(crate) fn totals(&self) -> Result<BTreeMap<String, Total>, StoreError> {
        serde_json::from_str(&self.totals)
            .map_err(|error| StoreError::Corrupt(format!("totals of a checkpoint: {error}")))
    }

    /// SHA-256 over all columns but the hash itself. Numbers are big-endian, times are microseconds since 1970, and
    /// the text comes behind its length.
    fn hashed(&self) -> Hash {
        let mut sha = Sha256::new();
        sha.update(&self.prev_hash);
        sha.update(self.boundary.as_bytes());
        for number in [
            self.seq,
            self.boundary_at.timestamp_micros(),
            self.made_at.timestamp_micros(),
            self.transfer_count,
            self.entry_count,
            self.posting_count,
            self.line_count,
        ] {
            sha.update(number.to_be_bytes());
        }
        sha.update((self.totals.len() as u64).to_be_bytes());
        sha.update(self.totals.as_bytes());
        sha.update(&self.lines_hash);
        sha.finalize().to_vec()
    }

    /// What is wrong with it behind `before`; none when it is as it was written. Looks at no lines.
    fn breach(&self, before: Option<&Self>) -> Option<&'static str> {
        let (seq, hash) = before.map_or((0, ORIGIN.to_vec()), |one| (one.seq, one.hash.clone()));
        if self.seq != seq + 1 {
            Some("does not follow the number before: a checkpoint was taken out")
        } else if self.prev_hash != hash {
            Some("does not name the hash of the checkpoint before")
        } else if before.is_some_and(|one| self.boundary <= one.boundary) {
            Some("has its boundary before that of the checkpoint before")
        } else if self.hash != self.hashed() {
            Some("hash does not fit the columns: one was changed")
        } else {
            None
        }
    }
}

/// The newest checkpoint; none before the first.
pub(crate) async fn newest_in_tx(
    connection: &mut PgConnection,
) -> Result<Option<Checkpoint>, StoreError> {
    Ok(all_in_tx(connection).await?.pop())
}

/// All checkpoints, oldest first. There are a few in a year.
async fn all_in_tx(connection: &mut PgConnection) -> Result<Vec<Checkpoint>, StoreError> {
    let rows =
        sqlx::query("SELECT * FROM balance_checkpoint ORDER BY seq").fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            Ok(Checkpoint {
                seq: row.try_get("seq")?,
                boundary: row.try_get("boundary")?,
                boundary_at: row.try_get("boundary_at")?,
                made_at: row.try_get("made_at")?,
                transfer_count: row.try_get("transfer_count")?,
                entry_count: row.try_get("entry_count")?,
                posting_count: row.try_get("posting_count")?,
                line_count: row.try_get("line_count")?,
                totals: row.try_get("totals")?,
                lines_hash: row.try_get("lines_hash")?,
                prev_hash: row.try_get("prev_hash")?,
                hash: row.try_get("hash")?,
            })
        })
        .collect()
}

/// Completes a checkpoint whose lines are written, with the hashes over them and over the chain, and writes it.
pub(crate) async fn seal_in_tx(
    connection: &mut PgConnection,
    before: Option<&Checkpoint>,
    mut new: Checkpoint,
) -> Result<Checkpoint, StoreError> {
    (new.lines_hash, new.line_count) = hash_lines_in_tx(connection, new.seq).await?;
    new.prev_hash = before.map_or(ORIGIN.to_vec(), |one| one.hash.clone());
    new.hash = new.hashed();
    sqlx::query(include_str!("checkpoint/insert.sql"))
        .bind(new.seq)
        .bind(new.boundary)
        .bind(new.boundary_at)
        .bind(new.made_at)
        .bind(new.transfer_count)
        .bind(new.entry_count)
        .bind(new.posting_count)
        .bind(new.line_count)
        .bind(&new.totals)
        .bind(&new.lines_hash)
        .bind(&new.prev_hash)
        .bind(&new.hash)
        .execute(connection)
        .await?;
    Ok(new)
}

/// Walks the chain, and the lines of its newest checkpoint, on which every balance rests. Returns what is broken.
pub(crate) async fn verify_in_tx(
    connection: &mut PgConnection,
) -> Result<Vec<(String, String)>, StoreError> {
    let all = all_in_tx(connection).await?;
    let mut broken = Vec::new();
    let mut before = None;
    for one in &all {
        if let Some(breach) = one.breach(before) {
            broken.push((format!("checkpoint {}", one.seq), breach.to_owned()));
        }
        before = Some(one);
    }
    if let Some(newest) = all.last() {
        let (hash, count) = hash_lines_in_tx(connection, newest.seq).await?;
        if (&hash, count) != (&newest.lines_hash, newest.line_count) {
            let detail = "its lines do not fit their hash: one was changed, added or taken out";
            broken.push((format!("checkpoint {}", newest.seq), detail.to_owned()));
        }
    }
    Ok(broken)
}

/// SHA-256 over the lines of a checkpoint by wallet id, and how many they are. Row by row, because a checkpoint has a
/// line for every wallet.
async fn hash_lines_in_tx(
    connection: &mut PgConnection,
    seq: i64,
) -> Result<(Hash, i64), StoreError> {
    let mut rows =
        sqlx::query(include_str!("checkpoint/lines.sql")).bind(seq).fetch(&mut *connection);
    let mut sha = Sha256::new();
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        let (wallet, currency): (Uuid, &str) = (row.try_get(0)?, row.try_get(1)?);
        sha.update(wallet.as_bytes());
        sha.update((currency.len() as u64).to_be_bytes());
        sha.update(currency.as_bytes());
        for column in 2..=5 {
            sha.update(row.try_get::<i64, _>(column)?.to_be_bytes());
        }
        let last_posted_at: DateTime<Utc> = row.try_get(6)?;
        sha.update(last_posted_at.timestamp_micros().to_be_bytes());
        count += 1;
    }
    Ok((sha.finalize().to_vec(), count))
}

//! The proof that nobody has touched the chain.

use std::fmt;

use sqlx::postgres::PgRow;
use sqlx::{Connection, PgPool, Row};
use uuid::Uuid;

use super::End;
use super::chain::{self, Hash, Link, ORIGIN};
use crate::StoreError;

/// Rows read at a time: about half a megabyte.
const PAGE_ROWS: i64 = 1_000;

/// What was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Rows that hold, from the first on.
    pub rows: i64,
    /// Hash of the last of them in hexadecimal digits; all zero when there is none.
    pub hash: String,
    /// Where the chain breaks first; none when it holds to its end. What comes after is not read.
    pub first_broken: Option<Broken>,
}

/// The first row that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// The event that stands there; none when the row is missing.
    pub event_id: Option<Uuid>,
    /// What is wrong with it.
    pub breach: Breach,
}

/// How a chain can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach {
    /// There is no row of this seq, but later ones or the head say that there was.
    Missing,
    /// Its `prev_hash` is not the hash of the row before: rows were removed, added or
    /// moved and numbered anew, or the row before was changed and given a new hash.
    Link,
    /// Its `hash` does not fit its columns: the body or another column was changed.
    Content,
    /// The row lies beyond the head: it was not added by the consumer.
    BeyondHead,
    /// It is the newest row, but the head has another hash.
    Head,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the row is missing",
            Self::Link => "prev_hash is not the hash of the row before",
            Self::Content => "hash does not fit the columns: the body or another one was changed",
            Self::BeyondHead => "the row lies beyond the head of the chain",
            Self::Head => "the head of the chain has another hash",
        })
    }
}

/// Reads the chain from its first row to its head on one REPEATABLE READ READ ONLY
/// snapshot, page by page. Appending goes on meanwhile.
pub async fn verify(pool: &PgPool) -> Result<Verified, StoreError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let head =
        sqlx::query("SELECT seq, hash FROM event_audit_head").fetch_optional(&mut *tx).await?;
    let head = match head {
        Some(row) => End { seq: row.try_get(0)?, hash: chain::hash_of(row.try_get(1)?)? },
        // Without its head a chain cannot be told from a shorter one.
        None => return Err(StoreError::Corrupt("event_audit_head has no row".to_owned())),
    };
    let mut end = End { seq: 0, hash: ORIGIN };
    let mut last_event = None;
    loop {
        let rows = sqlx::query(include_str!("page.sql"))
            .bind(end.seq)
            .bind(PAGE_ROWS)
            .fetch_all(&mut *tx)
            .await?;
        for row in &rows {
            match check(row, end, head.seq)? {
                Ok((hash, event_id)) => {
                    end = End { seq: end.seq + 1, hash };
                    last_event = Some(event_id);
                }
                Err(broken) => return Ok(report(end, Some(broken))),
            }
        }
        if rows.is_empty() {
            break;
        }
    }
    tx.rollback().await?;
    let first_broken = if end.seq < head.seq {
        Some(Broken { seq: end.seq + 1, event_id: None, breach: Breach::Missing })
    } else if end.hash == head.hash {
        None
    } else {
        Some(Broken { seq: end.seq, event_id: last_event, breach: Breach::Head })
    };
    Ok(report(end, first_broken))
}

fn report(end: End, first_broken: Option<Broken>) -> Verified {
    Verified { rows: end.seq, hash: chain::hex(&end.hash), first_broken }
}

/// Whether the row is the next one after `end`: its hash and event, or what is wrong.
fn check(row: &PgRow, end: End, head_seq: i64) -> Result<Result<(Hash, Uuid), Broken>, StoreError> {
    let link = Link {
        seq: row.try_get("seq")?,
        event_id: row.try_get("event_id")?,
        event_type: row.try_get("type")?,
        transfer_id: row.try_get("transfer_id")?,
        received_at: row.try_get("received_at")?,
        body: row.try_get("body")?,
    };
    let (seq, event_id) = (end.seq + 1, Some(link.event_id));
    if link.seq != seq {
        return Ok(Err(Broken { seq, event_id: None, breach: Breach::Missing }));
    }
    if seq > head_seq {
        return Ok(Err(Broken { seq, event_id, breach: Breach::BeyondHead }));
    }
    if row.try_get::<&[u8], _>("prev_hash")? != end.hash {
        return Ok(Err(Broken { seq, event_id, breach: Breach::Link }));
    }
    let hash = link.hash(&end.hash);
    if row.try_get::<&[u8], _>("hash")? != hash {
        return Ok(Err(Broken { seq, event_id, breach: Breach::Content }));
    }
    Ok(Ok((hash, link.event_id)))
}

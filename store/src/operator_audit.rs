//! What operators did: written with the act, in its transaction, as a hash chain.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool, Row};

use crate::StoreError;
use crate::operators::Operator;

/// Rows of one page when the chain is verified.
const PAGE: i64 = 1_000;

/// One act.
#[derive(Debug, Clone)]
pub struct Act<'a> {
    /// Who.
    pub actor: &'a Operator,
    /// What, as `thing.verb`.
    pub action: &'a str,
    /// To what, as `thing:<id>`.
    pub subject: String,
    /// Why, in the operator's words.
    pub reason: &'a str,
    /// The subject before.
    pub before: Value,
    /// The subject after.
    pub after: Value,
}

/// The act as it is stored and hashed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Body {
    /// Number in the chain, from 1.
    pub seq: i64,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// Name of the operator.
    pub actor: String,
    /// Role of the operator at that time.
    pub role: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Why.
    pub reason: String,
    /// The subject before.
    pub before: Value,
    /// The subject after.
    pub after: Value,
}

/// Appends an act to the chain. The head's lock is held until the transaction
/// ends, so lock it last.
pub(crate) async fn record_in_tx(
    connection: &mut PgConnection,
    act: &Act<'_>,
) -> Result<(), StoreError> {
    record_all_in_tx(connection, std::slice::from_ref(act)).await
}

/// Like [`record_in_tx`], for many acts under one lock of the head.
pub(crate) async fn record_all_in_tx(
    connection: &mut PgConnection,
    acts: &[Act<'_>],
) -> Result<(), StoreError> {
    let head =
        sqlx::query("SELECT seq, hash, clock_timestamp() FROM operator_audit_head FOR UPDATE")
            .fetch_one(&mut *connection)
            .await?;
    let (mut seq, mut hash): (i64, Vec<u8>) = (head.try_get(0)?, head.try_get(1)?);
    let at: DateTime<Utc> = head.try_get(2)?;
    let mut links = Vec::with_capacity(acts.len());
    for act in acts {
        seq += 1;
        let text = serde_json::to_string(&body(seq, at, act))
            .map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let prev_hash = std::mem::take(&mut hash);
        hash = link(&prev_hash, &text);
        links.push((seq, text, prev_hash, hash.clone()));
    }
    let texts = |read: fn(&Act<'_>) -> String| acts.iter().map(read).collect::<Vec<_>>();
    sqlx::query(include_str!("operator_audit/append.sql"))
        .bind(at)
        .bind(links.iter().map(|one| one.0).collect::<Vec<_>>())
        .bind(texts(|act| act.actor.name.clone()))
        .bind(texts(|act| act.action.to_owned()))
        .bind(texts(|act| act.subject.clone()))
        .bind(links.iter().map(|one| one.1.as_str()).collect::<Vec<_>>())
        .bind(links.iter().map(|one| one.2.as_slice()).collect::<Vec<_>>())
        .bind(links.iter().map(|one| one.3.as_slice()).collect::<Vec<_>>())
        .bind(seq)
        .bind(hash)
        .execute(connection)
        .await?;
    Ok(())
}

fn body(seq: i64, at: DateTime<Utc>, act: &Act<'_>) -> Body {
    Body {
        seq,
        at,
        actor: act.actor.name.clone(),
        role: act.actor.role.to_string(),
        action: act.action.to_owned(),
        subject: act.subject.clone(),
        reason: act.reason.to_owned(),
        before: act.before.clone(),
        after: act.after.clone(),
    }
}

/// Acts, newest first, before `before`.
pub async fn list(pool: &PgPool, before: Option<i64>, limit: u64) -> Result<Vec<Body>, StoreError> {
    let texts: Vec<String> = sqlx::query_scalar(
        "SELECT body FROM operator_audit WHERE seq < coalesce($1, 9223372036854775807) ORDER BY seq DESC LIMIT $2",
    )
    .bind(before)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(pool)
    .await?;
    let parse = |text: &String| serde_json::from_str(text);
    texts
        .iter()
        .map(parse)
        .collect::<Result<_, _>>()
        .map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// What a check of the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Rows that were read.
    pub rows: i64,
    /// The first row that does not fit, and how; none when all do.
    pub broken: Option<(i64, String)>,
}

/// Computes the whole chain again.
pub async fn verify(pool: &PgPool) -> Result<Verified, StoreError> {
    // Read first, so that rows appended meanwhile lie beyond the end that is checked.
    let head = sqlx::query("SELECT seq, hash FROM operator_audit_head").fetch_one(pool).await?;
    let (end, end_hash): (i64, Vec<u8>) = (head.try_get(0)?, head.try_get(1)?);
    let (mut seq, mut hash) = (0_i64, vec![0_u8; 32]);
    let broken = |rows, seq, what: &str| Verified { rows, broken: Some((seq, what.to_owned())) };
    loop {
        let rows = sqlx::query(include_str!("operator_audit/page.sql"))
            .bind(seq)
            .bind(PAGE)
            .fetch_all(pool)
            .await?;
        for row in &rows {
            let body: String = row.try_get("body")?;
            let stored: i64 = row.try_get("seq")?;
            if stored != seq + 1 {
                return Ok(broken(seq, seq + 1, "is missing"));
            }
            if row.try_get::<Vec<u8>, _>("prev_hash")? != hash {
                return Ok(broken(seq, stored, "does not follow from the row before it"));
            }
            hash = link(&hash, &body);
            if row.try_get::<Vec<u8>, _>("hash")? != hash {
                return Ok(broken(seq, stored, "has a body that was changed"));
            }
            if !row.try_get::<bool, _>("columns_match")? {
                return Ok(broken(seq, stored, "has columns that differ from its body"));
            }
            seq = stored;
            if seq == end && hash != end_hash {
                return Ok(broken(seq, seq, "is not what the chain's head says it ends with"));
            }
        }
        if rows.is_empty() {
            break;
        }
    }
    if seq < end {
        return Ok(broken(seq, seq, "is the last row, but the chain's head is beyond it"));
    }
    Ok(Verified { rows: seq, broken: None })
}

/// The hash of a row: SHA-256 over the hash before it and the stored bytes.
fn link(prev_hash: &[u8], body: &str) -> Vec<u8> {
    let mut sha = Sha256::new();
    sha.update(prev_hash);
    sha.update(body.as_bytes());
    sha.finalize().to_vec()
}

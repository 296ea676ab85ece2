//! API keys: how machines are known on the customers' address. Of a secret only the hash comes here.

use chrono::{DateTime, Utc};
use domain::access::{Scope, Scopes};
use domain::ids::ApiKeyId;
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};

use crate::StoreError;
use crate::operator_audit::{self, Act};
use crate::operators::Operator;

/// SHA-256 of a secret.
///
/// A fast hash is right here: a secret has 256 random bits, so nobody finds one by trying, however
/// fast a try is. Slow hashes are for passwords that people think of; here one would cost every
/// request milliseconds.
pub type SecretHash = [u8; 32];

/// A key as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id, which is a part of the key and no secret.
    pub id: ApiKeyId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The one owner that it acts for; none when it acts for all of them.
    pub owner_id: Option<String>,
    /// Why it was made.
    pub reason: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Who made it.
    pub created_by: String,
    /// From when on it is good no more.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked; none while it is not.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
    /// When it was used last, to the minute; none before the first time.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl ApiKey {
    /// Whether it opens the door at `now`.
    pub fn is_good_at(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }

    fn audited(&self) -> Value {
        let scopes: Vec<Scope> = self.scopes.iter().collect();
        let Self { name, owner_id, expires_at, revoked_at, .. } = self;
        json!({
            "name": name,
            "scopes": scopes,
            "owner_id": owner_id,
            "expires_at": expires_at,
            "revoked": revoked_at.is_some(),
        })
    }
}

/// A key that an operator wants.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What people will call it.
    pub name: String,
    /// Of its secret.
    pub secret_hash: SecretHash,
    /// What it may do; not empty.
    pub scopes: Scopes,
    /// The one owner that it acts for; none for all of them.
    pub owner_id: Option<String>,
    /// From when on it is good no more.
    pub expires_at: DateTime<Utc>,
}

/// Writes a key down. None when a good one has this name: the secret of that one cannot be shown again.
pub async fn make(
    pool: &PgPool,
    actor: &Operator,
    new: &NewApiKey,
    reason: &str,
) -> Result<Option<ApiKey>, StoreError> {
    let mut tx = pool.begin().await?;
    let words: Vec<&str> = new.scopes.iter().map(Scope::as_str).collect();
    let row = sqlx::query(include_str!("api_keys/insert.sql"))
        .bind(new.id.0)
        .bind(&new.name)
        .bind(&new.secret_hash[..])
        .bind(words)
        .bind(&new.owner_id)
        .bind(reason)
        .bind(&actor.name)
        .bind(new.expires_at)
        .fetch_optional(&mut *tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let made = read(&row)?;
    record_in_tx(&mut tx, actor, ("api_key.make", reason), Value::Null, &made).await?;
    tx.commit().await?;
    Ok(Some(made))
}

/// Ends a key. One that was revoked before stays as it is, and nothing is written. None when it is unknown.
pub async fn revoke(
    pool: &PgPool,
    actor: &Operator,
    id: ApiKeyId,
    reason: &str,
) -> Result<Option<ApiKey>, StoreError> {
    let mut tx = pool.begin().await?;
    let row = sqlx::query("SELECT * FROM api_key WHERE id = $1 FOR UPDATE")
        .bind(id.0)
        .fetch_optional(&mut *tx)
        .await?;
    let Some(before) = row.as_ref().map(read).transpose()? else { return Ok(None) };
    if before.revoked_at.is_some() {
        return Ok(Some(before));
    }
    let row = sqlx::query(
        "UPDATE api_key SET revoked_at = now(), revoked_by = $2 WHERE id = $1 RETURNING *",
    )
    .bind(id.0)
    .bind(&actor.name)
    .fetch_one(&mut *tx)
    .await?;
    let after = read(&row)?;
    record_in_tx(&mut tx, actor, ("api_key.revoke", reason), before.audited(), &after).await?;
    tx.commit().await?;
    Ok(Some(after))
}

async fn record_in_tx(
    connection: &mut PgConnection,
    actor: &Operator,
    (action, reason): (&str, &str),
    before: Value,
    after: &ApiKey,
) -> Result<(), StoreError> {
    let subject = format!("api_key:{}", after.id);
    let act = Act { actor, action, subject, reason, before, after: after.audited() };
    operator_audit::record_in_tx(connection, &act).await
}

/// Keys, newest first, made before `before`.
pub async fn list(
    pool: &PgPool,
    before: Option<ApiKeyId>,
    limit: u64,
) -> Result<Vec<ApiKey>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM api_key WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2",
    )
    .bind(before.map(|id| id.0))
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(pool)
    .await?;
    rows.iter().map(read).collect()
}

/// One key; none when it is unknown.
pub async fn get(pool: &PgPool, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    Ok(find(pool, id).await?.map(|(key, _)| key))
}

/// A key with the hash of its secret, for whoever must compare it; none when it is unknown.
pub async fn find(pool: &PgPool, id: ApiKeyId) -> Result<Option<(ApiKey, SecretHash)>, StoreError> {
    let row =
        sqlx::query("SELECT * FROM api_key WHERE id = $1").bind(id.0).fetch_optional(pool).await?;
    let Some(row) = row else { return Ok(None) };
    let hash: Vec<u8> = row.try_get("secret_hash")?;
    let hash = hash.try_into();
    let hash = hash.map_err(|_| StoreError::Corrupt(format!("api key {id} has no SHA-256")))?;
    Ok(Some((read(&row)?, hash)))
}

/// Notes that a key is in use. At most one row version a minute comes of it.
pub async fn touch(pool: &PgPool, id: ApiKeyId) -> Result<(), StoreError> {
    sqlx::query(include_str!("api_keys/touch.sql")).bind(id.0).execute(pool).await?;
    Ok(())
}

fn read(row: &PgRow) -> Result<ApiKey, StoreError> {
    let id = ApiKeyId(row.try_get("id")?);
    let words: Vec<String> = row.try_get("scopes")?;
    let scopes: Result<Scopes, _> = words.iter().map(|word| word.parse::<Scope>()).collect();
    Ok(ApiKey {
        id,
        name: row.try_get("name")?,
        scopes: scopes.map_err(|error| StoreError::Corrupt(format!("api key {id}: {error}")))?,
        owner_id: row.try_get("owner_id")?,
        reason: row.try_get("reason")?,
        created_at: row.try_get("created_at")?,
        created_by: row.try_get("created_by")?,
        expires_at: row.try_get("expires_at")?,
        revoked_at: row.try_get("revoked_at")?,
        revoked_by: row.try_get("revoked_by")?,
        last_used_at: row.try_get("last_used_at")?,
    })
}

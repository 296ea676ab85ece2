//! Operators: known by a token, of which only the hash is stored.

use domain::operator::OperatorRole;
use sha2::{Digest, Sha256};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::StoreError;

/// Begins every token, so that one that leaks is recognized by secret scanners.
const TOKEN_PREFIX: &str = "hfo_";

/// Longest name of an operator, in characters.
pub const NAME_CHARS_MAX: usize = 64;

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The actor in the audit.
    pub name: String,
    /// What they may do.
    pub role: OperatorRole,
}

/// Gives `name` a new token and returns it; it cannot be read again. A token that
/// the name had before is good no more.
pub async fn issue(pool: &PgPool, name: &str, role: OperatorRole) -> Result<String, StoreError> {
    // Two uuids v4 from the system's randomness: 244 bits.
    let token = format!("{TOKEN_PREFIX}{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    sqlx::query(include_str!("operators/issue.sql"))
        .bind(name)
        .bind(role.as_str())
        .bind(hash(&token))
        .execute(pool)
        .await?;
    Ok(token)
}

/// Whether a text is meant to be such a token; tokens of others look otherwise.
pub fn is_operator_token(text: &str) -> bool {
    text.starts_with(TOKEN_PREFIX)
}

/// Whose token it is; none when nobody's, or when it was revoked.
///
/// The look-up is by hash, so its time says nothing about the token.
pub async fn authenticate(pool: &PgPool, token: &str) -> Result<Option<Operator>, StoreError> {
    let row =
        sqlx::query("SELECT name, role FROM operator WHERE token_hash = $1 AND revoked_at IS NULL")
            .bind(hash(token))
            .fetch_optional(pool)
            .await?;
    let Some(row) = row else { return Ok(None) };
    let role: String = row.try_get(1)?;
    let role = role
        .parse()
        .map_err(|error: domain::text::UnknownWord| StoreError::Corrupt(error.to_string()))?;
    Ok(Some(Operator { name: row.try_get(0)?, role }))
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

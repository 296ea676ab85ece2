//! Whether the database is fit for this version of Holdfast.

use sqlx::PgPool;

use crate::StoreError;

/// The newest migration that this version's statements need.
pub const NEWEST_MIGRATION: &str = "m20261121_000020_vacuum_by_number";

/// What the database is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// It answers and has every table that we use.
    Ready,
    /// It answers, but [`NEWEST_MIGRATION`] is not applied.
    NotMigrated,
}

/// Asks the database for one row. An error means that it does not answer.
pub async fn readiness(pool: &PgPool) -> Result<Readiness, StoreError> {
    let table: Option<String> =
        sqlx::query_scalar("SELECT to_regclass('seaql_migrations')::text").fetch_one(pool).await?;
    if table.is_none() {
        return Ok(Readiness::NotMigrated);
    }
    let applied: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM seaql_migrations WHERE version = $1)")
            .bind(NEWEST_MIGRATION)
            .fetch_one(pool)
            .await?;
    Ok(if applied { Readiness::Ready } else { Readiness::NotMigrated })
}

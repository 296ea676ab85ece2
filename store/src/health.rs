//! Whether the database is fit for this version of Holdfast.

use sqlx::{PgPool, Row};

use crate::StoreError;

/// The newest migration that this version's statements need.
pub const NEWEST_MIGRATION: &str = "m20261121_000024_index_what_is_purged";

/// What the database is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It answers and has every table that we use.
    Ready,
    /// It answers, but [`NEWEST_MIGRATION`] is not applied.
    NotMigrated,
    /// It has a migration that this version does not know: the newest one.
    Newer(String),
}

/// The schema is not the one that this version was made for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongSchema {
    /// Too old.
    #[error(
        "the database lacks the migration {NEWEST_MIGRATION}; run holdfast-migrate of this version first"
    )]
    Older,
    /// Too new.
    #[error(
        "the database has the migration {0}, which this version does not know (its newest is {NEWEST_MIGRATION}); \
         run the version that belongs to it, or set HOLDFAST_NEWER_SCHEMA=accept for a rollback"
    )]
    Newer(String),
}

impl Readiness {
    /// Whether a process may start work on it. `newer` accepts a schema that is ahead of this version.
    pub fn judge(self, newer: bool) -> Result<(), WrongSchema> {
        match self {
            Self::Ready => Ok(()),
            Self::Newer(_) if newer => Ok(()),
            Self::NotMigrated => Err(WrongSchema::Older),
            Self::Newer(version) => Err(WrongSchema::Newer(version)),
        }
    }
}

/// Asks the database for one row. An error means that it does not answer.
pub async fn readiness(pool: &PgPool) -> Result<Readiness, StoreError> {
    let table: Option<String> =
        sqlx::query_scalar("SELECT to_regclass('seaql_migrations')::text").fetch_one(pool).await?;
    if table.is_none() {
        return Ok(Readiness::NotMigrated);
    }
    // Their names begin with their dates and numbers, so the order of letters is that of time.
    let row = sqlx::query(
        r#"SELECT coalesce(bool_or(version = $1), false) AS applied, max(version COLLATE "C") AS newest
        FROM seaql_migrations"#,
    )
    .bind(NEWEST_MIGRATION)
    .fetch_one(pool)
    .await?;
    let newest: Option<String> = row.try_get("newest")?;
    Ok(match newest {
        Some(newest) if row.try_get("applied")? => {
            if newest.as_str() > NEWEST_MIGRATION {
                Readiness::Newer(newest)
            } else {
                Readiness::Ready
            }
        }
        _ => Readiness::NotMigrated,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_schema_is_refused_with_a_sentence_that_says_what_to_do() {
        assert_eq!(Readiness::Ready.judge(false), Ok(()));
        assert_eq!(Readiness::NotMigrated.judge(true), Err(WrongSchema::Older));
        let newer = Readiness::Newer("m30000101_000001_later".to_owned());
        assert_eq!(newer.clone().judge(true), Ok(()));
        let sentence = newer.judge(false).unwrap_err().to_string();
        assert!(sentence.contains("m30000101_000001_later, which this version does not know"));
        assert!(sentence.contains("HOLDFAST_NEWER_SCHEMA=accept"), "{sentence}");
    }
}

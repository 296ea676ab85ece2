//! What the sea-orm modules of this crate share.

use entities::InvalidRow;
use sea_orm::{DatabaseConnection, SqlxPostgresConnector};
use sqlx::PgPool;
use uuid::Uuid;

use crate::StoreError;

/// sea-orm over one of our pools; both share its connections.
pub(crate) fn connection(pool: &PgPool) -> DatabaseConnection {
    SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone())
}

impl From<InvalidRow> for StoreError {
    fn from(row: InvalidRow) -> Self {
        Self::Corrupt(row.to_string())
    }
}

/// How far the clocks of our processes and of the database may be apart, in
/// milliseconds. Bounds on ids are this much wider than the times they come from;
/// a day costs at most one more partition.
const SKEW_MS: u64 = 24 * 60 * 60 * 1000;

/// Ids made before this one are older than `id`, a uuid v7, by more than any skew
/// of clocks. For an id of another version, which has no time in it, the smallest uuid.
pub(crate) fn oldest_after(id: Uuid) -> Uuid {
    match id.get_timestamp() {
        Some(timestamp) if id.get_version_num() == 7 => {
            let (seconds, nanos) = timestamp.to_unix();
            first_of_millisecond(
                (seconds * 1000 + u64::from(nanos) / 1_000_000).saturating_sub(SKEW_MS),
            )
        }
        _ => Uuid::nil(),
    }
}

/// Greater than any uuid v7 made up to `at`, whatever the skew of clocks.
pub(crate) fn newest_before(at: chrono::DateTime<chrono::Utc>) -> Uuid {
    let ms = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    first_of_millisecond(ms.saturating_add(SKEW_MS))
}

/// The smallest uuid that a uuid v7 of this millisecond can have.
pub(crate) fn first_from(at: chrono::DateTime<chrono::Utc>) -> Uuid {
    first_of_millisecond(u64::try_from(at.timestamp_millis()).unwrap_or(0))
}

/// The smallest uuid with this time in its first 48 bits; partitions are cut at such ids.
fn first_of_millisecond(ms: u64) -> Uuid {
    const LAST_MS: u64 = (1 << 48) - 1;
    Uuid::from_u128(u128::from(ms.min(LAST_MS)) << 80)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    #[test]
    fn bounds_lie_a_day_around_the_time_of_an_id() {
        let id: Uuid = "018bcfe5-6800-7000-8000-000000000000".parse().unwrap();
        let at: DateTime<Utc> = "2023-11-14T22:13:20Z".parse().unwrap();
        assert!(oldest_after(id) < id && id < newest_before(at));
        assert_eq!(oldest_after(id).to_string(), "018bcabf-0c00-0000-0000-000000000000");
    }

    #[test]
    fn an_id_without_a_time_bounds_nothing() {
        let cash: Uuid = "00000000-0000-8001-8000-455552000000".parse().unwrap();
        assert_eq!(oldest_after(cash), Uuid::nil());
    }
}

//! What cannot be archived yet.

use chrono::{DateTime, Datelike, Days, NaiveTime, Utc};
use domain::ids::TransferId;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{ArchiveError, Request};

/// Open transfers that a refusal names.
const OPEN_NAMED_MAX: i64 = 20;

/// Weeks are cut on Mondays, 00:00 UTC, and only old ones may go.
pub(super) fn wrong_time(request: &Request, now: DateTime<Utc>) -> Result<(), ArchiveError> {
    if request.before != monday_by(request.before) {
        return Err(ArchiveError::NoMonday { last: monday_by(request.before) });
    }
    if request.before > now - request.kept {
        return Err(ArchiveError::TooYoung { newest: monday_by(now - request.kept) });
    }
    Ok(())
}

/// The last Monday, 00:00 UTC, up to an instant.
fn monday_by(at: DateTime<Utc>) -> DateTime<Utc> {
    let day = at.date_naive();
    let back = Days::new(day.weekday().num_days_from_monday().into());
    day.checked_sub_days(back).unwrap_or(day).and_time(NaiveTime::MIN).and_utc()
}

/// Open transfers can still change rows of those weeks. None can come anew: intake makes ids of now.
pub(super) async fn open_work(
    connection: &mut PgConnection,
    boundary: Uuid,
) -> Result<(), ArchiveError> {
    let row = sqlx::query(include_str!("open_work.sql"))
        .bind(boundary)
        .bind(OPEN_NAMED_MAX)
        .fetch_one(connection)
        .await?;
    let (count, unsent): (i64, i64) = (row.try_get("open_count")?, row.try_get("unsent_count")?);
    let ids: Vec<Uuid> = row.try_get("open_ids")?;
    match (count, unsent) {
        (0, 0) => Ok(()),
        (0, count) => Err(ArchiveError::Unsent { count }),
        (count, _) => {
            Err(ArchiveError::Open { count, ids: ids.into_iter().map(TransferId).collect() })
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn only_mondays_that_are_old_enough_are_taken() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let now = at("2026-11-21T09:30:00Z");
        let check = |before| {
            wrong_time(&Request::new(at(before), TimeDelta::days(35)), now)
                .map_err(|error| error.to_string())
        };
        assert_eq!(check("2026-10-12T00:00:00Z"), Ok(()));
        assert_eq!(
            check("2026-10-13T00:00:00Z").unwrap_err(),
            "weeks end on Mondays at 00:00 UTC; the last one up to then is 2026-10-12"
        );
        assert_eq!(
            check("2026-10-19T00:00:00Z").unwrap_err(),
            "those weeks are too young; the latest Monday that is allowed now is 2026-10-12"
        );
    }
}

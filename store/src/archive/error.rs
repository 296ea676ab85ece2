use chrono::{DateTime, Utc};
use domain::ids::TransferId;

use crate::StoreError;

/// Nothing was archived.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A statement failed.
    #[error("the weeks cannot be archived")]
    Store(#[from] StoreError),
    /// In the midst of a week.
    #[error("weeks end on Mondays at 00:00 UTC; the last one up to then is {}", last.date_naive())]
    NoMonday {
        /// The last end of a week up to that instant.
        last: DateTime<Utc>,
    },
    /// Too young.
    #[error(
        "those weeks are too young; the latest Monday that is allowed now is {}",
        newest.date_naive()
    )]
    TooYoung {
        /// The latest end of a week that is allowed.
        newest: DateTime<Utc>,
    },
    /// Somebody else is at it.
    #[error("another archive command is running; wait for its end")]
    Busy,
    /// Transfers of those weeks are not at their end.
    #[error(
        "{count} transfers from before that are not at their end; bring them there, such as at the desk of the \
         dead letters, or archive fewer weeks: {}",
        list(ids, *count)
    )]
    Open {
        /// How many.
        count: i64,
        /// The oldest of them.
        ids: Vec<TransferId>,
    },
    /// Events of those weeks were not sent.
    #[error(
        "{count} events from before that were not sent yet; start a process with the role relay, or archive fewer weeks"
    )]
    Unsent {
        /// How many.
        count: i64,
    },
    /// Others had the tables for too long.
    #[error(
        "the tables were in use for too long, such as by a full ledger check; run it again when that is over"
    )]
    Locked,
}

impl From<sqlx::Error> for ArchiveError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

fn list(ids: &[TransferId], count: i64) -> String {
    let named: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let more = usize::try_from(count).unwrap_or(usize::MAX) > named.len();
    format!("{}{}", named.join(", "), if more { ", ..." } else { "" })
}

//! Limits on what wallets and owners send: set by operators, counted by lanes, read by everybody.
//!
//! `wallet_balance.limited` says to a lane that some limit concerns a wallet; for all others it
//! asks nothing more. The rules of a wallet are changed only under the lock of its hot row, an
//! owner's under those of all its wallets, so what a lane reads under those locks stands until it
//! commits. Usage is kept for each subject by day and month (`limit_window`), as long as the
//! subject has any limit. Its first limit begins with what was sent before: see the module `seed`.
//!
//! Lock order: an owner's advisory lock, hot wallet rows by id, windows by their key, audit head.
//! The advisory lock keeps changes of one owner's limits apart from each other and from
//! wallets that are being opened for it; lanes do not know it.

use domain::ids::WalletId;
use domain::money::Currency;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::StoreError;

mod newcomer;
mod owner;
mod read;
mod rules;
mod seed;
mod set;
mod usage;

pub(crate) use newcomer::is_limited_in_tx;
pub use owner::{Change, OwnerSetting, owner_setting, set_time_zone};
pub use read::{ListQuery, Page, Standing, list};
pub(crate) use rules::rules_in_tx;
pub use set::{Wanted, set};
pub(crate) use usage::{lock_in_tx, read_in_tx, write_in_tx};

/// Why a limit was not set or read.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    /// There is no such customer's wallet.
    #[error("no such wallet")]
    WalletNotFound,
    /// The wallet counts another currency than the limit.
    #[error("the wallet counts {counts}")]
    CurrencyMismatch {
        /// What it counts.
        counts: Currency,
    },
    /// A statement failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for LimitError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Deletes usage of days and months that nobody asks for any more. Returns how many rows.
pub async fn purge(connection: &mut PgConnection) -> Result<u64, StoreError> {
    let done = sqlx::query(include_str!("limits/purge.sql")).execute(connection).await?;
    Ok(done.rows_affected())
}

/// Whose a customer's wallet is, and what it counts. Neither ever changes.
async fn wallet_in_tx(
    connection: &mut PgConnection,
    id: WalletId,
) -> Result<(String, Currency), LimitError> {
    let row =
        sqlx::query("SELECT owner_id, currency FROM wallet WHERE id = $1 AND kind = 'customer'")
            .bind(id.0)
            .fetch_optional(connection)
            .await?;
    let row = row.ok_or(LimitError::WalletNotFound)?;
    Ok((row.try_get("owner_id")?, word(&row, "currency")?))
}

/// Reads a stored word as the domain type that lists it.
fn word<T>(row: &PgRow, column: &str) -> Result<T, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|error: T::Err| StoreError::Corrupt(format!("{column}: {error}")))
}

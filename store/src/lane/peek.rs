//! What a lane would find, read without a lock: the ground of every forecast.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::group::{Book, OpenTransfer};
use domain::ids::{TransferId, WalletId};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{limits, reversals, rows};
use crate::StoreError;

/// Open transfers with the wallets that they touch, as they were at one moment.
#[derive(Debug)]
pub(crate) struct Peek {
    /// Those that are open, in id order: runnable, waiting or parked.
    pub(crate) transfers: Vec<OpenTransfer>,
    /// Their wallets.
    pub(crate) book: Book,
    /// The database's clock.
    pub(crate) now: DateTime<Utc>,
}

/// Reads `ids` and their wallets. For one view of all, the caller's transaction is
/// REPEATABLE READ. `shard` stands in where a lane would choose its own.
pub(crate) async fn peek_in_tx(
    connection: &mut PgConnection,
    ids: &[TransferId],
    shard: u8,
) -> Result<Peek, StoreError> {
    let rows = sqlx::query(include_str!("peek/open.sql"))
        .bind(super::uuids(ids))
        .fetch_all(&mut *connection)
        .await?;
    let transfers: Vec<OpenTransfer> =
        rows.iter().map(rows::open_transfer).collect::<Result<_, _>>()?;
    let ends = |one: &OpenTransfer| [one.source_in(shard), one.destination];
    let wallets: BTreeSet<WalletId> = transfers.iter().flat_map(ends).collect();
    let wallets: Vec<Uuid> = wallets.into_iter().map(|id| id.0).collect();
    let rows = sqlx::query(include_str!("peek/wallets.sql"))
        .bind(wallets)
        .fetch_all(&mut *connection)
        .await?;
    let hot: Vec<_> = rows.iter().map(rows::hot_wallet).collect::<Result<_, _>>()?;
    let now =
        sqlx::query("SELECT clock_timestamp()").fetch_one(&mut *connection).await?.try_get(0)?;
    let mut book = reversals::peek_in_tx(connection, transfers.iter(), Book::new(hot)).await?;
    let limited = limits::concerned(&book, &transfers);
    limits::bring_in_tx(connection, &mut book, &limited, now, false).await?;
    Ok(Peek { transfers, book, now })
}

//! How much of a transfer its reversals take back: counted under a lock, so that all of them
//! together never take more than it has moved.

use std::collections::BTreeMap;

use domain::group::{Book, OpenTransfer};
use domain::ids::TransferId;
use domain::money::MinorUnits;
use domain::transfer::TransferKind;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::StoreError;

/// Locks what the reversals of the group take back, and adds it to the book. After the wallets:
/// that is the order of locks.
pub(super) async fn lock_in_tx(
    connection: &mut PgConnection,
    group: impl Iterator<Item = &OpenTransfer>,
    book: Book,
) -> Result<Book, StoreError> {
    let (ids, moved) = originals(group);
    if ids.is_empty() {
        return Ok(book);
    }
    sqlx::query(include_str!("reversals/open.sql"))
        .bind(&ids)
        .bind(moved)
        .execute(&mut *connection)
        .await?;
    let rows =
        sqlx::query(include_str!("reversals/lock.sql")).bind(&ids).fetch_all(connection).await?;
    Ok(book.with_reversed(read(&rows)?))
}

/// The same without a lock and without a trace.
pub(super) async fn peek_in_tx(
    connection: &mut PgConnection,
    group: impl Iterator<Item = &OpenTransfer>,
    book: Book,
) -> Result<Book, StoreError> {
    let (ids, _) = originals(group);
    if ids.is_empty() {
        return Ok(book);
    }
    let rows =
        sqlx::query(include_str!("reversals/peek.sql")).bind(&ids).fetch_all(connection).await?;
    let none = ids.into_iter().map(|id| (TransferId(id), MinorUnits::ZERO));
    Ok(book.with_reversed(none).with_reversed(read(&rows)?))
}

/// Writes what the group has changed.
pub(super) async fn write_in_tx(
    connection: &mut PgConnection,
    book: &Book,
) -> Result<(), StoreError> {
    let changed = book.reversals();
    if changed.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("reversals/write.sql"))
        .bind(changed.iter().map(|(id, _)| id.0).collect::<Vec<_>>())
        .bind(changed.iter().map(|(_, minor)| minor.0).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// What is reversed in the group, each once and in id order, and what it has moved.
fn originals<'a>(group: impl Iterator<Item = &'a OpenTransfer>) -> (Vec<Uuid>, Vec<i64>) {
    let reversals = group.filter(|one| one.kind == TransferKind::Reversal);
    let terms = reversals.filter_map(|one| one.terms.as_ref());
    let originals = terms.filter_map(|terms| terms.reverses.as_ref());
    let moved: BTreeMap<Uuid, i64> =
        originals.map(|original| (original.transfer_id.0, original.moved_minor.0)).collect();
    moved.into_iter().unzip()
}

fn read(rows: &[PgRow]) -> Result<Vec<(TransferId, MinorUnits)>, StoreError> {
    let one = |row: &PgRow| -> Result<_, StoreError> {
        Ok((TransferId(row.try_get(0)?), MinorUnits(row.try_get(1)?)))
    };
    rows.iter().map(one).collect()
}

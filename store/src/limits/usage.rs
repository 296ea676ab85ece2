//! What has been sent in days and months.

use domain::limit::{Subject, Usage, Window};
use domain::money::MinorUnits;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{PgConnection, Postgres, Row};

use super::word;
use crate::StoreError;

type Bound<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

/// Locks windows in the order of their key, makes those that are not there, and reads them as
/// they are under the lock.
pub(crate) async fn lock_in_tx(
    connection: &mut PgConnection,
    windows: &[&Window],
) -> Result<Vec<(Window, Usage)>, StoreError> {
    let query = bind(sqlx::query(include_str!("lock_windows.sql")), windows);
    query.fetch_all(connection).await?.iter().map(window).collect()
}

/// Reads windows without a lock; what is not there has seen nothing.
pub(crate) async fn read_in_tx(
    connection: &mut PgConnection,
    windows: &[&Window],
) -> Result<Vec<(Window, Usage)>, StoreError> {
    let query = bind(sqlx::query(include_str!("read_windows.sql")), windows);
    query.fetch_all(connection).await?.iter().map(window).collect()
}

/// Sets the usage of windows.
pub(crate) async fn write_in_tx(
    connection: &mut PgConnection,
    usage: &[(&Window, Usage)],
) -> Result<(), StoreError> {
    if usage.is_empty() {
        return Ok(());
    }
    let windows: Vec<&Window> = usage.iter().map(|(window, _)| *window).collect();
    let query = bind(sqlx::query(include_str!("write_windows.sql")), &windows);
    query
        .bind(usage.iter().map(|(_, usage)| usage.amount.0).collect::<Vec<_>>())
        .bind(usage.iter().map(|(_, usage)| usage.count).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// The keys as five arrays.
fn bind<'q>(query: Bound<'q>, windows: &[&Window]) -> Bound<'q> {
    query
        .bind(column(windows, |one| one.subject.scope.as_str()))
        .bind(column(windows, |one| one.subject.id.clone()))
        .bind(column(windows, |one| one.subject.currency.to_string()))
        .bind(column(windows, |one| one.period.as_str()))
        .bind(column(windows, |one| one.first_day))
}

fn column<R>(windows: &[&Window], read: impl Fn(&Window) -> R) -> Vec<R> {
    windows.iter().map(|window| read(window)).collect()
}

fn window(row: &PgRow) -> Result<(Window, Usage), StoreError> {
    let subject = Subject {
        scope: word(row, "scope")?,
        id: row.try_get("subject")?,
        currency: word(row, "currency")?,
    };
    let window =
        Window { subject, period: word(row, "period")?, first_day: row.try_get("first_day")? };
    let usage = Usage {
        amount: MinorUnits(row.try_get("amount_minor")?),
        count: row.try_get("transfer_count")?,
    };
    Ok((window, usage))
}

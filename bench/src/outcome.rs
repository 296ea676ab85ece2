//! What the database says of a run. Everything is read by the clocks that the transfers themselves carry.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};
use store::pool::Pool;

use crate::Failure;
use crate::series::{EventsSecond, Second, ms};

/// How all transfers of the run ended, by status.
pub(crate) async fn statuses(
    connection: &mut PgConnection,
    began: DateTime<Utc>,
) -> Result<BTreeMap<String, i64>, Failure> {
    let rows =
        sqlx::query(include_str!("outcome/statuses.sql")).bind(began).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// What settled during the measurement.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Settled {
    /// How many.
    pub(crate) count: f64,
    /// From acceptance to settlement, in ms: p50, p90, p99, p99.9 and the longest.
    pub(crate) latency_ms: [f64; 5],
}

/// What settled from `from` until `until`.
pub(crate) async fn settled(
    connection: &mut PgConnection,
    began: DateTime<Utc>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Settled, Failure> {
    let row = sqlx::query(include_str!("outcome/latencies.sql"))
        .bind(began)
        .bind(from)
        .bind(until)
        .fetch_one(connection)
        .await?;
    let micros: Option<Vec<i64>> = row.try_get("micros")?;
    let mut settled =
        Settled { count: row.try_get::<i64, _>("settled")? as f64, ..Settled::default() };
    for (latency, micros) in settled.latency_ms.iter_mut().zip(micros.unwrap_or_default()) {
        *latency = ms(micros.unsigned_abs());
    }
    Ok(settled)
}

/// Adds to each second what settled in it.
pub(crate) async fn fill_in(
    connection: &mut PgConnection,
    began: DateTime<Utc>,
    seconds: &mut [Second],
) -> Result<(), Failure> {
    let rows =
        sqlx::query(include_str!("outcome/seconds.sql")).bind(began).fetch_all(connection).await?;
    for row in &rows {
        let number: i64 = row.try_get("second")?;
        let micros: Vec<i64> = row.try_get("micros")?;
        // The first second has the number 1.
        let Some(second) = seconds.get_mut(number.unsigned_abs() as usize) else { continue };
        second.settled = row.try_get::<i64, _>("settled")?.unsigned_abs();
        for (latency, micros) in second.settle_ms.iter_mut().zip(micros) {
            *latency = ms(micros.unsigned_abs());
        }
    }
    Ok(())
}

/// Transfers that are not at their end and wait for nobody.
pub(crate) async fn open_count(connection: &mut PgConnection) -> Result<i64, Failure> {
    let sql = "SELECT count(*) FROM saga_open WHERE parked_reason IS NULL";
    Ok(sqlx::query(sql).fetch_one(connection).await?.try_get(0)?)
}

/// Dead row versions in all tables, as the server's statistics have it.
pub(crate) async fn dead_rows(connection: &mut PgConnection) -> Result<f64, Failure> {
    let sql = "SELECT coalesce(sum(n_dead_tup), 0)::float8 FROM pg_stat_user_tables";
    Ok(sqlx::query(sql).fetch_one(connection).await?.try_get(0)?)
}

/// Where the log of the database stands, in bytes.
pub(crate) async fn log_position(connection: &mut PgConnection) -> Result<f64, Failure> {
    let sql = "SELECT (pg_current_wal_lsn() - '0/0')::float8";
    Ok(sqlx::query(sql).fetch_one(connection).await?.try_get(0)?)
}

/// The size of the database in MB.
pub(crate) async fn size_mb(connection: &mut PgConnection) -> Result<f64, Failure> {
    let sql = "SELECT pg_database_size(current_database()) / 1048576.0::float8";
    Ok(sqlx::query(sql).fetch_one(connection).await?.try_get(0)?)
}

/// How far the queues and their consumers are.
pub(crate) async fn events(
    pool: &Pool,
    connection: &mut PgConnection,
) -> Result<EventsSecond, Failure> {
    let lag = store::relay::lag(pool).await?;
    let audited =
        sqlx::query("SELECT seq FROM event_audit_head").fetch_one(connection).await?.try_get(0)?;
    let lag_s = lag.oldest.as_secs_f64();
    Ok(EventsSecond { outbox: lag.row_count, lag_s, audited, ..EventsSecond::default() })
}

/// Transfers that the consumer of the business figures has counted.
pub(crate) async fn metrics_count(connection: &mut PgConnection) -> Result<i64, Failure> {
    let sql = "SELECT coalesce(sum(transfer_count), 0)::bigint FROM business_minute";
    Ok(sqlx::query(sql).fetch_one(connection).await?.try_get(0)?)
}

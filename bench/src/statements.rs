//! Which statements took the most of PostgreSQL's time, by its own account (`pg_stat_statements`).

use sqlx::{PgConnection, Row};

use crate::Failure;
use crate::database::execute;

/// Statements that are shown.
const SHOWN: i64 = 15;
/// Characters of a statement that are shown.
const TEXT_CHARS: usize = 90;

/// One statement, over the measurement.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// Its beginning.
    pub(crate) text: String,
    /// How often it ran.
    pub(crate) calls: i64,
    /// Rows that it gave or changed.
    pub(crate) rows: i64,
    /// Time in it, in ms: CPU, waiting for locks and for the disk.
    pub(crate) total_ms: f64,
    /// Bytes of log that it wrote.
    pub(crate) wal_bytes: f64,
}

/// Begins to count.
pub(crate) async fn begin(connection: &mut PgConnection) -> Result<(), Failure> {
    execute(connection, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements").await?;
    execute(connection, "SELECT pg_stat_statements_reset()").await
}

/// The statements that took the most time since.
pub(crate) async fn top(connection: &mut PgConnection) -> Result<Vec<Statement>, Failure> {
    let rows =
        sqlx::query(include_str!("statements/top.sql")).bind(SHOWN).fetch_all(connection).await?;
    let read = |row: &sqlx::postgres::PgRow| -> Result<Statement, Failure> {
        let text: String = row.try_get("query")?;
        Ok(Statement {
            text: beginning(&text),
            calls: row.try_get("calls")?,
            rows: row.try_get("rows")?,
            total_ms: row.try_get("total_exec_time")?,
            wal_bytes: row.try_get("wal_bytes")?,
        })
    };
    rows.iter().map(read).collect()
}

/// The first words, without comments.
fn beginning(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("--"));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    words.join(" ").chars().take(TEXT_CHARS).collect()
}

/// Prints them, each as its share of one settled transfer.
pub(crate) fn print(scenario: &str, statements: &[Statement], settled: f64) {
    if statements.is_empty() {
        return;
    }
    println!("\n{scenario}: time in statements (CPU and waiting) for each settled transfer");
    println!("{:>8} {:>9} {:>9} {:>9}  statement", "us", "calls", "rows", "log bytes");
    let each = |total: f64| total / settled.max(1.0);
    for one in statements {
        println!(
            "{:>8.1} {:>9.4} {:>9.2} {:>9.0}  {}",
            each(one.total_ms * 1_000.0),
            each(one.calls as f64),
            each(one.rows as f64),
            each(one.wal_bytes),
            one.text
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_known_by_its_first_words() {
        let text = "-- What it does.\nWITH a AS (\n    SELECT 1\n)\nSELECT * FROM a";
        assert_eq!(beginning(text), "WITH a AS ( SELECT 1 ) SELECT * FROM a");
    }
}

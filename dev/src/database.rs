//! The database: the user's own, or one that comes along.

use std::io::ErrorKind::TimedOut;
use std::str::FromStr;
use std::time::Duration;

use embedded::postgres::{EmbeddedError, Options, Server};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use crate::error::DevError;

/// Where the data of a private PostgreSQL are asked to be.
pub(crate) const DATA_DIR: &str = ".holdfast/postgres";
/// Name of the database on a private server.
const NAME: &str = "holdfast";
/// SQLSTATE of a database that is there already.
const DUPLICATE_DATABASE: &str = "42P04";

/// A database that can be reached answers well within this time, even from another continent.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Makes sure that the user's own database answers. A pool would not tell why it cannot connect, and only after long.
pub(crate) async fn reach(url: &str) -> Result<(), DevError> {
    let login = async { PgConnection::connect(url).await?.close().await };
    let answer = tokio::time::timeout(ANSWER_MAX, login).await;
    let answer = answer.unwrap_or_else(|_elapsed| Err(std::io::Error::from(TimedOut).into()));
    answer.map_err(|source| DevError::Unreachable { address: without_password(url), source })
}

/// Starts a private server, with its data in the current folder, and makes sure of the database.
pub(crate) async fn start(fresh: bool) -> Result<Server, EmbeddedError> {
    let server = Server::start(Options { fresh, ..Options::new(DATA_DIR) }).await?;
    match server.create_database(NAME).await {
        Err(error) if !exists(&error) => Err(error),
        _ => Ok(server),
    }
}

fn exists(error: &EmbeddedError) -> bool {
    let EmbeddedError::Database { source, .. } = error else {
        return false;
    };
    let code = source.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some(DUPLICATE_DATABASE)
}

/// Address of the database on a private server.
pub(crate) fn url(server: &Server) -> String {
    server.url(NAME)
}

/// An address without its password, fit for a screen that others see.
pub(crate) fn without_password(url: &str) -> String {
    let Ok(options) = PgConnectOptions::from_str(url) else {
        return "DATABASE_URL".to_owned();
    };
    let (user, host, port) = (options.get_username(), options.get_host(), options.get_port());
    let database = options.get_database().unwrap_or(user);
    format!("postgres://{user}@{host}:{port}/{database}")
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_is_not_shown() {
        let shown =
            without_password("postgres://me:secret@db.example:5433/wallets?sslmode=require");
        assert_eq!(shown, "postgres://me@db.example:5433/wallets");
        assert_eq!(without_password("postgres://me:secret@[broken"), "DATABASE_URL");
    }
}

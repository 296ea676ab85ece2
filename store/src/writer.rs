//! The watch over the writer.
//!
//! A failover leaves connections behind that lead to a server which is the writer no more:
//! closed ones, which are noticed at once; ones to a server that now takes no writes (25006);
//! and ones to a server that nobody hears from. So each process looks twice a second, on a
//! connection of its own, who the writer is. When that is another server than before, or the
//! server takes no writes, all connections made before are in doubt ([`Database::doubt`]):
//! pools throw them away before they are used again, and lanes
//! and others give up what they wait for. New ones are made through the address, which is resolved anew.
//!
//! A look that fails alone puts nothing in doubt: a server that is only slow would get slower
//! from everyone's coming anew.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use database::{Database, Locate};
use sqlx::Row;
use sqlx::postgres::PgConnection;
use tokio::task::JoinHandle;

use crate::pool::{Purpose, Single, is_read_only, read_only};
use crate::{StoreError, describe};

/// Between two looks.
const EVERY: Duration = Duration::from_millis(500);
/// A look that takes longer has lost its connection.
const LOOK_MAX: Duration = Duration::from_secs(2);
/// A login that may change is tried this often, so that one which is refused is read anew
/// before the pools need it.
const LOGIN_EVERY: Duration = Duration::from_secs(30);

/// Does something until it ends by itself, and begins anew whenever connections are put in doubt
/// meanwhile: what it waits for may never come.
pub async fn anew<F: Future<Output = ()>>(database: &Database, part: impl Fn() -> F) {
    loop {
        let doubted = database.doubted();
        tokio::select! {
            () = part() => return,
            () = doubted => {}
        }
    }
}

/// Looks after the writer until it is dropped.
#[derive(Debug)]
pub struct Watch {
    task: JoinHandle<()>,
}

impl Watch {
    /// Starts it on the current tokio runtime.
    pub fn start(database: &(impl Locate + ?Sized)) -> Result<Self, StoreError> {
        let database = database.locate();
        let connection = Single::new(&database, Purpose::Reads)?;
        let looks =
            Looks { database, connection, writer: None, trouble_since: None, login_at: None };
        Ok(Self { task: tokio::spawn(looks.run()) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Why there is no writer.
enum Lost {
    /// The server takes no writes.
    ReadOnly,
    /// It does not answer, or lets nobody in.
    Away(StoreError),
}

impl Lost {
    fn of(error: StoreError) -> Self {
        match &error {
            StoreError::Sqlx(cause) if is_read_only(cause) => Self::ReadOnly,
            _ => Self::Away(error),
        }
    }
}

struct Looks {
    database: Database,
    connection: Single,
    /// The server that was the writer when last seen: no two start in the same microsecond.
    writer: Option<DateTime<Utc>>,
    trouble_since: Option<Instant>,
    login_at: Option<Instant>,
}

impl Looks {
    async fn run(mut self) {
        loop {
            match tokio::time::timeout(LOOK_MAX, self.look()).await {
                Ok(Ok(started_at)) => self.found(started_at),
                Ok(Err(Lost::ReadOnly)) => {
                    self.database.doubt(Instant::now());
                    self.lost(&describe(&read_only()));
                }
                Ok(Err(Lost::Away(error))) => self.lost(&describe(&error)),
                Err(_) => self.lost("no answer in time"),
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Who the writer is. The connection is kept only when it has led to a writer.
    async fn look(&mut self) -> Result<DateTime<Utc>, Lost> {
        let again =
            self.database.changes() && self.login_at.is_none_or(|at| at.elapsed() >= LOGIN_EVERY);
        if again {
            self.connection.forget();
            self.login_at = Some(Instant::now());
        }
        let mut connection = self.connection.take().await.map_err(Lost::of)?;
        let (started_at, writes) =
            ask(&mut connection).await.map_err(|error| Lost::of(error.into()))?;
        if !writes {
            return Err(Lost::ReadOnly);
        }
        self.connection.keep(connection);
        Ok(started_at)
    }

    fn found(&mut self, started_at: DateTime<Utc>) {
        let before = self.writer.replace(started_at);
        let another = before.is_some_and(|before| before != started_at);
        let trouble = self.trouble_since.take();
        if another {
            // Whoever has come in since then was let in by the new one.
            self.database.doubt(trouble.unwrap_or_else(Instant::now));
        }
        if !another && trouble.is_none() {
            return;
        }
        let place = self.database.place();
        let what = if another { "another writer" } else { "the writer" };
        let away = trouble.map_or(Duration::ZERO, |since| since.elapsed());
        tracing::info!("{what} is found at {place} after {away:.1?}");
    }

    fn lost(&mut self, trouble: &str) {
        if self.trouble_since.is_none() {
            self.trouble_since = Some(Instant::now());
            let place = self.database.place();
            tracing::warn!(error = trouble, "there is no writer at {place}");
        }
    }
}

/// Since when the server runs, and whether it takes writes.
async fn ask(connection: &mut PgConnection) -> Result<(DateTime<Utc>, bool), sqlx::Error> {
    let row = sqlx::query(
        "SELECT pg_postmaster_start_time(), current_setting('transaction_read_only') = 'off'",
    )
    .fetch_one(connection)
    .await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

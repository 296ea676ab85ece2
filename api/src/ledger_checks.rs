//! Ledger checks that operators ask for, at most one of each kind at a time.

use std::sync::Arc;
use std::time::Duration;

use store::StoreError;
use store::ledger::{self, LedgerReport, Mode};
use store::pool::{self, Pool, Purpose};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::error::ApiError;
use crate::overview::SharedRead;

/// One for a quick check and one for a full one, so that neither waits for the other.
const CONNECTIONS: u32 = 2;
/// How long a check under way may hold up the stop; then it ends with the process.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// The checks.
pub(crate) struct LedgerChecks {
    pool: Pool,
    /// It reads every wallet, and a console that shows it asks once a second.
    quick: SharedRead<LedgerReport>,
    /// A full one reads everything; two at once would only read it twice.
    turn: Arc<Mutex<()>>,
}

impl LedgerChecks {
    /// Opens their pool, without a connection yet.
    pub(crate) fn open(database_url: &str) -> Result<Self, StoreError> {
        let pool = pool::open(database_url, Purpose::Maintenance, CONNECTIONS)?;
        Ok(Self { pool, quick: SharedRead::default(), turn: Arc::default() })
    }

    /// What a check finds. A quick one may have been made for somebody else a moment ago, and says when. A full one
    /// waits for its turn for as long as whoever asks.
    pub(crate) async fn check(&self, mode: Mode) -> Result<LedgerReport, ApiError> {
        if mode == Mode::Quick {
            let (report, _) = self.quick.get(ledger::check(&self.pool, mode)).await?;
            return Ok((*report).clone());
        }
        let turn = self.turn.clone().lock_owned().await;
        let pool = self.pool.clone();
        // In a task of its own: when whoever asked has left, the database reads on to the end of its statement, and
        // the connection is not free before. The next one has to wait for that, not to fail for want of a connection.
        let check = tokio::spawn(async move {
            let _turn = turn;
            ledger::check(&pool, mode).await
        });
        let report = check.await.map_err(|error| ApiError::internal(error.to_string()))?;
        Ok(report?)
    }

    /// Closes the pool.
    pub(crate) async fn close(&self) {
        let _ = timeout(CLOSE_MAX, self.pool.close()).await;
    }
}

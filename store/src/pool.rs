//! Pools of connections, each sized and named for its purpose.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};

use crate::StoreError;

/// A pool of connections to the database.
pub use sqlx::PgPool as Pool;

/// A statement that waits longer than this for a row lock gives up (55P03) and is tried again.
const LOCK_TIMEOUT: &str = "5s";
/// No statement of ours runs this long; one that does has lost its plan.
const STATEMENT_TIMEOUT: &str = "30s";
/// A server that takes longer to let a connection in is away.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);

/// What a pool is for. It decides the planner's settings and the name that
/// `pg_stat_activity` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Intake and lanes: few statements, run again and again. A generic plan saves
    /// 13 % of their cost in large groups and 40 % in small ones.
    Hot,
    /// Reads and wallet changes.
    Reads,
    /// apalis's own statements. They must keep to primary keys whatever the
    /// planner thinks of a table that is empty one minute and full the next.
    Queue,
    /// Events on their way out. Its commits do not wait for the disk: one that is lost
    /// in a crash makes an event go out twice, which consumers expect anyway.
    Relay,
    /// Commits of consumers: few statements, run again and again. Their commits wait for the
    /// disk, because a message is deleted after them.
    Consumer,
    /// Sweeper, purge, partitions, ledger check: no time limits.
    Maintenance,
}

/// Opens a pool of at most `size_max` connections, lazily: no connection is made
/// before the first is needed, so that a start does not fail on a short outage.
pub fn open(database_url: &str, purpose: Purpose, size_max: u32) -> Result<PgPool, StoreError> {
    let options = options(database_url, purpose)?;
    Ok(PgPoolOptions::new()
        .max_connections(size_max)
        // Longer than a database restart's reconnect, shorter than a client's patience.
        .acquire_timeout(Duration::from_secs(5))
        .connect_lazy_with(options))
}

/// One connection that is opened when it is needed and thrown away when it misbehaves.
///
/// A pool takes a connection back by asking it for a sign of life, and would wait for
/// one that hangs for ever. Whoever holds this can drop it instead.
pub struct Single {
    options: PgConnectOptions,
    kept: Option<PgConnection>,
}

impl Single {
    /// No connection yet.
    pub fn new(database_url: &str, purpose: Purpose) -> Result<Self, StoreError> {
        Ok(Self { options: options(database_url, purpose)?, kept: None })
    }

    /// The connection that was kept, or a new one. A refused one fails at once.
    pub async fn take(&mut self) -> Result<PgConnection, StoreError> {
        if let Some(connection) = self.kept.take() {
            return Ok(connection);
        }
        let connecting = PgConnection::connect_with(&self.options);
        let connected = tokio::time::timeout(CONNECT_TIME_MAX, connecting).await;
        Ok(connected.map_err(|_| sqlx::Error::PoolTimedOut)??)
    }

    /// Keeps a connection that works for the next time.
    pub fn keep(&mut self, connection: PgConnection) {
        self.kept = Some(connection);
    }
}

fn options(database_url: &str, purpose: Purpose) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(database_url)?.disable_statement_logging();
    Ok(match purpose {
        Purpose::Hot => options.application_name("holdfast hot").options([
            ("plan_cache_mode", "force_generic_plan"),
            // A generic plan made while a table was empty must not be a scan of it.
            ("enable_seqscan", "off"),
            ("lock_timeout", LOCK_TIMEOUT),
            ("statement_timeout", STATEMENT_TIMEOUT),
        ]),
        Purpose::Reads => options
            .application_name("holdfast reads")
            .options([("lock_timeout", LOCK_TIMEOUT), ("statement_timeout", STATEMENT_TIMEOUT)]),
        Purpose::Queue => options.application_name("holdfast queue").options([
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            ("enable_seqscan", "off"),
        ]),
        Purpose::Relay => options.application_name("holdfast relay").options([
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_seqscan", "off"),
            ("synchronous_commit", "off"),
            ("statement_timeout", STATEMENT_TIMEOUT),
            // A relay that hangs must not keep its rows from the others.
            ("idle_in_transaction_session_timeout", STATEMENT_TIMEOUT),
        ]),
        Purpose::Consumer => options.application_name("holdfast consumer").options([
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_seqscan", "off"),
            ("lock_timeout", LOCK_TIMEOUT),
            ("statement_timeout", STATEMENT_TIMEOUT),
        ]),
        Purpose::Maintenance => options.application_name("holdfast maintenance"),
    })
}

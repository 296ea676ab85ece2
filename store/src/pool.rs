//! Pools of connections, each sized and named for its purpose.

use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::StoreError;

/// A pool of connections to the database.
pub use sqlx::PgPool as Pool;

/// A statement that waits longer than this for a row lock gives up (55P03) and is tried again.
const LOCK_TIMEOUT: &str = "5s";
/// No statement of ours runs this long; one that does has lost its plan.
const STATEMENT_TIMEOUT: &str = "30s";

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
    /// Sweeper, purge, partitions, ledger check: no time limits.
    Maintenance,
}

/// Opens a pool of at most `size_max` connections, lazily: no connection is made
/// before the first is needed, so that a start does not fail on a short outage.
pub fn open(database_url: &str, purpose: Purpose, size_max: u32) -> Result<PgPool, StoreError> {
    let options = PgConnectOptions::from_str(database_url)?.disable_statement_logging();
    let options = match purpose {
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
        Purpose::Maintenance => options.application_name("holdfast maintenance"),
    };
    Ok(PgPoolOptions::new()
        // A hot statement on a dead connection is tried again anyway; asking first would
        // add a round trip to every group.
        .test_before_acquire(purpose != Purpose::Hot)
        .max_connections(size_max)
        // Longer than a database restart's reconnect, shorter than a client's patience.
        .acquire_timeout(Duration::from_secs(5))
        .connect_lazy_with(options))
}

//! Pools of connections, each sized and named for its purpose.
//!
//! All connections of all processes are made here. Those to a writer are asked once, when they
//! are made, whether they take writes: an address may still lead to the server that was the
//! writer before, and a name is resolved anew with each connection. Before a pool gives one out
//! that lay idle, it throws away what is in doubt since the writer was found again
//! ([`crate::writer`]).

use std::time::Duration;

pub use database::{Database, Locate, Settings, SettingsError};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};

use crate::StoreError;

mod single;

pub use single::Single;

/// A pool of connections to the database.
pub use sqlx::PgPool as Pool;

/// A statement that waits longer than this for a row lock gives up (55P03) and is tried again.
const LOCK_TIMEOUT: &str = "5s";
/// No statement of ours runs this long; one that does has lost its plan.
const STATEMENT_TIMEOUT: &str = "30s";
/// A transaction whose process says nothing for so long is given up: its host may be gone, and others wait for its rows. Ours
/// go on within milliseconds.
const SILENCE_MAX: &str = "10s";
/// The same where much is computed between two statements.
const LONG_SILENCE_MAX: &str = "60s";
/// How the server finds out that a host is gone: after so many seconds without a word, it asks so often, so many times.
const KEEPALIVES: [(&str, &str); 3] = [
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];
/// Longer than a database restart's reconnect, shorter than a client's patience.
const ACQUIRE_TIME_MAX: Duration = Duration::from_secs(5);
/// A connection that gives no sign of life in this time is thrown away.
const PING_TIME_MAX: Duration = Duration::from_secs(1);
/// Connections are made anew after this time: what was revoked or moved is not held on to for
/// ever, and the server can free what a session gathers.
const LIFETIME_MAX: Duration = Duration::from_mins(30);
/// Pause before a pool makes another connection in place of one that takes no writes. It would
/// do so at once, and say so each time.
const READ_ONLY_PAUSE: Duration = Duration::from_millis(250);

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

/// Opens a pool of at most `size_max` connections to a writer, lazily: no connection is made
/// before the first is needed, so that a start does not fail on a short outage.
pub fn open(
    database: &(impl Locate + ?Sized),
    purpose: Purpose,
    size_max: u32,
) -> Result<PgPool, StoreError> {
    let database = database.locate();
    let (known, seen) = (database.clone(), database.clone());
    let options = bounded(size_max)
        .after_connect(|connection, _| Box::pin(refuse_read_only(connection)))
        .before_acquire(move |connection, about| {
            let doubted = known.is_doubted(about.age);
            Box::pin(async move { Ok(!doubted && is_alive(connection).await) })
        })
        // sqlx tests what comes back, too, but without a limit of time: a server that fell silent would take the places
        // of the pool along until TCP gives up.
        .after_release(move |connection, about| {
            let doubted = seen.is_doubted(about.age);
            Box::pin(async move { Ok(!doubted && is_alive(connection).await) })
        });
    lazily(&database, purpose, options)
}

/// Opens a pool for reads that any server may answer, a standby, too.
pub fn open_for_reading(
    database: &(impl Locate + ?Sized),
    purpose: Purpose,
    size_max: u32,
) -> Result<PgPool, StoreError> {
    let options = bounded(size_max)
        .before_acquire(|connection, _| Box::pin(async { Ok(is_alive(connection).await) }))
        .after_release(|connection, _| Box::pin(async { Ok(is_alive(connection).await) }));
    lazily(&database.locate(), purpose, options)
}

pub(crate) fn bounded(size_max: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(size_max)
        .acquire_timeout(ACQUIRE_TIME_MAX)
        .max_lifetime(LIFETIME_MAX)
        // Each way of opening has a test of its own, with a limit of time.
        .test_before_acquire(false)
}

pub(crate) fn lazily(
    database: &Database,
    purpose: Purpose,
    options: PgPoolOptions,
) -> Result<PgPool, StoreError> {
    let pool = options.connect_lazy_with(suited(database.login()?.options, purpose));
    if database.changes() {
        let (database, pool) = (database.clone(), pool.clone());
        tokio::spawn(async move {
            let news = |options| pool.set_connect_options(suited(options, purpose));
            let mut closing = pool.close_event();
            closing.do_until(database.follow(news)).await.ok();
        });
    }
    Ok(pool)
}

/// Whether an idle connection gives a sign of life.
pub(crate) async fn is_alive(connection: &mut PgConnection) -> bool {
    matches!(tokio::time::timeout(PING_TIME_MAX, connection.ping()).await, Ok(Ok(())))
}

async fn refuse_read_only(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    if takes_writes(connection).await? {
        return Ok(());
    }
    tokio::time::sleep(READ_ONLY_PAUSE).await;
    Err(read_only())
}

/// False on a standby, and where the server or the role was made read-only.
pub(crate) async fn takes_writes(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT current_setting('transaction_read_only') = 'off'")
        .fetch_one(connection)
        .await
}

/// Why a connection was refused by us.
#[derive(Debug, thiserror::Error)]
#[error("the server takes no writes: it is a standby, or was made read-only")]
struct ReadOnly;

/// Sorted as an outage: the writer is elsewhere, or will be one again.
pub(crate) fn read_only() -> sqlx::Error {
    std::io::Error::other(ReadOnly).into()
}

pub(crate) fn is_read_only(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => {
            error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<ReadOnly>)
        }
        _ => false,
    }
}

/// How to log in, with the settings of the purpose.
fn suited(options: PgConnectOptions, purpose: Purpose) -> PgConnectOptions {
    let options = options.disable_statement_logging().options(KEEPALIVES);
    let silence = match purpose {
        Purpose::Maintenance => LONG_SILENCE_MAX,
        _ => SILENCE_MAX,
    };
    let options = options.options([("idle_in_transaction_session_timeout", silence)]);
    match purpose {
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
        ]),
        Purpose::Consumer => options.application_name("holdfast consumer").options([
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_seqscan", "off"),
            ("lock_timeout", LOCK_TIMEOUT),
            ("statement_timeout", STATEMENT_TIMEOUT),
        ]),
        Purpose::Maintenance => options.application_name("holdfast maintenance"),
    }
}

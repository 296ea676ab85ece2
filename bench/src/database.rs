//! The private PostgreSQL, the same for Holdfast and for what it is compared with.

use std::path::{Path, PathBuf};

use embedded::postgres::{Options as ServerOptions, Server};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tokio::signal::unix::{SignalKind, signal};

use crate::Failure;
use crate::args::Options;

/// What a server of a few GB of memory would be given. PostgreSQL's defaults would measure its checkpoints.
const SETTINGS: [(&str, &str); 5] = [
    ("shared_buffers", "2GB"),
    ("max_wal_size", "16GB"),
    // Kept for the next cycle, see [`break_in_log`].
    ("min_wal_size", "4GB"),
    ("checkpoint_timeout", "15min"),
    ("wal_compression", "lz4"),
];

/// Files of 16 MB that a second at full speed fills.
const LOG_FILES_PER_SECOND: u64 = 4;
/// What `min_wal_size` amounts to.
const LOG_FILES_MAX: u64 = 256;

/// Settings that decide how fast and how durable a server is; printed with every result.
const SHOWN: [&str; 15] = [
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "data_checksums",
    "wal_sync_method",
    "wal_compression",
    "max_wal_size",
    "min_wal_size",
    "checkpoint_timeout",
    "shared_buffers",
    "work_mem",
    "max_connections",
    "autovacuum_naptime",
    "jit",
    "shared_preload_libraries",
];

/// Where downloaded binaries are kept: where `cargo run` keeps them, too.
const CACHE_DIR: &str = ".holdfast/cache";

/// Name of the database of a run.
pub(crate) const HOLDFAST: &str = "holdfast";
/// Name of the database of hand-written SQL.
pub(crate) const BASELINE: &str = "baseline";

/// A server with a folder of its own, which goes with it.
pub(crate) struct Database {
    pub(crate) server: Server,
    /// For the logs of the processes.
    pub(crate) folder: PathBuf,
}

impl Database {
    /// Starts a server for `work`, and ends it with its data when that is done or a signal comes.
    pub(crate) async fn lend(
        options: &Options,
        work: impl AsyncFnOnce(&Self) -> Result<bool, Failure>,
    ) -> Result<bool, Failure> {
        // Heard from here on, so that no signal can leave a server or its data behind.
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        if cfg!(debug_assertions) {
            println!("WARNING: a debug build; its figures say nothing. Use cargo run --release.");
        }
        let database = Self::start(options).await?;
        let result = tokio::select! {
            result = work(&database) => result,
            _ = interrupt.recv() => Err("interrupted".into()),
            _ = terminate.recv() => Err("terminated".into()),
        };
        let stopped = database.stop().await;
        let clean = result?;
        stopped.map(|()| clean)
    }

    /// Starts a durable server on an empty folder.
    async fn start(options: &Options) -> Result<Self, Failure> {
        let folder =
            Path::new(&options.data_dir).join(format!("holdfast-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let own = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut settings = own.to_vec();
        if options.statements {
            settings.push(("shared_preload_libraries".into(), "pg_stat_statements".into()));
        }
        settings.extend(options.settings.iter().cloned());
        let server = Server::start(ServerOptions {
            settings,
            fresh: true,
            remove_data_on_exit: true,
            cache_dir: Some(CACHE_DIR.into()),
            ..ServerOptions::new(folder.join("data"))
        })
        .await;
        let server = match server {
            Ok(server) => server,
            Err(error) => {
                let _ = std::fs::remove_dir_all(&folder);
                return Err(error.into());
            }
        };
        let database = Self { server, folder };
        let seconds = options.scenarios.iter().map(|one| one.seconds).max().unwrap_or_default();
        let files = (seconds + options.warmup) * LOG_FILES_PER_SECOND;
        database.break_in_log(files.min(LOG_FILES_MAX)).await?;
        Ok(database)
    }

    /// Gives the log the files that a server has after some hours. A new server makes each
    /// of them when it first comes to it: it writes and syncs 16 MB, and every commit
    /// waits for that, 50 ms on the machines that this was seen on. Later it uses them again.
    async fn break_in_log(&self, files: u64) -> Result<(), Failure> {
        let mut connection = PgConnection::connect(&self.server.url("postgres")).await?;
        for _ in 0..files {
            // A switch needs something to switch from.
            execute(
                &mut connection,
                "SELECT pg_logical_emit_message(false, '', ''), pg_switch_wal()",
            )
            .await?;
        }
        execute(&mut connection, "CHECKPOINT").await?;
        connection.close().await?;
        Ok(())
    }

    /// Stops the server and removes all data.
    async fn stop(self) -> Result<(), Failure> {
        let stopped = self.server.stop().await;
        std::fs::remove_dir_all(&self.folder)?;
        stopped.map_err(Failure::from)
    }

    /// An empty database of this name, instead of one that is there.
    pub(crate) async fn fresh(&self, name: &str) -> Result<String, Failure> {
        self.server.drop_database(name).await?;
        self.server.create_database(name).await?;
        Ok(self.server.url(name))
    }

    /// Process id of the server, whose children are its sessions.
    pub(crate) fn pid(&self) -> u32 {
        self.server.postmaster_pid().unwrap_or(0)
    }

    /// A program that came with the server, if it did.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        let program = self.server.installation().bindir.join(name);
        program.is_file().then_some(program)
    }

    /// The server's version and the settings that matter, as (name, value).
    pub(crate) async fn settings(&self) -> Result<Vec<(String, String)>, Failure> {
        let mut connection = PgConnection::connect(&self.server.url("postgres")).await?;
        let mut settings = Vec::new();
        for name in ["server_version"].into_iter().chain(SHOWN) {
            let row = sqlx::query("SELECT current_setting($1)")
                .bind(name)
                .fetch_one(&mut connection)
                .await?;
            settings.push((name.to_owned(), row.try_get(0)?));
        }
        connection.close().await?;
        Ok(settings)
    }
}

/// Runs a statement that takes nothing and gives nothing.
pub(crate) async fn execute(connection: &mut PgConnection, sql: &str) -> Result<(), Failure> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await?;
    Ok(())
}

/// Brings statistics and visibility up to date and writes everything to disk, so that a measurement does not pay for
/// what was loaded before it.
pub(crate) async fn settle_down(connection: &mut PgConnection) -> Result<(), Failure> {
    execute(connection, "VACUUM (ANALYZE)").await?;
    execute(connection, "CHECKPOINT").await
}

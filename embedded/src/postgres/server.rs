use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use super::account::Account;
use super::candidate::Installation;
use super::cluster;
use super::error::EmbeddedError;
use super::home::Home;
use super::launch::{Plan, Running};
use super::options::Options;
use super::predecessor;
use super::provision;
use super::watchdog::Order;

mod standby;

/// Name of the server's superuser, whom [`Server::url`] logs in.
pub const SUPERUSER: &str = "holdfast";

/// The watchdog gives a fast shutdown 20 s, then orders an immediate one, which ends within 5 s.
const STOP_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(10);

/// A private PostgreSQL server.
///
/// It ends with this value, or with this process if that is killed. Its methods need a tokio runtime with time and I/O,
/// but not always the same one: nothing in here belongs to the runtime that started the server.
pub struct Server {
    plan: Plan,
    port: u16,
    running: Mutex<Running>,
}

impl Server {
    /// Finds or provisions PostgreSQL, makes its data if there are none, and starts it.
    ///
    /// Returns when the server answers. A start that is cancelled leaves no server behind.
    pub async fn start(options: Options) -> Result<Self, EmbeddedError> {
        let account = Account::choose().await.ok_or(EmbeddedError::NoAccount)?;
        let home = Home::settle(&options.data_dir, account).await?;
        predecessor::wait_until_gone(&home.data_dir).await?;
        if options.fresh {
            home.remove()?;
        }
        let beside = home.data_dir.parent().unwrap_or(Path::new("/"));
        let cache = options.cache_dir.clone();
        let downloads = cache.unwrap_or_else(|| beside.join("cache")).join("postgresql");
        let installation = provision::find(&options.search, &home, &downloads).await?;
        let password = cluster::ensure(&home, &installation, options.durability).await?;
        let plan = Plan {
            settings: options.server_settings(),
            remove_data: options.remove_data_on_exit,
            home,
            installation,
            password,
        };
        let (port, running) = plan.launch(options.port).await?;
        tracing::info!(
            port,
            data_dir = %plan.home.data_dir.display(),
            bindir = %plan.installation.bindir.display(),
            "private PostgreSQL answers"
        );
        Ok(Self { plan, port, running: Mutex::new(running) })
    }

    /// Address of a database for clients, with the superuser's password. `database` must be a plain name.
    pub fn url(&self, database: &str) -> String {
        let Self { port, plan, .. } = self;
        format!("postgres://{SUPERUSER}:{}@127.0.0.1:{port}/{database}", plan.password)
    }

    /// TCP port on 127.0.0.1. The same after every [`Self::restart`].
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Folder of the data: the requested one, or its stand-in when the server's user could not reach that.
    pub fn data_dir(&self) -> &Path {
        &self.plan.home.data_dir
    }

    /// File that holds the superuser's password. Only the server's user (and root) can read it.
    pub fn password_file(&self) -> PathBuf {
        self.plan.home.password_file()
    }

    /// The binaries that the server runs from.
    pub fn installation(&self) -> &Installation {
        &self.plan.installation
    }

    /// The last lines that the server logged since it was started.
    pub fn log_tail(&self) -> String {
        self.running().log.tail()
    }

    /// Process id of the postmaster of the latest start. None when its lock file could not be read.
    pub fn postmaster_pid(&self) -> Option<u32> {
        self.running().postmaster
    }

    /// False once the server has ended, for whatever reason.
    pub fn is_running(&self) -> bool {
        self.running().watchdog.exit_status().is_none()
    }

    /// Waits until the server has ended, for whatever reason.
    pub async fn exited(&self) {
        while self.is_running() {
            tokio::time::sleep(POLL).await;
        }
    }

    /// Ends all sessions and stops the server for good (`pg_ctl -m fast`). Nothing happens if it has ended already.
    pub async fn stop(&self) -> Result<(), EmbeddedError> {
        self.end(Order::Finish).await?;
        if self.plan.remove_data {
            // The server's user could not remove entries of a folder that is not its own.
            self.plan.home.remove()?;
        }
        Ok(())
    }

    /// Crashes the server (`pg_ctl -m immediate`) and waits until it is gone.
    ///
    /// Committed data stay, except with [`crate::postgres::Durability::Fast`].
    pub async fn kill_immediate(&self) -> Result<(), EmbeddedError> {
        self.end(Order::Immediate).await
    }

    /// Starts the server again on the same data and port, after a clean stop if it still runs.
    pub async fn restart(&self) -> Result<(), EmbeddedError> {
        self.end(Order::Fast).await?;
        predecessor::wait_until_gone(self.data_dir()).await?;
        let running = self.plan.launch_again(self.port).await?;
        *self.running() = running;
        Ok(())
    }

    /// Creates an empty database.
    pub async fn create_database(&self, name: &str) -> Result<(), EmbeddedError> {
        self.execute("create the database", "CREATE DATABASE", name, "").await
    }

    /// Drops a database and ends the sessions on it. Nothing happens if there is none of that name.
    pub async fn drop_database(&self, name: &str) -> Result<(), EmbeddedError> {
        let statement = "DROP DATABASE IF EXISTS";
        self.execute("drop the database", statement, name, " WITH (FORCE)").await
    }

    async fn execute(
        &self,
        doing: &str,
        statement: &str,
        name: &str,
        rest: &str,
    ) -> Result<(), EmbeddedError> {
        let sql = format!("{statement} {}{rest}", quote_identifier(name));
        let run = async {
            let mut connection = self.plan.login(self.port).connect().await?;
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
            PgConnection::close(connection).await
        };
        run.await
            .map_err(|source| EmbeddedError::Database { doing: format!("{doing} {name}"), source })
    }

    async fn end(&self, order: Order) -> Result<(), EmbeddedError> {
        self.running().watchdog.order(order);
        tokio::time::timeout(STOP_LIMIT, self.exited()).await.map_err(|_elapsed| {
            EmbeddedError::StopTimeout {
                seconds: STOP_LIMIT.as_secs(),
                data_dir: self.data_dir().to_owned(),
            }
        })
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        // Nothing that holds the lock can leave a half-made change.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Server {
    /// Leaves out the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("port", &self.port)
            .field("data_dir", &self.plan.home.data_dir)
            .field("installation", &self.plan.installation)
            .finish_non_exhaustive()
    }
}

/// Quotes a name for SQL, so that it cannot be anything but a name.
pub(crate) fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

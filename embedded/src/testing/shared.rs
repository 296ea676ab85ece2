use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use crate::postgres::{Account, Durability, EmbeddedError, Options, Server, is_reachable};
use crate::testing::leftovers;

/// Serialises the copies of a template across processes that share a server: a copy refuses to start while another
/// session, such as another copy's, is on the template. An arbitrary number that nothing else locks.
const COPY_LOCK: i64 = 0x686f_6c64_7465_7374;

/// Copies the template's files instead of writing every page to the log, the default since this major version. Takes half
/// the time where nothing is synced, and much more where the checkpoints around it are. Older versions always do so.
const COPY_FILES_SINCE: u32 = 15;

/// Room for the pools of many tests at the same time.
const MAX_CONNECTIONS: u32 = 400;

/// The server that all tests of this process share.
pub(super) struct Shared {
    /// Address of the maintenance database.
    admin: PgConnectOptions,
    /// What all names of databases made by this process start with.
    prefix: String,
    template: String,
    /// Ends the statement that copies the template.
    strategy: &'static str,
    copies: AtomicU32,
    /// Kept, because dropping it stops the server. None on a server that is not ours.
    _private: Option<Server>,
}

static SHARED: OnceLock<Result<Shared, Arc<EmbeddedError>>> = OnceLock::new();

/// The shared server, started if this is the first call in the process.
pub(super) async fn server() -> Result<&'static Shared, EmbeddedError> {
    // On a thread that may block, with a runtime that ends before any test's runtime can: the caller's runtime may end
    // in the middle of a start on which the tests of other runtimes wait.
    let start = tokio::task::spawn_blocking(|| SHARED.get_or_init(start_with_own_runtime));
    match start.await {
        Ok(Ok(shared)) => Ok(shared),
        Ok(Err(error)) => Err(EmbeddedError::SharedServer(Arc::clone(error))),
        Err(join_error) => Err(EmbeddedError::Spawn(std::io::Error::other(join_error))),
    }
}

fn start_with_own_runtime() -> Result<Shared, Arc<EmbeddedError>> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(EmbeddedError::Spawn)
        .and_then(|runtime| runtime.block_on(Shared::start()))
        .map_err(Arc::new)
}

impl Shared {
    async fn start() -> Result<Self, EmbeddedError> {
        let shared = match std::env::var("HOLDFAST_TEST_DATABASE_URL") {
            Ok(url) => Self::on_given_server(&url)?,
            Err(_) => Self::on_private_server().await?,
        };
        let create = format!("CREATE DATABASE {}", shared.template);
        shared.execute("create the template database", create).await?;
        migration::up(&shared.url(&shared.template)).await.map_err(EmbeddedError::Migrate)?;
        // From here on nobody can hold up a copy by connecting to the template.
        let close = format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", shared.template);
        shared.execute("close the template database", close).await?;
        Ok(shared)
    }

    fn on_given_server(url: &str) -> Result<Self, EmbeddedError> {
        let admin = PgConnectOptions::from_str(url).map_err(|source| EmbeddedError::Database {
            doing: "read HOLDFAST_TEST_DATABASE_URL".to_owned(),
            source,
        })?;
        // Other processes and earlier runs use the same server.
        let run = uuid::Uuid::new_v4().simple().to_string();
        Ok(Self::new(admin, format!("holdfast_test_{run}_"), None))
    }

    async fn on_private_server() -> Result<Self, EmbeddedError> {
        let account = Account::choose().await.ok_or(EmbeddedError::NoAccount)?;
        let parent = parent_folder(&account).await;
        leftovers::remove(&parent);
        let options = Options {
            durability: Durability::Fast,
            max_connections: MAX_CONNECTIONS,
            remove_data_on_exit: true,
            cache_dir: cache_dir(&account),
            ..Options::new(parent.join(leftovers::new_name()))
        };
        let server = Server::start(options).await?;
        let url = server.url("postgres");
        let admin = PgConnectOptions::from_str(&url).map_err(|source| EmbeddedError::Database {
            doing: "read the address of the private server".to_owned(),
            source,
        })?;
        Ok(Self::new(admin, "t_".to_owned(), Some(server)))
    }

    fn new(admin: PgConnectOptions, prefix: String, private: Option<Server>) -> Self {
        Self {
            admin,
            template: format!("{prefix}template"),
            strategy: match &private {
                Some(server) if server.installation().major >= COPY_FILES_SINCE => {
                    " STRATEGY file_copy"
                }
                _ => "",
            },
            prefix,
            copies: AtomicU32::new(1),
            _private: private,
        }
    }

    pub(super) fn url(&self, database: &str) -> String {
        let options = self.admin.clone().database(database);
        options.to_url_lossy().to_string()
    }

    /// Makes a new database from the template and gives its name.
    pub(super) async fn copy_template(&self) -> Result<String, EmbeddedError> {
        let number = self.copies.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}{number}", self.prefix);
        let statement =
            format!("CREATE DATABASE {name} TEMPLATE {}{}", self.template, self.strategy);
        self.execute("create a test database", statement).await?;
        Ok(name)
    }

    /// Runs a statement about databases, one at a time on the whole server.
    async fn execute(&self, doing: &str, statement: String) -> Result<(), EmbeddedError> {
        let run = async {
            let mut connection = self.admin.connect().await?;
            // Ends with the session. The names in `statement` are made of letters and digits by this module.
            sqlx::query("SELECT pg_advisory_lock($1)")
                .bind(COPY_LOCK)
                .execute(&mut connection)
                .await?;
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
            PgConnection::close(connection).await
        };
        run.await.map_err(|source| EmbeddedError::Database { doing: doing.to_owned(), source })
    }
}

/// The usual folder for temporary files, or `/var/tmp` when the server's user cannot reach that.
pub(super) async fn parent_folder(account: &Account) -> PathBuf {
    let usual = std::env::temp_dir();
    if is_reachable(&usual, account).await { usual } else { PathBuf::from("/var/tmp") }
}

/// Downloads outlive the temporary data. Programs to run never lie in a folder that everybody may write to.
pub(super) fn cache_dir(account: &Account) -> Option<PathBuf> {
    match account {
        Account::Other { .. } => Some(PathBuf::from("/var/cache/holdfast")),
        Account::Own => std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(std::env::home_dir()?.join(".cache")))
            .map(|folder| Path::new(&folder).join("holdfast")),
    }
}

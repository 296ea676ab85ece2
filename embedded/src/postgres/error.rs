use std::path::PathBuf;
use std::sync::Arc;

use super::provision::NoServer;

/// Why a private server or a test database could not be had.
///
/// The texts are meant for the person who typed the command: they name the folder, file or process in the way.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// No usable server binaries, and none could be fetched.
    #[error(transparent)]
    NoServer(#[from] NoServer),
    /// This process belongs to root and there is no user to run the server as.
    #[error(
        "PostgreSQL does not run as root, and this system has neither a user postgres nor nobody"
    )]
    NoAccount,
    /// The data need another major version than the ones at hand.
    #[error(
        "the data in {data_dir} were written by PostgreSQL {data_major}, and only {found} is at hand; \
         install PostgreSQL {data_major}, or drop the data"
    )]
    DataVersion {
        /// Folder of the data.
        data_dir: PathBuf,
        /// Major version that wrote them.
        data_major: u32,
        /// Major versions that were found, as a list for a person.
        found: String,
    },
    /// A folder or file could not be read, made or changed.
    #[error("could not {doing} {path}")]
    Path {
        /// What was being done, as a verb phrase.
        doing: &'static str,
        /// The folder or file.
        path: PathBuf,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The data folder, or the folder in its place under `/var/tmp`, belongs to another user.
    #[error(
        "{path} belongs to another user; remove it as that user, or choose another data folder"
    )]
    ForeignFolder {
        /// The folder.
        path: PathBuf,
    },
    /// Data of an earlier run without the password that was made with them.
    #[error(
        "the password for the data in {data_dir} is missing; restore {password_file}, or drop the data"
    )]
    PasswordMissing {
        /// Folder of the data.
        data_dir: PathBuf,
        /// Where the password used to be.
        password_file: PathBuf,
    },
    /// `initdb` refused.
    #[error("could not create a database cluster for {data_dir}: {output}")]
    InitDb {
        /// Folder of the data.
        data_dir: PathBuf,
        /// What `initdb` printed.
        output: String,
    },
    /// `pg_basebackup` failed.
    #[error("could not copy the server to {data_dir}: {output}")]
    Backup {
        /// Folder of the copy.
        data_dir: PathBuf,
        /// What `pg_basebackup` printed.
        output: String,
    },
    /// A server of another process serves these data.
    #[error(
        "the PostgreSQL server with pid {pid} still uses {data_dir}; \
         stop the program that started it, or the server itself with `kill -INT {pid}`"
    )]
    StillRunning {
        /// Process id of that server.
        pid: u32,
        /// Folder of the data.
        data_dir: PathBuf,
    },
    /// The shell that guards the server could not be started.
    #[error("could not start the process that guards PostgreSQL")]
    Spawn(#[source] std::io::Error),
    /// The server ended instead of serving.
    #[error("PostgreSQL ended while it started; the end of its log:\n{log}")]
    EndedAtStart {
        /// Last lines of the server's log.
        log: String,
    },
    /// The server runs, but nobody could log in within the deadline.
    #[error(
        "PostgreSQL did not answer on port {port} within {seconds} s; the end of its log:\n{log}"
    )]
    NoAnswer {
        /// Port on 127.0.0.1.
        port: u16,
        /// The deadline.
        seconds: u64,
        /// Last lines of the server's log.
        log: String,
        /// What the last attempt to connect met. None when it met silence.
        #[source]
        source: Option<Box<sqlx::Error>>,
    },
    /// The server did not end although it was told to.
    #[error("PostgreSQL did not stop within {seconds} s; its data are in {data_dir}")]
    StopTimeout {
        /// The deadline.
        seconds: u64,
        /// Folder of the data.
        data_dir: PathBuf,
    },
    /// A statement on the server failed.
    #[error("could not {doing}")]
    Database {
        /// What was being done, as a verb phrase.
        doing: String,
        /// The database's reason.
        #[source]
        source: sqlx::Error,
    },
    /// The schema of the test databases could not be built.
    #[error("could not migrate the template of the test databases")]
    Migrate(#[source] migration::MigrateError),
    /// The server that all tests of a process share could not be set up. Every test of the process gets this.
    #[error("could not set up the PostgreSQL server that the tests of this process share")]
    SharedServer(#[source] Arc<EmbeddedError>),
}

impl EmbeddedError {
    /// For use with `map_err`: a [`Self::Path`] once the operating system's reason is known.
    pub(super) fn path(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Path { doing, path, source }
    }
}

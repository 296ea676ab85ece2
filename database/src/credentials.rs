//! Where the login comes from, when it may change while the process runs.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::process::Command;

use crate::secret::Secret;

/// A file is small and near: a rotation is known within a second.
const FILE_EVERY: Duration = Duration::from_secs(1);
/// A token lives for fifteen minutes, so that two tries may fail before one is too old.
const COMMAND_EVERY: Duration = Duration::from_mins(5);
/// Longer than any token takes to make; a command that hangs is killed.
const COMMAND_TIME_MAX: Duration = Duration::from_secs(10);
/// As much of a complaint as a person reads.
const COMPLAINT_CHARS_MAX: usize = 200;

/// Where a login comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// From the settings themselves: it never changes.
    Settings,
    /// From a file that others write anew.
    File(PathBuf),
    /// From what a program prints: the program, and its arguments.
    Command(String, Vec<String>),
}

impl Source {
    /// How often it is looked at; none when it never changes.
    pub(crate) fn every(&self) -> Option<Duration> {
        match self {
            Self::Settings => None,
            Self::File(_) => Some(FILE_EVERY),
            Self::Command(..) => Some(COMMAND_EVERY),
        }
    }

    /// How often it is looked at by those who are refused.
    pub(crate) fn urgent_every(&self) -> Duration {
        match self {
            Self::Settings | Self::File(_) => Duration::from_millis(50),
            Self::Command(..) => Duration::from_secs(2),
        }
    }

    /// Reads it now, for a login at `place`; none when there is nothing to read. The error is the
    /// rest of a sentence, without any secret.
    pub(crate) async fn read(&self, place: &PgConnectOptions) -> Result<Option<Secret>, String> {
        let text = match self {
            Self::Settings => return Ok(None),
            Self::File(path) => {
                // Some bytes of a file system in memory: not worth a thread.
                let read = std::fs::read_to_string(path);
                read.map_err(|error| format!("names a file that cannot be read: {error}"))?
            }
            Self::Command(program, arguments) => print(program, arguments, place).await?,
        };
        let secret = Secret::parse(&text);
        secret.map(Some).map_err(|problem| match self {
            Self::Command(..) => format!("prints something that {problem}"),
            _ => format!("names a file that {problem}"),
        })
    }

    /// The same, for a process that is only starting, whether it has a runtime or not.
    pub(crate) fn read_now(&self, place: &PgConnectOptions) -> Result<Option<Secret>, String> {
        if matches!(self, Self::Settings) {
            return Ok(None);
        }
        // A thread of its own: a runtime must not be blocked on from within another.
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.map_err(|error| format!("cannot be read: {error}"))?;
                runtime.block_on(self.read(place))
            });
            reading.join().unwrap_or_else(|_| Err("cannot be read".to_owned()))
        })
    }
}

/// What the program prints. It learns where the login is for, because a token is good for one
/// server and one user only.
async fn print(
    program: &str,
    arguments: &[String],
    place: &PgConnectOptions,
) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command.env("PGHOST", place.get_host()).env("PGPORT", place.get_port().to_string());
    command.env("PGUSER", place.get_username());
    // So that a program which reads these variables itself does not run itself.
    command.env_remove("DATABASE_PASSWORD_COMMAND");
    command.env("PGDATABASE", place.get_database().unwrap_or_default());
    let output = tokio::time::timeout(COMMAND_TIME_MAX, command.output()).await;
    let output = output.map_err(|_| {
        format!("names a command that did not end within {} s", COMMAND_TIME_MAX.as_secs())
    })?;
    let output = output.map_err(|error| format!("names a command that cannot be run: {error}"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let first = complaint.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("");
        let first: String = first.chars().take(COMPLAINT_CHARS_MAX).collect();
        let colon = if first.is_empty() { "" } else { ": " };
        return Err(format!("names a command that failed ({}){colon}{first}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| "prints something that is not UTF-8".to_owned())
}

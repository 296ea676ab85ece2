//! The sandbox provider that comes along: a process of its own, as a real provider is.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::sandbox::program::{COMMAND, SECRET};

/// Where it keeps what it did, beside the data that know of it.
const JOURNAL: &str = ".holdfast/sandbox-provider.jsonl";
/// How long it may take to start; it has nothing to do before it listens.
const START_MAX: Duration = Duration::from_secs(10);
/// How long it may take to end.
const END_MAX: Duration = Duration::from_secs(2);

/// The running process. It ends with this one, however that ends: it holds the other end of
/// its standard input.
pub(crate) struct Provider {
    child: Child,
    /// Not left with the child, because whoever waits for that closes it.
    tie: ChildStdin,
    url: String,
}

/// How it is started.
pub(crate) struct Launch<'a> {
    /// Where its notices go.
    pub(crate) notices: String,
    /// How they are signed.
    pub(crate) secret: &'a str,
    /// Whether it is to remember what it did the last time.
    pub(crate) journal: bool,
    /// Whether it is to forget that first.
    pub(crate) fresh: bool,
}

impl Provider {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(launch: Launch<'_>) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([COMMAND, "--with-parent", "--notices", &launch.notices]);
        if launch.journal {
            let journal = Path::new(JOURNAL);
            if let Some(folder) = journal.parent() {
                std::fs::create_dir_all(folder)?;
            }
            if launch.fresh && journal.exists() {
                std::fs::remove_file(journal)?;
            }
            command.arg("--journal").arg(journal);
        }
        command
            .env(SECRET, launch.secret)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A terminal's Ctrl-C must not reach it before those who call it have ended.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let tie = child.stdin.take().ok_or_else(|| io::Error::other("it has no input"))?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("it has no output"))?;
        let mut line = String::new();
        let mut output = BufReader::new(output);
        let listens = tokio::time::timeout(START_MAX, output.read_line(&mut line));
        listens.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let url = line.trim().strip_prefix("listening ").map(str::to_owned);
        let url = url.ok_or_else(|| io::Error::other("it ended without a word"))?;
        Ok(Self { child, tie, url })
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until it ends although nobody told it to.
    pub(crate) async fn ended(&mut self) {
        self.child.wait().await.ok();
    }

    /// Lets it end.
    pub(crate) async fn stop(mut self) {
        drop(self.tie);
        if tokio::time::timeout(END_MAX, self.child.wait()).await.is_err() {
            self.child.kill().await.ok();
        }
    }
}

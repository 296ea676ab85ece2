//! Starting and ending the processes that are measured.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::Failure;
use crate::parts::Part;

/// Longer than the processes' own limit for a drain.
const STOP_MAX: Duration = Duration::from_secs(40);
/// A process that says nothing for so long has not started.
const START_MAX: Duration = Duration::from_secs(30);
/// Lines of a process's complaints that are shown when it fails.
const COMPLAINTS_SHOWN: usize = 5;

/// A process that is measured. It is killed when this is dropped before [`Self::stop`].
pub(crate) struct Running {
    child: Child,
    part: Part,
    /// Its process id.
    pub(crate) pid: u32,
    /// What it has to complain of.
    complaints: PathBuf,
}

impl Running {
    /// Starts a part with these variables, and returns the first line that it prints. Its complaints go to a file in
    /// `folder`, with its number among its like.
    pub(crate) async fn start(
        part: Part,
        number: u32,
        variables: &[(&str, String)],
        folder: &Path,
    ) -> Result<(Self, String), Failure> {
        let complaints = folder.join(format!("{}-{number}.log", part.name()));
        let mut child = Command::new(std::env::current_exe()?)
            .arg(part.name())
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&complaints)?)
            // A terminal's Ctrl-C is for the bench alone, which then ends its parts in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().ok_or("a process ended as soon as it was started")?;
        let stdout = child.stdout.take().ok_or("a process without an output")?;
        let running = Self { child, part, pid, complaints };
        let mut lines = BufReader::new(stdout).lines();
        match timeout(START_MAX, lines.next_line()).await {
            Ok(Ok(Some(line))) => Ok((running, line)),
            _ => Err(running.trouble("did not start")),
        }
    }

    /// Lets it finish what it has in hand.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        drop(self.child.stdin.take());
        match timeout(STOP_MAX, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(self.trouble(&format!("ended with {status}"))),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(self.trouble("did not end")),
        }
    }

    /// Fails when it has ended although nobody told it to.
    pub(crate) fn check(&mut self) -> Result<(), Failure> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(self.trouble(&format!("ended with {status}"))),
        }
    }

    /// Lines of warnings and errors so far.
    pub(crate) fn complaint_count(&self) -> usize {
        std::fs::read_to_string(&self.complaints).map_or(0, |text| text.lines().count())
    }

    fn trouble(&self, what: &str) -> Failure {
        let text = std::fs::read_to_string(&self.complaints).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines.get(lines.len().saturating_sub(COMPLAINTS_SHOWN)..).unwrap_or_default();
        format!("{} {what}\n{}", self.part.name(), last.join("\n")).into()
    }
}

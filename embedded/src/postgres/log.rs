use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::process::Stdio;

use super::account::Account;

/// A log larger than this is emptied at the next start; nobody rotates it.
const LARGEST_KEPT_BYTES: u64 = 16 * 1024 * 1024;
/// What is read for a tail: more than [`TAIL_LINES`] long lines.
const TAIL_BYTES: u64 = 16 * 1024;
/// As much as a person reads in an error.
const TAIL_LINES: usize = 20;

/// The file that the server writes its messages to.
///
/// It stays open, so that it can be read even after the data folder around it was removed.
#[derive(Debug)]
pub(super) struct ServerLog {
    file: File,
    /// Where the messages of this run begin.
    start: u64,
}

impl ServerLog {
    pub(super) fn open(data_dir: &Path, account: &Account) -> std::io::Result<Self> {
        let path = data_dir.join("server.log");
        let file =
            OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path)?;
        account.take_over(&path)?;
        if file.metadata()?.len() > LARGEST_KEPT_BYTES {
            file.set_len(0)?;
        }
        let start = file.metadata()?.len();
        Ok(Self { file, start })
    }

    /// A handle for a process to write to.
    pub(super) fn writer(&self) -> std::io::Result<Stdio> {
        Ok(self.file.try_clone()?.into())
    }

    /// The last lines of this run. Empty when nothing was written or the file cannot be read.
    pub(super) fn tail(&self) -> String {
        let end = self.file.metadata().map_or(0, |metadata| metadata.len());
        let from = self.start.max(end.saturating_sub(TAIL_BYTES));
        let mut bytes = vec![0; usize::try_from(end.saturating_sub(from)).unwrap_or(0)];
        if self.file.read_exact_at(&mut bytes, from).is_err() {
            return String::new();
        }
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let skipped = lines.len().saturating_sub(TAIL_LINES);
        lines.into_iter().skip(skipped).collect::<Vec<_>>().join("\n")
    }
}

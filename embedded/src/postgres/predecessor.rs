use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::error::EmbeddedError;

/// A server whose owner is gone is told to stop at once, and says "stopping" within a moment. One that still serves
/// after this time has an owner.
const SERVING_LIMIT: Duration = Duration::from_secs(3);
/// A fast shutdown ends with a checkpoint of everything that is not on disk yet.
const STOPPING_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

/// What `postmaster.pid` says about the server that uses a data folder.
struct Predecessor {
    pid: u32,
    stopping: bool,
}

impl Predecessor {
    fn read(data_dir: &Path) -> Option<Self> {
        let text = fs::read_to_string(data_dir.join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        Some(Self {
            pid: lines.next()?.trim().parse().ok()?,
            // The eighth line holds the state, padded with blanks.
            stopping: lines.nth(6).is_some_and(|state| state.trim() == "stopping"),
        })
    }
}

/// Process id of the server that serves `data_dir`, from its lock file.
pub(super) fn postmaster_pid(data_dir: &Path) -> Option<u32> {
    Predecessor::read(data_dir).map(|server| server.pid)
}

/// Waits until no server uses `data_dir`: the watchdog of an earlier run may still be shutting one down.
pub(super) async fn wait_until_gone(data_dir: &Path) -> Result<(), EmbeddedError> {
    let began = Instant::now();
    while let Some(server) = Predecessor::read(data_dir) {
        if !is_alive(server.pid) || !is_postgres(server.pid) {
            // A leftover of a crash. PostgreSQL itself decides what to do about it.
            return Ok(());
        }
        let limit = if server.stopping { STOPPING_LIMIT } else { SERVING_LIMIT };
        if began.elapsed() > limit {
            return Err(EmbeddedError::StillRunning {
                pid: server.pid,
                data_dir: data_dir.to_owned(),
            });
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// True while a process with this id runs. One that has ended but was not collected by its parent does not run.
pub(crate) fn is_alive(pid: u32) -> bool {
    if Path::new("/proc/self/stat").exists() {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The state follows the name, which is in parentheses and may itself hold any character.
        return stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']));
    }
    ps(pid, "stat=").is_some_and(|state| !state.starts_with('Z'))
}

fn is_postgres(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm"))
        .ok()
        .or_else(|| ps(pid, "comm="))
        .is_some_and(|name| name.contains("postgres"))
}

/// Asks `ps` for one column. For systems without `/proc`.
fn ps(pid: u32, column: &str) -> Option<String> {
    let output = Command::new("ps").args(["-o", column, "-p", &pid.to_string()]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

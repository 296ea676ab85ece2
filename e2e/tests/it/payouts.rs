//! Payouts and their kin from the intake to the provider's book: real processes, real calls, real
//! deaths, and the desk for what gets stuck.

use std::path::{Path, PathBuf};

use dev::sandbox::{Sandbox, SandboxOptions};
use domain::ids::WalletId;
use domain::terms::Terms;
use jobs::{Config, Hooks};
use store::intake::NewTransfer;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::support::World;

mod crash;
mod desk;
mod hanging;
mod holds;
mod matrix;
mod review;
mod soon;

/// A payout that asks the sandbox for this behavior; a screening is asked for where one is named.
fn payout(from: WalletId, amount: i64, behavior: &str) -> NewTransfer {
    let plain = crate::outside::payout(from, amount);
    let terms =
        plain.terms.map(|terms| Terms { screen_outside: behavior.contains("screen_"), ..*terms });
    let reference = Some(format!("Rent sandbox:{behavior}"));
    NewTransfer { terms: terms.map(Box::new), reference, ..plain }
}

/// A sandbox within this process that tells nobody anything.
async fn sandbox() -> Sandbox {
    let listen = "127.0.0.1:0".parse().expect("an address");
    let options = SandboxOptions { listen, notices: None, journal: None };
    Sandbox::start(options).await.expect("a sandbox")
}

/// Workers within this process.
struct Workers {
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Workers {
    fn start(config: Config) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            let stopped = async { stopped.await.unwrap_or_default() };
            jobs::run(config, Hooks::default(), stopped).await.expect("workers that run");
        });
        Self { stop, running }
    }

    async fn stop(self) {
        self.stop.send(()).expect("workers that still run");
        self.running.await.expect("a clean drain");
    }
}

/// Ages the last heartbeats of a process that is dead, so that its jobs are free at once: there
/// are many deaths to die, and how long a silent worker is waited for is seen elsewhere.
async fn bury(world: &World, pid: u32) {
    let sql = "UPDATE apalis.workers SET last_seen = now() - interval '1 minute' WHERE id LIKE $1";
    let query = sqlx::query(sql).bind(format!("%-{pid}-%"));
    query.execute(&world.reads).await.expect("aged heartbeats");
}

/// What is open, for the message of a test that runs out of patience.
async fn left(world: &World) -> Vec<(String, Option<String>, Option<String>, i16, i64)> {
    let sql = "SELECT step, waiting_for, parked_reason, crash_count, count(*)
        FROM saga_open GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4";
    sqlx::query_as(sql).fetch_all(&world.reads).await.expect("what is left")
}

/// A new folder, where processes note their deaths.
fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("holdfast-deaths-{}", Uuid::now_v7()));
    std::fs::create_dir(&folder).expect("a folder");
    folder
}

/// Ids of the transfers that have had their deaths.
fn burned(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("a folder");
    let name = |file: std::io::Result<std::fs::DirEntry>| file.expect("a file").file_name();
    files.map(|file| name(file).to_string_lossy().into_owned()).collect()
}

//! The production processes with a fuse, and the console: `holdfast-e2e api | jobs | console ...`.
//!
//! Calls the same `run` functions as `holdfast-api` and `holdfast-jobs`, and kills
//! itself where the tests ask for it:
//! * `E2E_ABORT_AMOUNT=n`: aborts before the commit of any group that holds a transfer of n.
//! * `E2E_DIE_ONCE_AT=before_commit|after_commit` and `E2E_DIE_ONCE_FILE=path`: aborts
//!   there once, at the first transaction; the file remembers that it happened.
//!
//! The API prints `listening <address> <address for operators>` once it has its ports.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::process::{ExitCode, abort};

use domain::group::OpenTransfer;
use jobs::Hooks;
use store::lane::{Point, Probe};
use tokio::signal::unix::{SignalKind, signal};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("console") {
        return admin_tui::program::run(std::env::args_os().skip(1)).await;
    }
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdfast-e2e: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = async move { terminate.recv().await.unwrap_or_default() };
    match std::env::args().nth(1).as_deref() {
        Some("api") => {
            let server = api::Server::bind(&api::Config::from_env()?).await?;
            println!("listening {} {}", server.public_addr(), server.admin_addr());
            std::io::stdout().flush()?;
            server.serve(shutdown).await?;
        }
        Some("jobs") => {
            let hooks = Hooks { probe: Box::new(Fuse::from_env()), ..Hooks::default() };
            jobs::run(jobs::Config::from_env()?, hooks, shutdown).await?;
        }
        _ => return Err("usage: holdfast-e2e api | jobs | console".into()),
    }
    Ok(())
}

/// Aborts the process, as a bug in native code or the kernel's OOM killer would.
struct Fuse {
    amount: Option<i64>,
    once: Option<(Point, PathBuf)>,
}

impl Fuse {
    fn from_env() -> Self {
        let variable = |name| std::env::var(name).ok();
        let point = match variable("E2E_DIE_ONCE_AT").as_deref() {
            Some("before_commit") => Some(Point::BeforeCommit),
            Some("after_commit") => Some(Point::AfterCommit),
            _ => None,
        };
        Self {
            amount: variable("E2E_ABORT_AMOUNT").and_then(|amount| amount.parse().ok()),
            once: point.zip(variable("E2E_DIE_ONCE_FILE").map(PathBuf::from)),
        }
    }
}

impl Probe for Fuse {
    fn reached(&self, point: Point, group: &[OpenTransfer]) {
        let fatal = |one: &OpenTransfer| Some(one.amount.minor().0) == self.amount;
        if point == Point::BeforeCommit && group.iter().any(fatal) {
            abort();
        }
        if let Some((when, file)) = &self.once {
            // Creating the file decides who dies, also between two processes.
            if *when != point {
                return;
            }
            let first = OpenOptions::new().write(true).create_new(true).open(file).is_ok();
            if first {
                abort();
            }
        }
    }
}

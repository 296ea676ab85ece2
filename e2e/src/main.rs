//! The production processes with a fuse, the console and the sandbox provider:
//! `holdfast-e2e api | jobs | console ... | sandbox-provider ...`.
//!
//! Calls the same `run` functions as `holdfast-api` and `holdfast-jobs`, and kills
//! itself where the tests ask for it:
//! * `E2E_ABORT_AMOUNT=n`: aborts before the commit of any group that holds a transfer of n.
//! * `E2E_DIE_ONCE_AT=before_commit|after_commit` and `E2E_DIE_ONCE_FILE=path`: aborts
//!   there once, at the first transaction; the file remembers that it happened.
//! * `E2E_ABORT_CALL_AMOUNT=n` and `E2E_ABORT_CALL_DIR=path`: each transfer of n aborts it once
//!   before a call outside, and once after one; the folder remembers which did.
//! * `E2E_DIE_AT` and `E2E_DIE_DIR`: aborts once for each of some transfers ([`fuses`]).
//!
//! The API prints `listening <address> <address for operators>` once it has its ports.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::process::{ExitCode, abort};
use std::sync::Arc;

use dev::sandbox::program::{COMMAND, Program};
use domain::group::OpenTransfer;
use jobs::Hooks;
use jobs::outside::{CallPoint, CallProbe};
use store::calls::Call;
use store::lane::{Point, Probe};
use telemetry::logs::Output;
use tokio::signal::unix::{SignalKind, signal};

mod fuses;

use fuses::Fuses;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("console") {
        return admin_tui::program::run(std::env::args_os().skip(1)).await;
    }
    let ended = run().await;
    telemetry::traces::finish().await;
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdfast-e2e: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failure> {
    let service = match std::env::args().nth(1).as_deref() {
        Some("api") => "holdfast-api",
        _ => "holdfast-jobs",
    };
    let said = telemetry::Config::from_lookup(|name| std::env::var(name).ok())?;
    telemetry::start(&said, service, Output::Stderr)?;
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
            let hooks = Hooks {
                probe: Box::new(Fuse::from_env()),
                calls: Arc::new(CallFuse::from_env()),
                ..Hooks::default()
            };
            jobs::run(jobs::Config::from_env()?, hooks, shutdown).await?;
        }
        Some(COMMAND) => Program::parse(std::env::args_os().skip(2))?.run().await?,
        _ => return Err("usage: holdfast-e2e api | jobs | console | sandbox-provider".into()),
    }
    Ok(())
}

/// Aborts the process, as a bug in native code or the kernel's OOM killer would.
struct Fuse {
    fuses: Fuses,
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
            fuses: Fuses::from_env(),
            amount: variable("E2E_ABORT_AMOUNT").and_then(|amount| amount.parse().ok()),
            once: point.zip(variable("E2E_DIE_ONCE_FILE").map(PathBuf::from)),
        }
    }
}

impl Probe for Fuse {
    fn reached(&self, point: Point, group: &[OpenTransfer]) {
        self.fuses.at_commit(point, group);
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

/// The same, at calls outside.
struct CallFuse {
    fuses: Fuses,
    amount: Option<i64>,
    folder: Option<PathBuf>,
}

impl CallFuse {
    fn from_env() -> Self {
        let variable = |name| std::env::var(name).ok();
        Self {
            fuses: Fuses::from_env(),
            amount: variable("E2E_ABORT_CALL_AMOUNT").and_then(|amount| amount.parse().ok()),
            folder: variable("E2E_ABORT_CALL_DIR").map(PathBuf::from),
        }
    }
}

impl CallProbe for CallFuse {
    fn reached(&self, point: CallPoint, call: &Call) {
        self.fuses.at_call(point, call);
        let Some(folder) = &self.folder else { return };
        if Some(call.amount.minor().0) != self.amount {
            return;
        }
        let file = folder.join(format!("{}-{point:?}", call.id));
        if OpenOptions::new().write(true).create_new(true).open(file).is_ok() {
            abort();
        }
    }
}

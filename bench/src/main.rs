//! `cargo run --release -p bench -- <scenario>`: how fast the whole system is, and at what cost.
//!
//! One run: a private PostgreSQL, the API and the workers as processes of their own, and this process as their client.
//! It ends only when everything that was accepted is at its end and the full check of the ledger is clean, so that a
//! figure never stands for work that was lost. Hand-written SQL under pgbench runs on the same server before it, because
//! a rate means little without another one from the same machine at the same time.
//!
//! The statements of this crate are no part of the service: they make wallets, stand in for a competitor, or read what
//! came of a run.
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "figures for people: counts and microseconds far inside the range of all types"
)]

mod args;
mod baseline;
mod children;
mod consoles;
mod cpu;
mod database;
mod figures;
mod fund;
mod histogram;
mod json;
mod load;
mod machine;
mod measure;
mod outcome;
mod parts;
mod report;
mod run;
mod scenario;
mod series;
mod statements;
mod stream;
mod svg;
mod table;
mod wallets;

use std::future::Future;
use std::process::ExitCode;

use args::Command;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// Why there is no result. Nobody decides by its type; it is only told.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match Command::parse(&arguments) {
        Ok(Command::Help) => {
            print!("{}", args::help());
            Ok(true)
        }
        Ok(Command::Part(part)) => parts::run(part),
        Ok(Command::Run(options)) => local(report::run(&options)),
        Ok(Command::Stream(options)) => local(stream::run(&options)),
        Err(problem) => Err(problem.into()),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("holdfast-bench: {}", store::describe(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// One thread drives the load: it takes least from the cores that it shares with what it measures.
fn local(work: impl Future<Output = Result<bool, Failure>>) -> Result<bool, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, work)
}

//! What `cargo run` starts: the whole of Holdfast in one process, on this machine, with nothing set up before.
//!
//! [`run`] goes through PostgreSQL, migrations, API, workers and demo wallets in this order, prints a banner, and takes
//! everything down again, in the opposite order of who needs whom, when it is told to. The parts are those of
//! production; only what starts them is different.

mod admin;
mod args;
mod banner;
mod client;
mod console;
mod database;
mod demo;
mod error;
mod failures;
pub mod issuer;
mod load;
mod operators;
mod part;
mod ports;
mod provider;
mod queues;
pub mod sandbox;
mod settings;
mod signals;
mod system;

use std::sync::Arc;

pub use args::{ArgsError, Command, HELP, Options};
pub use client::ClientError;
pub use error::DevError;
pub use queues::QueuesError;
pub use settings::{Settings, SettingsError};

use banner::Banner;
use client::Client;
use console::Console;
use failures::{Failures, Wiring};
use load::{Fleet, Load};
use signals::Signals;
use system::System;

/// Brings the system up, and down again at the first SIGINT or SIGTERM. The second one ends the process at once.
pub async fn run(options: Options, settings: Settings) -> Result<(), DevError> {
    let console = Console::start();
    let signals = Signals::listen().map_err(DevError::Signals)?;
    let (mut system, mut failures) = (System::default(), None);
    let outcome = tokio::select! {
        error = serve(&mut system, &mut failures, options, &settings, &console) => Err(error),
        () = signals.asked() => Ok(()),
    };
    let outcome = match outcome {
        Ok(()) => tokio::select! {
            error = system.failure() => Err(error),
            verdict = finish(failures.as_ref(), &console) => Ok(verdict),
        },
        Err(error) => Err(error),
    };
    match outcome {
        Ok(verdict) => {
            console.step("stopping API, workers and PostgreSQL (once more: at once)");
            system.stop().await?;
            console.step("stopped cleanly");
            verdict
        }
        Err(error) => {
            system.abandon().await;
            Err(error)
        }
    }
}

/// Starts everything and watches over it; comes back only with what went wrong.
async fn serve(
    system: &mut System,
    failures: &mut Option<Failures>,
    options: Options,
    settings: &Settings,
    console: &Console,
) -> DevError {
    let load = match start(system, failures, options, settings, console).await {
        Ok(load) => load,
        Err(error) => return error,
    };
    tokio::select! {
        error = system.failure() => error,
        () = run_load(load) => DevError::Ended("the load"),
        () = run_failures(failures.as_ref()) => DevError::Ended("the simulator"),
    }
}

async fn start(
    system: &mut System,
    failures: &mut Option<Failures>,
    options: Options,
    settings: &Settings,
    console: &Console,
) -> Result<Option<Load>, DevError> {
    let (fleet, wiring) = (Arc::new(Fleet::default()), Wiring::default());
    let hooks = match options {
        Options { failures: true, .. } => wiring.hooks(Arc::clone(&fleet)),
        Options { load: Some(_), .. } => load::hooks(Arc::clone(&fleet)),
        Options { load: None, .. } => jobs::Hooks::default(),
    };
    let places = system.start(options, settings, hooks, console).await?;
    let client = Client::new(places.api_url(), places.own_token.clone())?;
    console.step("demo wallets");
    let demo = demo::prepare(&client).await?;
    let load = match options.load {
        None => None,
        Some(per_second) => {
            console.step("wallets for the load");
            let is_chosen = if options.failures { failures::is_chosen } else { load::is_chosen };
            let url = &places.database_url;
            Some(Load::prepare(client, &fleet, url, per_second, is_chosen).await?)
        }
    };
    if let (true, Some(load), Some(endpoint)) = (options.failures, &load, system.endpoint()) {
        *failures = Some(Failures::new(wiring, endpoint, &places, load.tally())?);
    }
    console.step("ready");
    let tokens = operators::issue(&places.database_url).await?;
    admin::introduce(&places, &tokens)?;
    let banner = Banner { places: &places, demo: &demo, tokens: &tokens, options };
    console::print(&banner.to_string());
    Ok(load)
}

/// Without a load this never ends.
async fn run_load(load: Option<Load>) {
    match load {
        Some(load) => load.run().await,
        None => std::future::pending().await,
    }
}

/// Without failures on purpose this never ends.
async fn run_failures(failures: Option<&Failures>) {
    match failures {
        Some(failures) => failures.run().await,
        None => std::future::pending().await,
    }
}

/// What is to be done while everything still runs: after failures on purpose, the report.
async fn finish(failures: Option<&Failures>, console: &Console) -> Result<(), DevError> {
    match failures {
        Some(failures) => failures.finish(console).await,
        None => Ok(()),
    }
}

//! What `cargo run` starts: the whole of Holdfast in one process, on this machine, with nothing set up before.
//!
//! [`run`] goes through PostgreSQL, migrations, API, workers and demo wallets in this order, prints a banner, and takes
//! everything down again, in the opposite order of who needs whom, when it is told to. The parts are those of
//! production; only what starts them is different.

mod args;
mod banner;
mod client;
mod console;
mod database;
mod demo;
mod error;
mod load;
mod operators;
mod part;
mod ports;
mod settings;
mod signals;
mod system;

use std::sync::Arc;

pub use args::{ArgsError, Command, HELP, Options};
pub use client::ClientError;
pub use error::DevError;
pub use settings::{Settings, SettingsError};

use banner::Banner;
use client::Client;
use console::Console;
use load::{Fleet, Load};
use signals::Signals;
use system::System;

/// Brings the system up, and down again at the first SIGINT or SIGTERM. The second one ends the process at once.
pub async fn run(options: Options, settings: Settings) -> Result<(), DevError> {
    let console = Console::start();
    let signals = Signals::listen().map_err(DevError::Signals)?;
    let mut system = System::default();
    let outcome = tokio::select! {
        error = serve(&mut system, options, &settings, &console) => Err(error),
        () = signals.asked() => Ok(()),
    };
    match outcome {
        Ok(()) => {
            console.step("stopping API, workers and PostgreSQL (once more: at once)");
            system.stop().await?;
            console.step("stopped cleanly");
            Ok(())
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
    options: Options,
    settings: &Settings,
    console: &Console,
) -> DevError {
    let fleet = Arc::new(Fleet::default());
    let load = match start(system, options, settings, console, &fleet).await {
        Ok(load) => load,
        Err(error) => return error,
    };
    tokio::select! {
        error = system.failure() => error,
        () = run_load(load) => DevError::Ended("the load"),
    }
}

async fn start(
    system: &mut System,
    options: Options,
    settings: &Settings,
    console: &Console,
    fleet: &Arc<Fleet>,
) -> Result<Option<Load>, DevError> {
    let hooks = match options.load {
        Some(_) => load::hooks(Arc::clone(fleet)),
        None => jobs::Hooks::default(),
    };
    let places = system.start(options.fresh, settings, hooks, console).await?;
    let client = Client::new(places.api_url())?;
    console.step("demo wallets");
    let demo = demo::prepare(&client).await?;
    let load = match options.load {
        None => None,
        Some(per_second) => {
            console.step("wallets for the load");
            Some(Load::prepare(client, fleet, &places.database_url, per_second).await?)
        }
    };
    console.step("ready");
    let tokens = operators::issue(&places.database_url).await?;
    let banner = Banner { places: &places, demo: &demo, tokens: &tokens, load: options.load };
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

//! The REST API: `/v1` for clients and health on the public address, what operators
//! ask on an address of its own.
//!
//! A request's way: `observe` names it (correlation id), the extractors of `extract`
//! read it, `check` finds all that is wrong with its fields, a handler does what it
//! asks, and `observe` again writes the problem document if there is one, and the
//! one log line. Money is moved by nobody here: a command is written down by `intake`,
//! and the saga workers run it.

mod admin;
mod check;
mod config;
mod cursor;
mod error;
mod extract;
mod facts;
mod health;
mod intake;
mod ledger_checks;
mod maintenance;
mod notices;
mod observe;
mod overview;
mod router;
mod server;
mod spending;
mod state;
mod statements;
mod transfers;
mod views;
mod waiters;
mod wallets;
mod watchers;

pub use config::{Config, ConfigError, LogFormat, Webhook};
pub use intake::Limits;
pub use router::router;
pub use server::{ApiStartError, Server, run};
pub use state::App;

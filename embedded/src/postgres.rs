//! A private PostgreSQL server: found or provisioned, started, and gone when its owner is gone.
//!
//! The steps of [`Server::start`], each in a module of its own:
//!
//! 1. `account`: as root, choose the user that the server runs as, because PostgreSQL refuses to run as root.
//! 2. `home`: settle where the data live. A folder that this user cannot reach is replaced by one under `/var/tmp`.
//! 3. `candidate`, `places`, `provision`: find server binaries, or fetch them (`download`, `apt`).
//! 4. `cluster`: `initdb`, once per data folder.
//! 5. `watchdog`: start the server under a shell script that stops it as soon as this process ends, however it ends.
//!
//! Invariant: no server outlives the process that started it by more than its shutdown. The watchdog sees the end of a
//! pipe, which the operating system closes even after SIGKILL.

mod account;
mod apt;
mod candidate;
mod cluster;
mod command;
#[cfg(feature = "download")]
mod download;
mod error;
mod home;
mod launch;
mod log;
mod options;
mod places;
mod predecessor;
mod provision;
mod readiness;
mod server;
mod settings;
mod watchdog;

pub use candidate::{Installation, MINIMUM_MAJOR, REQUIRED_EXTENSIONS, Rejection, inspect};
pub use error::EmbeddedError;
pub use options::{Durability, Options};
pub use places::Search;
pub use provision::NoServer;
pub use server::{SUPERUSER, Server};
pub use settings::{FAST_SETTINGS, SERVER_SETTINGS, Setting};

pub(crate) use account::Account;
pub(crate) use home::is_reachable;
pub(crate) use predecessor::is_alive;

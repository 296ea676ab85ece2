//! Where a database is, and how one gets in.
//!
//! [`Settings`] reads the variables. [`Database`] is what a process knows from them. Its login
//! may change while the process runs: a password in a file or from a command is read again and
//! again, so that a rotation or a token of some minutes needs no restart. Connections that are
//! open go on; only new ones need the new login.
//!
//! It also remembers since when connections are in doubt: those made before the writer was lost
//! and found again may lead to a server that is the writer no more.
//!
//! Imports no crate of the workspace and holds no statement, so the migration may use it, too.

mod credentials;
mod login;
mod secret;
mod settings;

pub use login::{Database, Locate, Login};
pub use settings::{Settings, SettingsError};

//! Databases for tests: each test gets a fresh one with the whole schema, in milliseconds.
//!
//! The first [`TestDatabase::create`] of a test process starts a private server that syncs nothing, and migrates a
//! template database in it. Every further one copies the template. The server and its data end with the process, also
//! when the process is killed.
//!
//! `HOLDFAST_TEST_DATABASE_URL` names another server to use, as a role that may create databases. What the tests create
//! there is left behind, under names that start with `holdfast_test_`.

mod leftovers;
mod own;
mod shared;

pub use own::OwnServer;

use crate::postgres::EmbeddedError;

/// A migrated database that no other test uses.
///
/// It is left behind when this value is dropped: it goes away with the server.
#[derive(Debug, Clone)]
pub struct TestDatabase {
    name: String,
    url: String,
}

impl TestDatabase {
    /// Creates the database, and before the first one in this process the server.
    ///
    /// Works from any number of tokio runtimes: each `#[tokio::test]` has its own, and the server belongs to none.
    pub async fn create() -> Result<Self, EmbeddedError> {
        let server = shared::server().await?;
        let name = server.copy_template().await?;
        let url = server.url(&name);
        Ok(Self { name, url })
    }

    /// Address of the database, with the password, as `DATABASE_URL` would hold it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The database's name on its server.
    pub fn name(&self) -> &str {
        &self.name
    }
}

use std::ops::Deref;

use super::{leftovers, shared};
use crate::postgres::{Account, Durability, EmbeddedError, Options, Server};

/// Name of the database on such a server.
const DATABASE: &str = "holdfast";

/// A server that a test has for itself, because it stops it, changes its settings or copies it. It has one migrated
/// database, and goes away with this value.
#[derive(Debug)]
pub struct OwnServer {
    server: Server,
}

impl OwnServer {
    /// Starts the server, with the settings given.
    ///
    /// It syncs nothing; for a commit that is answered after it was written, `synchronous_commit` must be `on`.
    pub async fn start(settings: &[(&str, &str)]) -> Result<Self, EmbeddedError> {
        let account = Account::choose().await.ok_or(EmbeddedError::NoAccount)?;
        let parent = shared::parent_folder(&account).await;
        let settings =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let options = Options {
            durability: Durability::Fast,
            settings: settings.collect(),
            remove_data_on_exit: true,
            cache_dir: shared::cache_dir(&account),
            ..Options::new(parent.join(leftovers::new_name()))
        };
        let server = Server::start(options).await?;
        server.create_database(DATABASE).await?;
        let own = Self { server };
        migration::up(&own.url()).await.map_err(EmbeddedError::Migrate)?;
        Ok(own)
    }

    /// A server that follows this one, with the settings given; see [`Server::standby`].
    pub async fn standby(
        &self,
        name: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self, EmbeddedError> {
        Ok(Self { server: self.server.standby(name, settings).await? })
    }

    /// Address of the migrated database, with the password.
    pub fn url(&self) -> String {
        self.server.url(DATABASE)
    }
}

impl Deref for OwnServer {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

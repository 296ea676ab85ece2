use std::path::PathBuf;

use super::places::Search;
use super::settings::{FAST_SETTINGS, SERVER_SETTINGS, Setting};

/// What a private server promises about data after a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Every commit is on disk before it is answered (fsync on).
    #[default]
    Durable,
    /// Nothing is synced. A clean stop keeps everything. A crash of the server alone, such as
    /// [`crate::postgres::Server::kill_immediate`], may lose the commits of the last moments; a test of crashes takes
    /// [`Self::Durable`], or this with the setting `synchronous_commit` = `on`. A crash of the machine may lose all.
    Fast,
}

/// What [`crate::postgres::Server::start`] is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder of the data. Made when absent; the password file and the cache of downloads are put beside it.
    pub data_dir: PathBuf,
    /// What is promised about data after a crash of the machine.
    pub durability: Durability,
    /// Extra settings as (name, value). They win over the tables of this module, and the last of two equal names wins.
    pub settings: Vec<(String, String)>,
    /// Connections that the server accepts at the same time.
    pub max_connections: u32,
    /// TCP port on 127.0.0.1. `None` takes a free one.
    pub port: Option<u16>,
    /// Drops data of earlier runs before the start.
    pub fresh: bool,
    /// Removes the data when the server is stopped or its owner ends, but not at [`crate::postgres::Server::restart`]
    /// nor when the server ends by itself.
    pub remove_data_on_exit: bool,
    /// Where server binaries may come from.
    pub search: Search,
    /// Folder for downloaded binaries. `None` takes the folder `cache` beside the data.
    pub cache_dir: Option<PathBuf>,
}

impl Options {
    /// One session each for the pools of the service, a console and a load generator, with room to spare; a session
    /// that is not used costs a few kilobytes.
    pub const DEFAULT_MAX_CONNECTIONS: u32 = 200;

    /// A durable server with its data in `data_dir`, which is kept from run to run.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            durability: Durability::Durable,
            settings: Vec::new(),
            max_connections: Self::DEFAULT_MAX_CONNECTIONS,
            port: None,
            fresh: false,
            remove_data_on_exit: false,
            search: Search::from_env(),
            cache_dir: None,
        }
    }

    /// All settings in the order in which the server applies them; a later one wins over an earlier one of that name.
    pub(super) fn server_settings(&self) -> Vec<(String, String)> {
        let fast: &[Setting] = match self.durability {
            Durability::Durable => &[],
            Durability::Fast => FAST_SETTINGS,
        };
        let fixed = [
            ("max_connections", self.max_connections.to_string()),
            // Loopback only, and no Unix socket: a deep data folder would exceed the length limit of a socket's path.
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("unix_socket_directories", String::new()),
        ];
        SERVER_SETTINGS
            .iter()
            .chain(fast)
            .map(|setting| (setting.name.to_owned(), setting.value.to_owned()))
            .chain(self.settings.iter().cloned())
            .chain(fixed.map(|(name, value)| (name.to_owned(), value)))
            .collect()
    }
}

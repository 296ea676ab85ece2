//! Contexts: the systems that an operator looks after, in a file of his own.
//!
//! ```toml
//! default = "local"
//!
//! [contexts.local]
//! address = "http://127.0.0.1:8081"
//! token_file = ".holdfast/admin-token"
//!
//! [contexts.production]
//! address = "https://admin.holdfast.example"
//! token_env = "HOLDFAST_PRODUCTION_TOKEN"
//! production = true
//!
//! [contexts.staging]
//! address = "https://admin.staging.example"
//! login = { issuer = "https://login.example.com/", client_id = "holdfast-admin" }
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::credential::Credential;
use crate::login::{LoginConfig, LoginError, Store};

/// Where `cargo run` serves operators.
pub const LOCAL_ADDRESS: &str = "http://127.0.0.1:8081";

/// What `cargo run` leaves in the current folder.
const LOCAL_CONFIG: &str = ".holdfast/admin.toml";

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The context that is used when none is named.
    pub default: Option<String>,
    /// All of them.
    #[serde(default)]
    pub contexts: BTreeMap<String, Context>,
}

/// One system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// Address of its operator API.
    pub address: String,
    /// Name of the variable that holds the token.
    pub token_env: Option<String>,
    /// Name of the file that holds the token.
    pub token_file: Option<PathBuf>,
    /// Where its operators log in.
    pub login: Option<LoginConfig>,
    /// Whether it is the real thing.
    #[serde(default)]
    pub production: bool,
}

/// What is wrong with the file, or with what it points to.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{0}: {1}")]
    Read(PathBuf, std::io::Error),
    /// It is not what it should be.
    #[error("{0}: {1}")]
    Parse(PathBuf, String),
    /// It has no such context.
    #[error("there is no context {0}; the file has: {1}")]
    Unknown(String, String),
    /// It is no address.
    #[error("the address {0} is no URL such as https://holdfast.example:8081")]
    Address(String),
    /// Nothing says which token to use.
    #[error(
        "no token: give --token-file, set HOLDFAST_ADMIN_TOKEN, or name token_env, token_file or login in the context"
    )]
    NoToken,
    /// The context says where to log in, and nobody has.
    #[error("nobody is logged in: holdfast-admin --context {0} login")]
    NotLoggedIn(String),
    /// The context does not say where to log in.
    #[error("the context {0} does not say where to log in: name issuer and client_id under login")]
    NoLogin(String),
    /// A login is only for the system that it was made for.
    #[error("the login is for {0}; for {1}, log in with a context of its own")]
    OtherAddress(String, String),
    /// The login cannot be read.
    #[error(transparent)]
    Login(#[from] LoginError),
}

impl Config {
    /// Where the file is: `holdfast/admin.toml` where the system keeps configuration, else where `cargo run`
    /// leaves one.
    pub fn path() -> Option<PathBuf> {
        let own = Self::own_path().filter(|path| path.exists());
        own.or_else(|| Some(PathBuf::from(LOCAL_CONFIG)).filter(|path| path.exists()))
    }

    fn own_path() -> Option<PathBuf> {
        let home = std::env::var_os("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")))?;
        Some(home.join("holdfast").join("admin.toml"))
    }

    /// Reads the file; one that is not there is an empty one.
    ///
    /// # Errors
    /// When it is there and cannot be read or understood.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(ConfigError::Read(path.to_owned(), error)),
        };
        toml::from_str(&text)
            .map_err(|error| ConfigError::Parse(path.to_owned(), error.to_string()))
    }

    /// The context of that name, else the default one, else the local system.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn context(&self, name: Option<&str>) -> Result<(String, Context), ConfigError> {
        match name.or(self.default.as_deref()) {
            Some(name) => {
                let known = || self.contexts.keys().cloned().collect::<Vec<_>>().join(", ");
                let context = self.contexts.get(name).cloned();
                let context =
                    context.ok_or_else(|| ConfigError::Unknown(name.to_owned(), known()))?;
                Ok((name.to_owned(), context))
            }
            None => Ok((
                "local".to_owned(),
                Context {
                    address: LOCAL_ADDRESS.to_owned(),
                    token_env: None,
                    token_file: None,
                    login: None,
                    production: false,
                },
            )),
        }
    }
}

impl Context {
    /// Whether its address can be one.
    ///
    /// # Errors
    /// When it is no URL of HTTP.
    pub fn check(&self) -> Result<(), ConfigError> {
        let url = reqwest::Url::parse(&self.address).ok();
        let fits =
            url.is_some_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        if fits { Ok(()) } else { Err(ConfigError::Address(self.address.clone())) }
    }

    /// The token: from the file or variable that it names, else from `HOLDFAST_ADMIN_TOKEN`, else that of the login
    /// to the context of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn credential(&self, name: &str) -> Result<Credential, ConfigError> {
        if let Some(path) = &self.token_file {
            let text = std::fs::read_to_string(path);
            return text
                .map(|text| text.trim().into())
                .map_err(|error| ConfigError::Read(path.clone(), error));
        }
        let variable = self.token_env.as_deref().unwrap_or("HOLDFAST_ADMIN_TOKEN");
        if let Some(token) = std::env::var(variable).ok().filter(|token| !token.is_empty()) {
            return Ok(token.as_str().into());
        }
        let login = self.login.as_ref().ok_or(ConfigError::NoToken)?;
        let store = Store::of(name)?;
        let kept = store.read()?.ok_or_else(|| ConfigError::NotLoggedIn(name.to_owned()))?;
        if kept.address != self.address {
            return Err(ConfigError::OtherAddress(kept.address, self.address.clone()));
        }
        // What renews it is a secret between that issuer and that client.
        if kept.issuer != login.issuer || kept.client_id != login.client_id {
            return Err(ConfigError::NotLoggedIn(name.to_owned()));
        }
        Ok(Credential::login(login.clone(), store, kept))
    }
}

//! What is kept of a login: a file for each context that only its owner can read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::Utc;
use serde::{Deserialize, Serialize};

use super::LoginError;

/// A token is renewed this long before it ends: clocks differ, and requests take time.
const RENEWED_BEFORE_S: i64 = 60;
const OWNER_ONLY: u32 = 0o600;
const OWNER_ONLY_FOLDER: u32 = 0o700;

/// A login.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Who gave it.
    pub issuer: String,
    /// To whom.
    pub client_id: String,
    /// The operator API that it is for; it is sent nowhere else.
    pub address: String,
    /// The token.
    pub access_token: String,
    /// What it is renewed with; none when it cannot be.
    pub refresh_token: Option<String>,
    /// Its end, in seconds since 1970; none when the issuer does not say.
    pub expires_at: Option<i64>,
}

impl Kept {
    /// Whether it is of the same issuer and client, for the same system.
    pub fn is_same_login(&self, other: &Self) -> bool {
        self.issuer == other.issuer
            && self.client_id == other.client_id
            && self.address == other.address
    }

    /// Whether its end is over.
    pub fn has_ended(&self) -> bool {
        self.expires_at.is_some_and(|end| end <= Utc::now().timestamp())
    }

    /// Whether it can be sent for a while.
    pub fn is_fresh(&self) -> bool {
        self.expires_at.is_none_or(|end| Utc::now().timestamp() + RENEWED_BEFORE_S < end)
    }
}

/// The file of one context.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    file: PathBuf,
}

impl Store {
    /// That of a context: `holdfast/login-<context>.json` where the system keeps state.
    ///
    /// # Errors
    /// When the system has no such place.
    pub fn of(context: &str) -> Result<Self, LoginError> {
        let home = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
        let state = home("XDG_STATE_HOME").or_else(|| Some(home("HOME")?.join(".local/state")));
        let nowhere =
            || LoginError::Machine("set HOME, or XDG_STATE_HOME: a login is kept there".to_owned());
        Ok(Self::within(state.ok_or_else(nowhere)?.join("holdfast"), context))
    }

    /// That of a context in a folder of ours.
    pub fn within(folder: PathBuf, context: &str) -> Self {
        // A context may have any name; a file may not.
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let name: String = context.chars().map(plain).collect();
        let file = folder.join(format!("login-{name}.json"));
        Self { folder, file }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// The login, when there is one.
    ///
    /// # Errors
    /// When it cannot be read or understood.
    pub fn read(&self) -> Result<Option<Kept>, LoginError> {
        match fs::read(&self.file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|_| self.failed(&"this is no login; log in again")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Keeps a login instead of what is there. A crash leaves one or the other.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, kept: &Kept) -> Result<(), LoginError> {
        let text = serde_json::to_vec(kept).map_err(|error| self.failed(&error))?;
        self.replace(&text).map_err(|error| self.failed(&error))
    }

    fn replace(&self, text: &[u8]) -> io::Result<()> {
        self.make_folder()?;
        let new = self.file.with_extension(format!("{}.new", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(OWNER_ONLY);
        options.open(&new).and_then(|mut file| file.write_all(text))?;
        fs::rename(&new, &self.file)
    }

    /// Forgets the login. Whether there was one.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self) -> Result<bool, LoginError> {
        match fs::remove_file(&self.file) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Waits until no other console renews a login, and keeps others waiting until dropped: an issuer that changes the
    /// refresh token takes one that comes twice for stolen.
    pub(crate) async fn alone(&self) -> Result<File, LoginError> {
        let store = self.clone();
        let locked = tokio::task::spawn_blocking(move || {
            store.make_folder()?;
            let folder = File::open(&store.folder)?;
            folder.lock().map(|()| folder)
        });
        let locked = locked.await.map_err(|error| self.failed(&error))?;
        locked.map_err(|error| self.failed(&error))
    }

    fn make_folder(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(OWNER_ONLY_FOLDER).create(&self.folder)
    }

    fn failed(&self, problem: &dyn ToString) -> LoginError {
        LoginError::File(self.file.clone(), problem.to_string())
    }
}

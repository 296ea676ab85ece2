use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::account::Account;
use super::command;
use super::error::EmbeddedError;

/// Where folders go that the server's user cannot reach. Survives a reboot, unlike `/tmp`.
const FALLBACK_PARENT: &str = "/var/tmp";
/// A shell that changes its folder; only a hanging network file system takes longer.
const REACH_LIMIT: Duration = Duration::from_secs(10);
const ROOT_UID: u32 = 0;

/// Where a server's data live and who owns them.
#[derive(Debug, Clone)]
pub(super) struct Home {
    pub(super) account: Account,
    pub(super) data_dir: PathBuf,
}

impl Home {
    /// Settles the place of the data: `requested`, or a folder under `/var/tmp` when `account` cannot reach that.
    ///
    /// Makes the folders above the data folder, not the data folder itself.
    pub(super) async fn settle(requested: &Path, account: Account) -> Result<Self, EmbeddedError> {
        let requested =
            std::path::absolute(requested).map_err(EmbeddedError::path("resolve", requested))?;
        let parent = requested.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(parent).map_err(EmbeddedError::path("create the folder", parent))?;
        let home = Self::with_owner_of(requested.clone(), account)?;
        if is_reachable(parent, &home.account).await {
            return Ok(home);
        }
        let name = requested.file_name().unwrap_or("postgres".as_ref());
        let data_dir = fallback_folder(&requested)?.join(name);
        Self::with_owner_of(data_dir, home.account)
    }

    /// Data of an earlier run keep their owner: the choice of user changes when a package creates `postgres`.
    fn with_owner_of(data_dir: PathBuf, account: Account) -> Result<Self, EmbeddedError> {
        let owner = match fs::metadata(&data_dir) {
            Ok(metadata) => Some((metadata.uid(), metadata.gid())),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            // A closed folder above, as a user other than root: `initdb` would only say so less clearly.
            Err(error) => return Err(EmbeddedError::path("look into", data_dir)(error)),
        };
        let account = match (account, owner) {
            (Account::Other { uid, .. }, Some((owner, gid)))
                if owner != uid && owner != ROOT_UID =>
            {
                Account::Other { name: owner.to_string(), uid: owner, gid }
            }
            (account, _) => account,
        };
        Ok(Self { account, data_dir })
    }

    /// File with the superuser's password, readable by the server's user only.
    pub(super) fn password_file(&self) -> PathBuf {
        self.data_dir.with_added_extension("password")
    }

    /// Where `initdb` works until its result is complete.
    pub(super) fn unfinished_dir(&self) -> PathBuf {
        self.data_dir.with_added_extension("unfinished")
    }

    /// Major version of PostgreSQL that wrote the data. None when there are no data yet.
    pub(super) fn data_major(&self) -> Option<u32> {
        let text = fs::read_to_string(self.data_dir.join("PG_VERSION")).ok()?;
        text.trim().parse().ok()
    }

    /// Removes the data and their password. Data that are not there are no error.
    pub(super) fn remove(&self) -> Result<(), EmbeddedError> {
        absent_is_fine(fs::remove_dir_all(&self.data_dir))
            .map_err(EmbeddedError::path("remove", &self.data_dir))?;
        absent_is_fine(fs::remove_file(self.password_file()))
            .map_err(EmbeddedError::path("remove", self.password_file()))
    }
}

pub(super) fn absent_is_fine(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// True when `account` may enter `folder`. Asked by trying: access lists and mounts make any calculation a guess.
pub(crate) async fn is_reachable(folder: &Path, account: &Account) -> bool {
    let mut shell = account.command(Path::new("/bin/sh"));
    shell.args(["-c", "cd \"$1\"", "sh"]).arg(folder);
    command::output(shell, REACH_LIMIT).await.is_ok()
}

/// The folder under `/var/tmp` that stands in for `requested`: always the same one, so that data are found again.
fn fallback_folder(requested: &Path) -> Result<PathBuf, EmbeddedError> {
    let hash = fnv1a(requested.as_os_str().as_bytes());
    let folder = Path::new(FALLBACK_PARENT).join(format!("holdfast-{hash:016x}"));
    match DirBuilder::new().mode(0o755).create(&folder) {
        Ok(()) => return Ok(folder),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(EmbeddedError::path("create the folder", folder)(error)),
    }
    // Everybody may create folders there, and the name can be guessed: use only what root made and nobody else can
    // change. Only root ever needs the fallback.
    let metadata =
        fs::symlink_metadata(&folder).map_err(EmbeddedError::path("look into", &folder))?;
    let only_root_writes = metadata.uid() == ROOT_UID && metadata.mode() & 0o022 == 0;
    if metadata.is_dir() && only_root_writes {
        Ok(folder)
    } else {
        Err(EmbeddedError::ForeignFolder { path: folder })
    }
}

/// FNV-1a, 64 bits: the standard library's hash may change from release to release, and this name must not.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stand_in_folder_has_the_published_fnv_1a_hash_in_its_name() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::command;

/// `id` answers at once unless a directory service is down.
const ID_LIMIT: Duration = Duration::from_secs(10);

/// The user that PostgreSQL and its tools run as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Account {
    /// The user of this process.
    Own,
    /// Another user, because this process belongs to root and PostgreSQL refuses to run as root.
    Other { name: String, uid: u32, gid: u32 },
}

impl Account {
    /// Users that root hands the server to, in order of preference.
    const CHOICES: [&str; 2] = ["postgres", "nobody"];

    /// Chooses the user for a server. `None` when this process belongs to root and the system knows none of
    /// [`Self::CHOICES`].
    pub(crate) async fn choose() -> Option<Self> {
        if !is_root().await {
            return Some(Self::Own);
        }
        for name in Self::CHOICES {
            if let (Some(uid), Some(gid)) = (id("-u", Some(name)).await, id("-g", Some(name)).await)
            {
                return Some(Self::Other { name: name.to_owned(), uid, gid });
            }
        }
        None
    }

    /// A command that runs as this user, in `/`, without the variables that steer PostgreSQL's tools.
    ///
    /// The working folder matters: the folder of this process may be closed to the other user.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env("LC_ALL", "C");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        if let Self::Other { uid, gid, .. } = self {
            // Setting the user as root also empties the supplementary groups.
            command.uid(*uid).gid(*gid);
        }
        command
    }

    /// Makes this user the owner of `path`.
    pub(super) fn take_over(&self, path: &Path) -> std::io::Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid, .. } => std::os::unix::fs::chown(path, Some(*uid), Some(*gid)),
        }
    }
}

/// True when this process belongs to root.
pub(super) async fn is_root() -> bool {
    id("-u", None).await == Some(0)
}

/// Asks the system's `id`, which also knows users that are not in `/etc/passwd`. `None` for an unknown user.
async fn id(flag: &str, user: Option<&str>) -> Option<u32> {
    let mut command = Command::new("id");
    command.arg(flag).args(user);
    command::output(command, ID_LIMIT).await.ok()?.parse().ok()
}

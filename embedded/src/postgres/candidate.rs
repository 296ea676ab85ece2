use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::account::Account;
use super::command;

/// Oldest major version of PostgreSQL that Holdfast's schema works on.
pub const MINIMUM_MAJOR: u32 = 14;

/// Extensions that the job queue's own migrations create. Distributions ship them apart from the server.
pub const REQUIRED_EXTENSIONS: [&str; 2] = ["hstore", "pgcrypto"];

/// Printing a version takes milliseconds; a first start from a cold disk a few seconds.
const PRINT_LIMIT: Duration = Duration::from_secs(20);

/// Server binaries that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Folder that holds `initdb` and `postgres`.
    pub bindir: PathBuf,
    /// Major version, at least [`MINIMUM_MAJOR`].
    pub major: u32,
}

impl Installation {
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.bindir.join(name)
    }
}

/// A folder that was considered and cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The folder.
    pub bindir: PathBuf,
    /// Everything that is wrong with it, each as the end of a sentence that starts with the folder's name.
    pub lacked: Vec<String>,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.bindir.display(), self.lacked.join(", "))
    }
}

/// Decides whether the binaries in `bindir` can be used, as the user of this process.
///
/// # Errors
/// The list of what is missing or too old.
pub async fn inspect(bindir: &Path) -> Result<Installation, Rejection> {
    inspect_as(bindir, &Account::Own).await
}

/// As [`inspect`], but as the user that the server will run as: root's own folders may be closed to it.
pub(super) async fn inspect_as(
    bindir: &Path,
    account: &Account,
) -> Result<Installation, Rejection> {
    let mut lacked = Vec::new();
    for program in ["initdb", "postgres"] {
        if !bindir.join(program).is_file() {
            lacked.push(format!("lacks the program {program}"));
        }
    }
    let mut major = None;
    if lacked.is_empty() {
        match major_version(bindir, account).await {
            Ok(found) if found < MINIMUM_MAJOR => {
                lacked.push(format!("is version {found}, older than {MINIMUM_MAJOR}"));
            }
            Ok(found) => major = Some(found),
            Err(reason) => lacked.push(reason),
        }
    }
    if let Some(major) = major {
        lacked.extend(missing_extensions(bindir, account, major).await);
    }
    match major {
        Some(major) if lacked.is_empty() => Ok(Installation { bindir: bindir.to_owned(), major }),
        _ => Err(Rejection { bindir: bindir.to_owned(), lacked }),
    }
}

async fn major_version(bindir: &Path, account: &Account) -> Result<u32, String> {
    let mut postgres = account.command(&bindir.join("postgres"));
    postgres.arg("--version");
    let line = command::output(postgres, PRINT_LIMIT)
        .await
        .map_err(|error| format!("does not tell its version: {error}"))?;
    parse_major(&line).ok_or_else(|| format!("does not tell its version, but says {line:?}"))
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, and `18beta1` as 18.
fn parse_major(line: &str) -> Option<u32> {
    let (_, version) = line.split_once("(PostgreSQL) ")?;
    let end = version.find(|character: char| !character.is_ascii_digit()).unwrap_or(version.len());
    version.get(..end)?.parse().ok()
}

async fn missing_extensions(bindir: &Path, account: &Account, major: u32) -> Vec<String> {
    let sharedirs = sharedirs(bindir, account, major).await;
    let looked_in = sharedirs
        .iter()
        .map(|folder| folder.display().to_string())
        .collect::<Vec<_>>()
        .join(" or ");
    REQUIRED_EXTENSIONS
        .iter()
        .filter(|extension| {
            !sharedirs.iter().any(|folder| folder.join(format!("{extension}.control")).is_file())
        })
        .map(|extension| {
            format!("lacks the extension {extension} (no {extension}.control in {looked_in})")
        })
        .collect()
}

/// Folders of the extensions' control files: what `pg_config` beside the server says, else the usual places.
async fn sharedirs(bindir: &Path, account: &Account, major: u32) -> Vec<PathBuf> {
    let mut pg_config = account.command(&bindir.join("pg_config"));
    pg_config.arg("--sharedir");
    if let Ok(folder) = command::output(pg_config, PRINT_LIMIT).await {
        return vec![Path::new(&folder).join("extension")];
    }
    let prefix = bindir.parent().unwrap_or(bindir);
    // Debian keeps programs under /usr/lib/postgresql/15 and shared files under /usr/share/postgresql/15.
    if bindir.starts_with("/usr/lib/postgresql") {
        return vec![PathBuf::from(format!("/usr/share/postgresql/{major}/extension"))];
    }
    vec![
        prefix.join("share/postgresql/extension"),
        prefix.join("share/pgsql/extension"),
        prefix.join("share/extension"),
    ]
}

#[cfg(test)]
mod tests {
    use super::parse_major;

    #[test]
    fn the_major_version_is_read_from_what_postgres_prints() {
        for (line, major) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", Some(15)),
            ("postgres (PostgreSQL) 17.2", Some(17)),
            ("postgres (PostgreSQL) 18beta1", Some(18)),
            ("postgres (PostgreSQL) 9.6.24", Some(9)),
            ("postgres (EnterpriseDB) 15.2", None),
            ("", None),
        ] {
            assert_eq!(parse_major(line), major, "{line}");
        }
    }
}

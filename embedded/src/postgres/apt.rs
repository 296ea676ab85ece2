use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::account;
use super::candidate::MINIMUM_MAJOR;
use super::command::{self, CommandError};

/// Reading the package lists that are on the disk.
const LIST_LIMIT: Duration = Duration::from_secs(30);
/// Fetching the package lists: some ten megabytes.
const UPDATE_LIMIT: Duration = Duration::from_mins(2);
/// Fetching and unpacking the server with its libraries: some fifty megabytes.
const INSTALL_LIMIT: Duration = Duration::from_mins(5);

/// Settings that the package reads when it is installed for the first time.
const CREATE_CLUSTER_DIR: &str = "/etc/postgresql-common/createcluster.d";

/// Why no package was installed.
#[derive(Debug, thiserror::Error)]
pub(super) enum AptError {
    #[error("needs root")]
    NotRoot,
    #[error("not a Debian-like system")]
    NotDebian,
    #[error("the package lists hold no PostgreSQL server that fits")]
    NoPackage,
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// Installs the newest server package, or the one of the major version `wanted`, and gives its folder of programs.
pub(super) async fn install(wanted: Option<u32>) -> Result<PathBuf, AptError> {
    if !account::is_root().await {
        return Err(AptError::NotRoot);
    }
    if !Path::new("/usr/bin/apt-get").is_file() {
        return Err(AptError::NotDebian);
    }
    let mut major = available(wanted).await?;
    if major.is_none() {
        // A fresh container has no package lists.
        command::output(apt_get(&["update", "-qq"]), UPDATE_LIMIT).await?;
        major = available(wanted).await?;
    }
    let major = major.ok_or(AptError::NoPackage)?;
    let package = format!("postgresql-{major}");
    // Changing the machine is announced on the terminal, not in a log that may be filtered.
    eprintln!(
        "holdfast: no usable PostgreSQL server on this machine; \
         installing the package {package} (HOLDFAST_PG_APT=never forbids this)"
    );
    let _no_cluster = NoDefaultCluster::announce();
    let arguments = ["install", "-y", "-qq", "--no-install-recommends"];
    let mut apt_get = apt_get(&arguments);
    // Another apt-get may be at work, as on a machine that has just been booted.
    apt_get.args(["-o", "DPkg::Lock::Timeout=60", &package]);
    command::output(apt_get, INSTALL_LIMIT).await?;
    Ok(PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")))
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command.args(arguments);
    command
}

async fn available(wanted: Option<u32>) -> Result<Option<u32>, CommandError> {
    let mut search = Command::new("apt-cache");
    search.args(["search", "--names-only", "^postgresql-[0-9]+$"]);
    let listing = command::output(search, LIST_LIMIT).await?;
    Ok(newest(&listing, wanted))
}

/// Picks from lines such as `postgresql-15 - The World's Most Advanced Open Source Relational Database`.
fn newest(listing: &str, wanted: Option<u32>) -> Option<u32> {
    listing
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter_map(|package| package.strip_prefix("postgresql-"))
        .filter_map(|version| version.parse().ok())
        .filter(|major| *major >= MINIMUM_MAJOR && wanted.is_none_or(|wanted| wanted == *major))
        .max()
}

/// Keeps the package from making and starting a cluster of its own, for as long as this value lives.
///
/// It does so through the folder that the package reads for this purpose, and leaves no trace there. A setting that an
/// administrator made is not touched.
struct NoDefaultCluster {
    file: Option<PathBuf>,
}

impl NoDefaultCluster {
    fn announce() -> Self {
        let file = Path::new(CREATE_CLUSTER_DIR).join("zz-holdfast.conf");
        let written = fs::create_dir_all(CREATE_CLUSTER_DIR)
            .and_then(|()| fs::write(&file, "create_main_cluster = false\n"));
        match written {
            Ok(()) => Self { file: Some(file) },
            Err(error) => {
                tracing::warn!(%error, "the package may start a PostgreSQL cluster of its own");
                Self { file: None }
            }
        }
    }
}

impl Drop for NoDefaultCluster {
    fn drop(&mut self) {
        if let Some(file) = &self.file
            && let Err(error) = fs::remove_file(file)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(%error, file = %file.display(), "could not remove a temporary setting");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::newest;

    const LISTING: &str = "\
postgresql-13 - The World's Most Advanced Open Source Relational Database
postgresql-9 - ancient
postgresql-15 - The World's Most Advanced Open Source Relational Database
postgresql-17 - The World's Most Advanced Open Source Relational Database";

    #[test]
    fn the_newest_package_is_chosen_unless_the_data_want_another() {
        assert_eq!(newest(LISTING, None), Some(17));
        assert_eq!(newest(LISTING, Some(15)), Some(15));
        assert_eq!(newest(LISTING, Some(16)), None);
        assert_eq!(newest(LISTING, Some(13)), None, "older than the minimum");
        assert_eq!(newest("", None), None);
    }
}

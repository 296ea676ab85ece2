use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::command;

/// `pg_config` prints a constant.
const PG_CONFIG_LIMIT: Duration = Duration::from_secs(10);

/// Folders that packages use, as (folder, start of the entry's name, rest of the path). An entry's name goes on with
/// the version; an empty start stands for a name that is only a version.
const VERSIONED: [(&str, &str, &str); 7] = [
    // Debian and Ubuntu.
    ("/usr/lib/postgresql", "", "bin"),
    // The PostgreSQL project's own packages for Red Hat, Fedora and SUSE.
    ("/usr", "pgsql-", "bin"),
    // Alpine.
    ("/usr/libexec", "postgresql", ""),
    // Homebrew on Apple silicon, on Intel, and on Linux.
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
    // Postgres.app.
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// Folders without a version in their name: Red Hat's and Arch's own packages, and a build from source. Considered only
/// if `postgres` is there, because every machine has the first.
const PLAIN: [&str; 2] = ["/usr/bin", "/usr/local/pgsql/bin"];

/// Where server binaries may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Folders to look into, in order, instead of the machine's usual ones. `None` looks into `HOLDFAST_PG_BINDIR`,
    /// what `pg_config` names, the usual folders of packages, and earlier downloads.
    pub bindirs: Option<Vec<PathBuf>>,
    /// May binaries be downloaded?
    pub download: bool,
    /// May, as root on a Debian-like system, a package be installed?
    pub package: bool,
}

impl Search {
    /// Everything, less what the environment forbids: `HOLDFAST_PG_DOWNLOAD=never`, `HOLDFAST_PG_APT=never`.
    pub fn from_env() -> Self {
        let allowed = |name| std::env::var_os(name).is_none_or(|value| value != "never");
        Self {
            bindirs: None,
            download: allowed("HOLDFAST_PG_DOWNLOAD"),
            package: allowed("HOLDFAST_PG_APT"),
        }
    }

    /// These folders, and nothing else.
    pub fn only(bindirs: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { bindirs: Some(bindirs.into_iter().collect()), download: false, package: false }
    }

    /// Folders to inspect, the most wanted one first, each once.
    pub(super) async fn folders(&self, downloads: &Path) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        if let Some(bindirs) = &self.bindirs {
            folders.clone_from(bindirs);
        } else {
            folders.extend(std::env::var_os("HOLDFAST_PG_BINDIR").map(PathBuf::from));
            folders.extend(pg_config_bindir().await);
            for (folder, start, rest) in VERSIONED {
                folders.extend(versioned(Path::new(folder), start, rest));
            }
            folders.extend(
                PLAIN
                    .map(PathBuf::from)
                    .into_iter()
                    .filter(|folder| folder.join("postgres").is_file()),
            );
            folders.extend(versioned(downloads, "", "bin"));
        }
        let mut seen = Vec::new();
        folders.retain(|folder| {
            let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
            let new = !seen.contains(&real);
            seen.push(real);
            new
        });
        folders
    }
}

async fn pg_config_bindir() -> Option<PathBuf> {
    let mut pg_config = Command::new("pg_config");
    pg_config.arg("--bindir");
    let folder = command::output(pg_config, PG_CONFIG_LIMIT).await.ok()?;
    Some(PathBuf::from(folder))
}

/// The folders `parent/<start><version>/<rest>` that exist, newest version first.
fn versioned(parent: &Path, start: &str, rest: &str) -> Vec<PathBuf> {
    let Ok(entries) = parent.read_dir() else {
        return Vec::new();
    };
    let mut found: Vec<(Vec<u32>, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name();
            let version = parse_version(name.to_str()?.strip_prefix(start)?)?;
            Some((version, parent.join(&name).join(rest)))
        })
        .filter(|(_, folder)| folder.is_dir())
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, folder)| folder).collect()
}

/// Numbers between dots: "15", "9.6", "17.2.0". None for anything else.
fn parse_version(text: &str) -> Option<Vec<u32>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_packages_come_newest_first_and_foreign_names_are_left_out() {
        let parent = std::env::temp_dir().join(format!("holdfast-places-{}", std::process::id()));
        for name in ["9.6", "15", "17.2.0", "cache", "16"] {
            std::fs::create_dir_all(parent.join(name).join("bin")).unwrap();
        }
        let names: Vec<_> = versioned(&parent, "", "bin")
            .iter()
            .map(|folder| folder.strip_prefix(&parent).unwrap().to_owned())
            .collect();
        std::fs::remove_dir_all(&parent).unwrap();
        assert_eq!(names, ["17.2.0/bin", "16/bin", "15/bin", "9.6/bin"].map(PathBuf::from));
    }
}

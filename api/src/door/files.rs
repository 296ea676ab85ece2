//! A connection is an open file, and shells and service managers allow few.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files besides connections of clients: pools, listeners, logs.
const OTHERS: u64 = 256;

/// Raises the soft limit of open files to the hard one, which every process may, and tells when even
/// that is too low for so many connections.
pub(super) fn raise_limit(connections_max: usize) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
    let wanted = (connections_max as u64).saturating_add(OTHERS);
    let Rlimit { current, .. } = getrlimit(Resource::Nofile);
    if let Some(files) = current.filter(|files| *files < wanted) {
        tracing::warn!(files, wanted, "fewer files may be open than connections are allowed");
    }
}

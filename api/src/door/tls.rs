//! TLS with a certificate out of files, which are read again when they change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::config::TlsFiles;

/// How often the files are looked at. Certificates are renewed days before they end.
#[cfg(not(test))]
const LOOK: Duration = Duration::from_secs(10);
#[cfg(test)]
const LOOK: Duration = Duration::from_millis(20);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or holds something else.
    #[error("cannot use {file}")]
    File {
        /// Which one.
        file: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// The key is not that of the certificate, or of a kind that nobody knows.
    #[error("cannot use the certificate in {file}")]
    Pair {
        /// The certificate's file.
        file: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

/// The certificate as it is now.
#[derive(Clone)]
pub(crate) struct Certificate(watch::Receiver<Arc<ServerConfig>>);

impl Certificate {
    /// Reads the files, and starts the task that reads them again; it ends with the last clone.
    pub(crate) fn start(files: TlsFiles) -> Result<Self, TlsError> {
        let mut seen = changed_at(&files);
        let (current, shared) = watch::channel(read(&files)?);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = current.closed() => return,
                    () = tokio::time::sleep(LOOK) => {}
                }
                let now = changed_at(&files);
                if now == seen {
                    continue;
                }
                match read(&files) {
                    Ok(config) => {
                        seen = now;
                        current.send_replace(config);
                        tracing::info!(cert = %files.cert.display(), "the certificate was read again");
                    }
                    // One file may be there before the other; the next look finds both.
                    Err(error) => tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the old certificate stays"
                    ),
                }
            }
        });
        Ok(Self(shared))
    }

    /// For one handshake.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.0.borrow().clone().into()
    }
}

fn changed_at(files: &TlsFiles) -> [Option<SystemTime>; 2] {
    let of = |file: &Path| std::fs::metadata(file).and_then(|found| found.modified()).ok();
    [of(&files.cert), of(&files.key)]
}

fn read(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let file = |file: &PathBuf| {
        let file = file.clone();
        |source| TlsError::File { file, source }
    };
    let chain = CertificateDer::pem_file_iter(&files.cert).map_err(file(&files.cert))?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(file(&files.cert))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(file(&files.key))?;
    let pair = |source| TlsError::Pair { file: files.cert.clone(), source };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(pair)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_that_change_are_read_again_and_wrong_ones_change_nothing() {
        let given = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls");
        let dir = std::env::temp_dir().join(format!("holdfast-tls-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let put = |name: &str| {
            for part in ["cert", "key"] {
                let from = given.join(format!("{name}.{part}.pem"));
                std::fs::copy(from, dir.join(format!("{part}.pem"))).unwrap();
            }
        };
        put("one");
        let files = TlsFiles { cert: dir.join("cert.pem"), key: dir.join("key.pem") };
        let Certificate(mut current) = Certificate::start(files).unwrap();
        let first = current.borrow_and_update().clone();
        std::fs::write(dir.join("cert.pem"), "no certificate").unwrap();
        tokio::time::sleep(LOOK * 5).await;
        assert!(Arc::ptr_eq(&first, &current.borrow()), "the old one stays");
        put("two");
        current.changed().await.unwrap();
        assert!(!Arc::ptr_eq(&first, &current.borrow()));
        std::fs::remove_dir_all(dir).unwrap();
    }
}

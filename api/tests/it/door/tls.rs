//! TLS with a certificate out of files.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::door::{DoorConfig, TlsFiles};
use api::{Config, Server};
use embedded::testing::TestDatabase;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use super::{api, connect, rest};
use crate::support::config;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)
}

fn files(cert: &str, key: &str) -> TlsFiles {
    TlsFiles { cert: file(cert), key: file(key) }
}

#[tokio::test]
async fn clients_come_by_tls_where_a_certificate_is_configured() {
    let tls = Some(files("one.cert.pem", "one.key.pem"));
    let api = api(DoorConfig { tls, ..DoorConfig::default() }).await;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file("one.cert.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = connect(&api).await;
    let mut stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await.unwrap();
    let request = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age="), "{answer}");

    // Nothing is said to whoever comes without.
    let mut plain = connect(&api).await;
    plain.write_all(b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert!(!rest(&mut plain).await.contains("HTTP"));
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_stops_the_start_and_names_its_variable() {
    let db = TestDatabase::create().await.unwrap();
    for (cert, key) in [
        ("one.cert.pem", "two.key.pem"),
        ("one.cert.pem", "none.pem"),
        ("README.md", "one.key.pem"),
    ] {
        let door = DoorConfig { tls: Some(files(cert, key)), ..DoorConfig::default() };
        let error = Server::bind(&Config { door, ..config(db.url()) }).await.err().unwrap();
        assert_eq!(error.to_string(), "cannot speak TLS (HOLDFAST_TLS_CERT_FILE)");
        assert!(error.source().unwrap().to_string().contains(".pem") || cert == "README.md");
    }
}

//! A server that proves who it is.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use database::Settings;
use embedded::testing::OwnServer;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sqlx::{Connection, PgConnection};
use store::pool::{self, Purpose};
use store::{StoreError, describe};

/// An authority of its own.
fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

/// Writes a file that the server's user owns and nobody else may read.
fn write_for_server(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file");
    let owner = std::fs::metadata(folder).expect("the folder");
    chown(&path, Some(owner.uid()), Some(owner.gid())).expect("an owner");
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a mode");
}

/// A server that is called `localhost`, by the authority, and lets nobody in without TLS.
async fn server(authority: &CertifiedIssuer<'static, KeyPair>) -> OwnServer {
    let server = OwnServer::start(&[]).await.expect("a server");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    write_for_server(server.data_dir(), "server.crt", &certificate.pem());
    write_for_server(server.data_dir(), "server.key", &key.serialize_pem());
    let hba = "hostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n";
    let mut connection = PgConnection::connect(&server.url()).await.expect("a connection");
    let on = "ALTER SYSTEM SET ssl = on";
    sqlx::query(on).execute(&mut connection).await.expect("a setting");
    write_for_server(server.data_dir(), "pg_hba.conf", hba);
    sqlx::query("SELECT pg_reload_conf()").execute(&mut connection).await.expect("a reload");
    // The postmaster takes the new settings in its own time.
    for _ in 0..500 {
        if PgConnection::connect(&format!("{}?sslmode=require", server.url())).await.is_ok() {
            return server;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the server does not take TLS");
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("holdfast-{name}-{}.pem", uuid::Uuid::now_v7()));
    std::fs::write(&path, text).expect("a file");
    path
}

/// Names the authority that may vouch for the server.
fn root(path: &Path) -> [(&'static str, &Path); 1] {
    [("DATABASE_SSLROOTCERT", path)]
}

/// Settings in parts, as a container has them.
fn settings(server: &OwnServer, host: &str, more: &[(&str, &Path)]) -> Settings {
    let password = server.password_file();
    Settings::from_lookup(|variable| {
        let text = |path: &Path| path.to_str().expect("a path").to_owned();
        Ok(match variable {
            "DATABASE_HOST" => Some(host.to_owned()),
            "DATABASE_PORT" => Some(server.port().to_string()),
            "DATABASE_NAME" | "DATABASE_USER" => Some("holdfast".to_owned()),
            "DATABASE_PASSWORD_FILE" => Some(text(&password)),
            _ => more.iter().find(|one| one.0 == variable).map(|one| text(one.1)),
        })
    })
    .expect("settings")
}

/// Whether a connection was made, and is encrypted.
async fn enter(settings: &Settings) -> Result<bool, StoreError> {
    let pool = pool::open(&settings.writer, Purpose::Reads, 1)?;
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    Ok(sqlx::query_scalar(sql).fetch_one(&pool).await?)
}

#[tokio::test]
async fn only_the_server_that_the_authority_names_is_let_to_be_the_database() {
    let (ours, other) = (authority("ours"), authority("another"));
    let server = server(&ours).await;
    let (ours, other) = (file("ours", &ours.pem()), file("other", &other.pem()));

    let good = settings(&server, "localhost", &root(&ours));
    assert!(enter(&good).await.expect("a connection"));
    migration::up(&good.writer).await.expect("the migration enters in the same way");

    let refused = async |host: &str, path: &Path, more: &[(&str, &Path)]| {
        let settings = settings(&server, host, &[&root(path)[..], more].concat());
        describe(&enter(&settings).await.expect_err("another server"))
    };
    let why = refused("127.0.0.1", &ours, &[]).await;
    assert!(why.contains("not valid for name"), "another name: {why}");
    let why = refused("localhost", &other, &[]).await;
    assert!(why.contains("UnknownIssuer"), "another authority: {why}");

    // A name is not looked at where only the authority is asked.
    let lax = [("DATABASE_SSLMODE", Path::new("verify-ca"))];
    let lax = settings(&server, "127.0.0.1", &[&root(&ours)[..], &lax].concat());
    assert!(enter(&lax).await.expect("a connection"));
    // The server itself lets nobody in without TLS.
    let plain = [("DATABASE_SSLMODE", Path::new("disable"))];
    let plain = enter(&settings(&server, "localhost", &plain)).await.expect_err("no TLS");
    assert_eq!(plain.sqlstate().as_deref(), Some("28000"));
    for path in [ours, other] {
        std::fs::remove_file(path).ok();
    }
}

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use embedded::postgres::{EmbeddedError, Options, Search, Server, inspect};

use crate::support::Scratch;

/// Writes a program that prints `answer`.
fn program(bindir: &Path, name: &str, answer: &str) {
    std::fs::create_dir_all(bindir).unwrap();
    let path = bindir.join(name);
    std::fs::write(&path, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A folder that looks like an installation of `version` with these extensions.
fn installation(prefix: &Path, version: &str, extensions: &[&str]) -> PathBuf {
    let bindir = prefix.join("bin");
    program(&bindir, "initdb", "");
    program(&bindir, "postgres", &format!("postgres (PostgreSQL) {version}"));
    let folder = prefix.join("share/postgresql/extension");
    std::fs::create_dir_all(&folder).unwrap();
    for extension in extensions {
        std::fs::write(folder.join(format!("{extension}.control")), "").unwrap();
    }
    bindir
}

#[tokio::test]
async fn a_rejected_folder_says_what_it_lacked() {
    let scratch = Scratch::new();
    let place = |name: &str| scratch.0.join(name);

    let nothing = place("nothing");
    std::fs::create_dir(&nothing).unwrap();
    let mute = installation(&place("mute"), "15.2", &["hstore", "pgcrypto"]);
    program(&mute, "postgres", "hello");

    for (bindir, lacked) in [
        (place("absent"), "lacks the program initdb, lacks the program postgres"),
        (nothing, "lacks the program initdb, lacks the program postgres"),
        (mute, "does not tell its version, but says \"hello\""),
        (
            installation(&place("old"), "13.9", &["hstore", "pgcrypto"]),
            "is version 13, older than 14",
        ),
        (
            installation(&place("bare"), "16.1", &["pgcrypto"]),
            "lacks the extension hstore (no hstore.control in ",
        ),
    ] {
        let rejection = inspect(&bindir).await.unwrap_err().to_string();
        let start = format!("{} {lacked}", bindir.display());
        assert!(rejection.starts_with(&start), "{rejection}");
    }
}

#[tokio::test]
async fn a_complete_folder_is_accepted_with_its_version() {
    let scratch = Scratch::new();
    let bindir = installation(&scratch.0, "18beta1", &["hstore", "pgcrypto"]);
    assert_eq!(inspect(&bindir).await.unwrap().major, 18);
}

#[tokio::test]
async fn the_extensions_are_looked_for_where_pg_config_says() {
    let scratch = Scratch::new();
    let bindir = installation(&scratch.0.join("a"), "16.1", &["hstore", "pgcrypto"]);
    let elsewhere = scratch.0.join("elsewhere");
    program(&bindir, "pg_config", &elsewhere.display().to_string());
    let rejection = inspect(&bindir).await.unwrap_err();
    assert_eq!(rejection.lacked.len(), 2, "{rejection}");

    installation(&scratch.0.join("b"), "16.1", &["hstore", "pgcrypto"]);
    std::fs::rename(scratch.0.join("b/share/postgresql"), &elsewhere).unwrap();
    assert_eq!(inspect(&bindir).await.unwrap().major, 16);
}

#[tokio::test]
async fn when_nothing_can_be_used_the_error_names_what_was_tried_and_the_ways_out() {
    let scratch = Scratch::new();
    let old = installation(&scratch.0.join("old"), "12.4", &[]);
    let options = Options {
        search: Search::only([old.clone(), scratch.0.join("absent")]),
        ..scratch.options()
    };
    let error = Server::start(options).await.unwrap_err();
    assert!(matches!(error, EmbeddedError::NoServer(_)));
    let expected = format!(
        "found no usable PostgreSQL server. Tried:
  {} is version 12, older than 14
  {} lacks the program initdb, lacks the program postgres
  download: not allowed here
  apt-get: not allowed here
Ways out, any one of them:
  set DATABASE_URL to a database on a server of yours (PostgreSQL >= 14)
  install PostgreSQL >= 14 with its contrib extensions:
    Debian, Ubuntu: apt-get install postgresql
    Fedora, Red Hat: dnf install postgresql-server postgresql-contrib
    macOS: brew install postgresql@17
  set HOLDFAST_PG_BINDIR to the folder that holds initdb and postgres
  allow the download: unset HOLDFAST_PG_DOWNLOAD, and let this machine reach github.com",
        old.display(),
        scratch.0.join("absent").display(),
    );
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn data_of_another_major_version_are_not_touched() {
    let scratch = Scratch::new();
    let data_dir = scratch.0.join("postgres");
    std::fs::create_dir(&data_dir).unwrap();
    std::fs::write(data_dir.join("PG_VERSION"), "14\n").unwrap();
    let newer = installation(&scratch.0.join("newer"), "16.1", &["hstore", "pgcrypto"]);
    let options = Options { search: Search::only([newer]), ..scratch.options() };
    let error = Server::start(options).await.unwrap_err();
    assert!(matches!(error, EmbeddedError::DataVersion { data_major: 14, .. }), "{error}");
}

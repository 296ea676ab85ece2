use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use embedded::postgres::{EmbeddedError, Options, Server};
use sqlx::{Connection, PgConnection};

use crate::support::{Scratch, eventually, execute, is_alive, text};

#[tokio::test]
async fn a_new_server_answers_with_the_settings_it_was_given() {
    let scratch = Scratch::new();
    let options = Options {
        max_connections: 33,
        settings: vec![("shared_buffers".to_owned(), "16MB".to_owned())],
        ..scratch.options()
    };
    let server = Server::start(options).await.unwrap();
    let url = server.url("postgres");

    for (setting, value) in [
        ("max_connections", "33"),
        ("shared_buffers", "16MB"),
        ("max_wal_size", "4GB"),
        ("fsync", "off"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("data_checksums", "on"),
        ("password_encryption", "scram-sha-256"),
        ("server_encoding", "UTF8"),
    ] {
        assert_eq!(text(&url, &format!("SHOW {setting}")).await, value, "{setting}");
    }
    assert_eq!(text(&url, "SELECT current_user::text").await, "holdfast");
    assert!(server.log_tail().contains("ready to accept connections"));

    let mode = std::fs::metadata(server.password_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    server.stop().await.unwrap();
    assert!(!server.is_running());
}

#[tokio::test]
async fn a_durable_server_syncs() {
    let scratch = Scratch::new();
    let server = Server::start(Options::new(scratch.0.join("postgres"))).await.unwrap();
    let url = server.url("postgres");
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(text(&url, &format!("SHOW {setting}")).await, "on", "{setting}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let scratch = Scratch::new();
    let server = Server::start(scratch.options()).await.unwrap();
    let url = format!("postgres://holdfast:wrong@127.0.0.1:{}/postgres", server.port());
    let error = PgConnection::connect(&url).await.unwrap_err();
    assert!(error.to_string().contains("password authentication failed"), "{error}");
}

#[tokio::test]
async fn restarts_keep_port_and_data_after_a_clean_stop_and_after_a_crash() {
    let scratch = Scratch::new();
    let options = Options {
        // Otherwise a crash may lose the last commits, as the documentation of `Fast` says.
        settings: vec![("synchronous_commit".to_owned(), "on".to_owned())],
        ..scratch.options()
    };
    let server = Server::start(options).await.unwrap();
    let (port, first_pid) = (server.port(), server.postmaster_pid().unwrap());
    let url = server.url("postgres");
    execute(&url, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('before')").await;

    server.restart().await.unwrap();
    assert_eq!(text(&url, "SELECT word FROM kept").await, "before");

    execute(&url, "UPDATE kept SET word = 'committed'").await;
    server.kill_immediate().await.unwrap();
    assert!(!server.is_running());
    server.restart().await.unwrap();

    assert_eq!(server.port(), port);
    assert_ne!(server.postmaster_pid(), Some(first_pid));
    assert_eq!(text(&url, "SELECT word FROM kept").await, "committed");
    assert!(server.log_tail().contains("automatic recovery"), "{}", server.log_tail());
}

#[tokio::test]
async fn the_end_of_a_server_that_is_killed_is_noticed_and_it_can_be_restarted() {
    let scratch = Scratch::new();
    let server = Server::start(scratch.options()).await.unwrap();
    let pid = server.postmaster_pid().unwrap().to_string();
    let killed = std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap();
    assert!(killed.success());
    tokio::time::timeout(Duration::from_secs(10), server.exited()).await.unwrap();

    server.restart().await.unwrap();
    assert_eq!(text(&server.url("postgres"), "SELECT 'back'").await, "back");
}

#[tokio::test]
async fn a_dropped_server_stops_and_the_next_one_waits_for_it_and_finds_its_data() {
    let scratch = Scratch::new();
    let server = Server::start(scratch.options()).await.unwrap();
    execute(&server.url("postgres"), "CREATE TABLE kept AS SELECT 'kept'::text AS word").await;
    drop(server);

    let next = Server::start(scratch.options()).await.unwrap();
    assert_eq!(text(&next.url("postgres"), "SELECT word FROM kept").await, "kept");
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused_by_the_pid_of_the_first() {
    let scratch = Scratch::new();
    let first = Server::start(scratch.options()).await.unwrap();
    let error = Server::start(scratch.options()).await.unwrap_err();
    let pid = first.postmaster_pid().unwrap();
    assert!(
        matches!(error, EmbeddedError::StillRunning { pid: named, .. } if named == pid),
        "{error}"
    );
    assert!(first.is_running());
}

#[tokio::test]
async fn a_fresh_start_drops_the_data_of_earlier_runs() {
    let scratch = Scratch::new();
    let first = Server::start(scratch.options()).await.unwrap();
    first.create_database("old").await.unwrap();
    first.stop().await.unwrap();

    let fresh = Options { fresh: true, ..scratch.options() };
    let second = Server::start(fresh).await.unwrap();
    let count = "SELECT count(*)::text FROM pg_database WHERE datname = 'old'";
    assert_eq!(text(&second.url("postgres"), count).await, "0");
}

#[tokio::test]
async fn databases_are_created_and_dropped_whatever_their_name() {
    let scratch = Scratch::new();
    let server = Server::start(scratch.options()).await.unwrap();
    let count = "SELECT count(*)::text FROM pg_database WHERE datname IN ('wallet', 'a\"; --')";
    for name in ["wallet", "a\"; --"] {
        server.create_database(name).await.unwrap();
    }
    assert_eq!(text(&server.url("wallet"), count).await, "2");
    for name in ["wallet", "a\"; --", "never_was"] {
        server.drop_database(name).await.unwrap();
    }
    assert_eq!(text(&server.url("postgres"), count).await, "0");
}

#[tokio::test]
async fn data_that_are_to_be_removed_survive_a_restart_and_go_with_the_server() {
    let scratch = Scratch::new();
    let options = Options { remove_data_on_exit: true, ..scratch.options() };
    let server = Server::start(options.clone()).await.unwrap();
    let (data_dir, password) = (server.data_dir().to_owned(), server.password_file());
    server.kill_immediate().await.unwrap();
    server.restart().await.unwrap();
    server.restart().await.unwrap();
    assert!(data_dir.exists());
    server.stop().await.unwrap();
    assert!(!data_dir.exists() && !password.exists());
    assert!(server.log_tail().contains("shut down"), "the log can still be read");
}

#[tokio::test]
async fn a_server_that_cannot_start_shows_the_end_of_its_log() {
    let scratch = Scratch::new();
    let options = Options {
        settings: vec![("shared_buffers".to_owned(), "plenty".to_owned())],
        ..scratch.options()
    };
    let error = Server::start(options).await.unwrap_err().to_string();
    assert!(error.contains("invalid value for parameter \"shared_buffers\""), "{error}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_in_the_error() {
    let scratch = Scratch::new();
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let options = Options { port: Some(port), ..scratch.options() };
    let error = Server::start(options).await.unwrap_err().to_string();
    assert!(error.contains("Address already in use"), "{error}");
}

#[tokio::test]
async fn a_start_that_is_given_up_leaves_no_server() {
    let scratch = Scratch::new();
    drop(Server::start(scratch.options()).await.unwrap());
    let lock_file = scratch.0.join("postgres/postmaster.pid");
    eventually("the first server is gone", || !lock_file.exists());

    let start = Server::start(scratch.options());
    let until_it_runs = async {
        while !lock_file.exists() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        server = start => panic!("answered before its lock file was seen: {server:?}"),
        () = until_it_runs => {}
    }
    let text = std::fs::read_to_string(&lock_file).unwrap_or_default();
    let pid = text.lines().next().and_then(|line| line.parse().ok());
    eventually("the server is gone", || !lock_file.exists() && !pid.is_some_and(is_alive));
}

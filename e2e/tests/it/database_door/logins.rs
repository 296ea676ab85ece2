//! Passwords that change while processes run.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use embedded::testing::OwnServer;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::support::World;
use crate::support::load::Load;
use crate::support::process::Process;

/// A server with a role that all processes enter with.
struct Guarded {
    server: OwnServer,
    owner: PgConnection,
    file: PathBuf,
}

impl Guarded {
    async fn new() -> Self {
        let server = OwnServer::start(&[("synchronous_commit", "on")]).await.expect("a server");
        let mut owner = PgConnection::connect(&server.url()).await.expect("a connection");
        run(&mut owner, "CREATE ROLE app LOGIN PASSWORD 'first'").await;
        run(&mut owner, "GRANT holdfast TO app").await;
        let file = std::env::temp_dir().join(format!("holdfast-login-{}", uuid::Uuid::now_v7()));
        write(&file, "first");
        Self { server, owner, file }
    }

    /// What a process needs to know, but for the password.
    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DATABASE_HOST", "127.0.0.1".to_owned()),
            ("DATABASE_PORT", self.server.port().to_string()),
            ("DATABASE_NAME", "holdfast".to_owned()),
            ("DATABASE_USER", "app".to_owned()),
        ]
    }

    /// Another password; with it, all sessions of the role end, as they do by and by anyway.
    async fn rotate(&mut self, password: &str) {
        run(&mut self.owner, &format!("ALTER ROLE app PASSWORD '{password}'")).await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'";
        run(&mut self.owner, end).await;
    }
}

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(connection).await.expect("a statement");
}

/// Puts a password in place in one step, as whoever mounts secrets does.
fn write(path: &Path, password: &str) {
    let unfinished = path.with_added_extension("new");
    std::fs::write(&unfinished, password).expect("a file");
    std::fs::rename(&unfinished, path).expect("a file");
}

/// Transfers go on through two rotations; in the second the file is late. Returns how long it
/// took each time from the new file to the next transfers.
async fn rotated_under_load(
    source: (&'static str, String),
    guarded: &mut Guarded,
) -> [Duration; 2] {
    let world = World::at(guarded.server.url());
    let wallets = world.wallets(6, 1_000_000).await;
    let mut variables = guarded.variables();
    variables.push(source);
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut api = Process::api_in(&variables);
    let mut jobs = Process::jobs_in(&variables);
    let load = Load::start(&[api.address.clone().expect("an address")], &wallets, 4);
    load.wait_for_more(30).await;

    write(&guarded.file, "second");
    guarded.rotate("second").await;
    let first = Instant::now();
    load.wait_for_more(30).await;
    let first = first.elapsed();

    guarded.rotate("third").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    write(&guarded.file, "third");
    let second = Instant::now();
    load.wait_for_more(30).await;
    let second = second.elapsed();

    let accepted = load.stop().await;
    world.wait_for_rest().await;
    assert!(!api.has_ended() && !jobs.has_ended(), "no process was started again");
    assert!(api.stop() && jobs.stop(), "all end well");
    let settled =
        "SELECT count(*) FROM transfer WHERE reference IS NOT NULL AND status = 'settled'";
    assert_eq!(world.count(settled).await, i64::try_from(accepted.len()).expect("a count"));
    world.assert_clean_slate().await;
    [first, second]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_in_a_file_changes_under_load_and_no_process_is_started_again() {
    let mut guarded = Guarded::new().await;
    let source = ("DATABASE_PASSWORD_FILE", guarded.file.to_str().expect("a path").to_owned());
    let took = rotated_under_load(source, &mut guarded).await;
    eprintln!("a new file counted after {took:?}");
    assert!(took.iter().all(|took| *took < Duration::from_secs(10)), "{took:?}");
    std::fs::remove_file(&guarded.file).ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_from_a_command_is_made_anew_when_the_server_refuses_the_old_one() {
    let mut guarded = Guarded::new().await;
    let command = format!("cat {}", guarded.file.display());
    let took = rotated_under_load(("DATABASE_PASSWORD_COMMAND", command), &mut guarded).await;
    eprintln!("a new token counted after {took:?}");
    assert!(took.iter().all(|took| *took < Duration::from_secs(15)), "{took:?}");
    std::fs::remove_file(&guarded.file).ok();
}

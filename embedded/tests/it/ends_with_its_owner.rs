//! What happens to a server when the process that started it is killed.
//!
//! Such a process is this test binary again: it runs one test that starts a server and then waits to be killed.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use embedded::postgres::{Durability, Options, Server};
use embedded::testing::TestDatabase;

use crate::support::{Scratch, eventually, is_alive};

/// Set for the process that is to be killed: `server:<data folder>`, `removed:<data folder>` or `test-database`.
const ROLE: &str = "HOLDFAST_EMBEDDED_TEST_ROLE";

#[tokio::test]
async fn the_process_that_is_killed() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let kept;
    if let Some((kind, folder)) = role.split_once(':') {
        let options = Options {
            durability: Durability::Fast,
            remove_data_on_exit: kind == "removed",
            ..Options::new(folder)
        };
        kept = Server::start(options).await.unwrap();
        println!("\n{ROLE}={}", kept.data_dir().display());
    } else {
        let database = TestDatabase::create().await.unwrap();
        let data_dir = crate::support::text(database.url(), "SHOW data_directory").await;
        println!("\n{ROLE}={data_dir}");
    }
    // Whoever started this process kills it; if that one is gone, it ends by itself.
    tokio::time::sleep(std::time::Duration::from_mins(2)).await;
}

/// A process that owns a server, its data folder, and the postmaster's process id.
struct Owner {
    process: Child,
    data_dir: PathBuf,
    postmaster: u32,
}

impl Owner {
    fn start(role: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "ends_with_its_owner::the_process_that_is_killed"])
            .env(ROLE, role)
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let marker = format!("{ROLE}=");
        let data_dir = BufReader::new(process.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix(&marker).map(PathBuf::from))
            .expect("the process says where its data are");
        let lock_file = std::fs::read_to_string(data_dir.join("postmaster.pid")).unwrap();
        let postmaster = lock_file.lines().next().unwrap().parse().unwrap();
        assert!(is_alive(postmaster));
        Self { process, data_dir, postmaster }
    }

    /// Sends a signal to the owner alone, or with a `-` before its id to its whole process group.
    fn signal(&mut self, signal: &str, group: bool) {
        let target = format!("{}{}", if group { "-" } else { "" }, self.process.id());
        let sent = Command::new("kill").args([signal, "--", &target]).status().unwrap();
        assert!(sent.success());
        self.process.wait().unwrap();
    }
}

fn has_shut_down_cleanly(data_dir: &Path) -> bool {
    std::fs::read_to_string(data_dir.join("server.log"))
        .is_ok_and(|log| log.contains("database system is shut down"))
}

#[test]
fn a_killed_owner_takes_its_server_along() {
    let scratch = Scratch::new();
    let role = format!("server:{}", scratch.0.join("postgres").display());
    let mut owner = Owner::start(&role);
    owner.signal("-KILL", false);
    eventually("the postmaster is gone", || !is_alive(owner.postmaster));
    assert!(has_shut_down_cleanly(&owner.data_dir), "fast, not immediate");
}

#[test]
fn an_interrupt_from_the_terminal_reaches_the_owner_and_not_the_server() {
    let scratch = Scratch::new();
    let role = format!("server:{}", scratch.0.join("postgres").display());
    let mut owner = Owner::start(&role);
    // As a terminal does: to the whole foreground process group. The owner dies of it, and the server then stops
    // because of the pipe; it must not have been interrupted itself.
    let group_of = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let (_, rest) = stat.rsplit_once(") ").unwrap();
        rest.split(' ').nth(2).unwrap().parse::<u32>().unwrap()
    };
    assert_ne!(group_of(owner.postmaster), group_of(owner.process.id()));
    owner.signal("-INT", true);
    eventually("the postmaster is gone", || !is_alive(owner.postmaster));
}

#[test]
fn a_killed_owner_of_throw_away_data_leaves_nothing_behind() {
    let role = format!(
        "removed:{}/holdfast-it-{}",
        std::env::temp_dir().display(),
        uuid::Uuid::new_v4().simple()
    );
    let mut owner = Owner::start(&role);
    owner.signal("-KILL", false);
    eventually("the data are gone", || !owner.data_dir.exists());
    let password_file = owner.data_dir.with_added_extension("password");
    eventually("the password is gone", || !password_file.exists());
    assert!(!is_alive(owner.postmaster));
}

#[test]
fn a_killed_test_process_leaves_no_test_server() {
    if std::env::var_os("HOLDFAST_TEST_DATABASE_URL").is_some() {
        return;
    }
    let mut owner = Owner::start("test-database");
    owner.signal("-KILL", false);
    eventually("the data are gone", || !owner.data_dir.exists());
    assert!(!is_alive(owner.postmaster));
}

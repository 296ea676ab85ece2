//! A process runs on the schema that it was made for, and on no other.

use crate::lights::Logs;
use crate::support::World;
use crate::support::process::Process;

impl World {
    async fn change(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.reads).await.expect("a statement");
    }
}

const NEWER: &str = "INSERT INTO seaql_migrations (version, applied_at)
    VALUES ('m30000101_000001_of_a_later_version', 0)";
const OLDER: &str = "DELETE FROM seaql_migrations
    WHERE version = (SELECT max(version) FROM seaql_migrations)";

#[tokio::test(flavor = "multi_thread")]
async fn workers_do_not_start_on_a_schema_that_is_too_new() {
    let (world, logs) = (World::new().await, Logs::new());
    world.change(NEWER).await;
    let mut refused = Process::logged("jobs", &world.url, &[], &logs.file("refused"));
    assert!(!refused.wait());
    let said = logs.text("refused");
    assert!(
        said.contains("m30000101_000001_of_a_later_version, which this version does not know"),
        "{said}"
    );

    // The way back after an update that went wrong.
    let accepted = [("HOLDFAST_NEWER_SCHEMA", "accept")];
    let accepted = Process::logged("jobs", &world.url, &accepted, &logs.file("accepted"));
    logs.until("accepted", "started as").await;
    assert!(accepted.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_process_starts_on_a_schema_that_is_too_old_or_migrates_it() {
    let (world, logs) = (World::new().await, Logs::new());
    world.change(OLDER).await;
    let migrations = world.count("SELECT count(*) FROM seaql_migrations").await;
    let mut jobs = Process::logged("jobs", &world.url, &[], &logs.file("jobs"));
    assert!(!jobs.wait());
    assert!(logs.text("jobs").contains("run holdfast-migrate of this version first"));
    let config = api::Config {
        public_addr: ([127, 0, 0, 1], 0).into(),
        admin_addr: ([127, 0, 0, 1], 0).into(),
        ..api::Config::new(&world.url)
    };
    let sentence = api::Server::bind(&config).await.err().expect("a refusal").to_string();
    assert!(sentence.contains("the database lacks the migration"), "{sentence}");
    assert_eq!(world.count("SELECT count(*) FROM seaql_migrations").await, migrations);
}

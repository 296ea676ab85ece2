use embedded::testing::TestDatabase;

use crate::support::{execute, text};

#[tokio::test]
async fn two_test_databases_are_independent() {
    let (one, other) = tokio::try_join!(TestDatabase::create(), TestDatabase::create()).unwrap();
    assert_ne!(one.name(), other.name());
    execute(one.url(), "CREATE TABLE only_here (id int)").await;
    let there = "SELECT coalesce(to_regclass('only_here')::text, 'absent')";
    assert_eq!(text(one.url(), there).await, "only_here");
    assert_eq!(text(other.url(), there).await, "absent");
}

#[tokio::test]
async fn a_test_database_has_the_migrated_schema() {
    let database = TestDatabase::create().await.unwrap();
    let pending: Vec<_> = migration::status(database.url())
        .await
        .unwrap()
        .into_iter()
        .filter(|(_, applied)| !applied)
        .collect();
    assert_eq!(pending, []);
    let queue = "SELECT coalesce(to_regclass('apalis.jobs')::text, 'absent')";
    assert_eq!(text(database.url(), queue).await, "apalis.jobs");
}

/// Each `#[test]` has its own runtime here; the server was started from one that is long gone.
#[test]
fn test_databases_can_be_made_after_the_runtime_that_made_the_first_has_ended() {
    for _ in 0..3 {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let database = runtime.block_on(TestDatabase::create()).unwrap();
        let answer = runtime.block_on(text(database.url(), "SELECT 'here'"));
        assert_eq!(answer, "here");
    }
}

#[tokio::test]
async fn many_test_databases_can_be_made_at_the_same_time() {
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(TestDatabase::create())).collect();
    let mut names = std::collections::BTreeSet::new();
    for task in tasks {
        names.insert(task.await.unwrap().unwrap().name().to_owned());
    }
    assert_eq!(names.len(), 8);
}

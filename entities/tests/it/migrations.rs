//! The database's history can be walked back and forth.

use embedded::testing::TestDatabase;
use sqlx::{Connection, PgConnection};

/// What of ours is in the database, by name: tables, partitions, indexes, functions.
async fn objects(url: &str) -> Vec<String> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(
        "SELECT relkind::text || ' ' || relname AS object
         FROM pg_class
         WHERE relnamespace::regnamespace::text IN ('public', 'archive')
           AND relname NOT LIKE 'seaql_migrations%'
         UNION ALL
         SELECT 'function ' || proname
         FROM pg_proc
         WHERE pronamespace::regnamespace::text IN ('public', 'archive')
           -- Extensions put theirs here, too, and stay.
           AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
         ORDER BY object",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap()
}

#[tokio::test]
async fn up_down_up_leads_to_the_same_schema() {
    let db = TestDatabase::create().await.unwrap();
    let before = objects(db.url()).await;
    assert!(before.contains(&"r wallet".to_owned()), "{before:?}");

    migration::down(db.url()).await.unwrap();
    assert_eq!(objects(db.url()).await, Vec::<String>::new());
    let status = migration::status(db.url()).await.unwrap();
    assert!(status.iter().all(|(_, applied)| !applied), "{status:?}");

    migration::up(db.url()).await.unwrap();
    assert_eq!(objects(db.url()).await, before);
    let status = migration::status(db.url()).await.unwrap();
    assert!(status.iter().all(|(_, applied)| *applied), "{status:?}");
}

#[tokio::test]
async fn up_on_a_migrated_database_changes_nothing() {
    let db = TestDatabase::create().await.unwrap();
    let before = objects(db.url()).await;
    migration::up(db.url()).await.unwrap();
    assert_eq!(objects(db.url()).await, before);
}

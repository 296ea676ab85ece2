//! `holdfast-jobs audit-verify` and `operator-add`: exit codes and what they print.

use std::process::Command;

use domain::event::EventType;
use domain::ids::EventId;
use embedded::testing::TestDatabase;
use sqlx::{Connection, PgConnection};
use store::audit;
use store::inbox::IncomingEvent;
use uuid::Uuid;

/// Exit code and standard output.
fn verify(url: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast-jobs"));
    let output = command.arg("audit-verify").env("DATABASE_URL", url).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_tells_a_chain_that_holds_from_a_broken_one() {
    let database = TestDatabase::create().await.unwrap();
    let url = database.url();
    let zeros = "0".repeat(64);
    let operators = "ok     operator_audit: 0 rows hold\n";
    let empty = format!("ok     event_audit: 0 rows hold, the last with hash {zeros}\n{operators}");
    assert_eq!(verify(url), (Some(0), empty));

    let event = |index: u128| IncomingEvent {
        id: EventId(Uuid::from_u128(index)),
        event_type: EventType::WalletOpened,
        occurred_at: chrono::Utc::now(),
        transfer: None,
        body: format!("{{\"number\": {index}}}"),
    };
    let mut connection = PgConnection::connect(url).await.unwrap();
    let events: Vec<_> = (1..=2_500).map(event).collect();
    audit::append(&mut connection, &events).await.unwrap();
    let (code, said) = verify(url);
    assert_eq!(code, Some(0));
    assert!(said.starts_with("ok     event_audit: 2500 rows hold, the last with hash "), "{said}");

    sqlx::query("UPDATE event_audit SET body = '{\"number\": 0}' WHERE seq = 1777")
        .execute(&mut connection)
        .await
        .unwrap();
    let (code, said) = verify(url);
    assert_eq!(code, Some(2));
    assert!(said.starts_with("ok     event_audit: 1776 rows hold, "), "{said}");
    let wanted = "BROKEN event_audit: row 1777 (event 00000000-0000-0000-0000-0000000006f1): \
                  hash does not fit the columns: the body or another one was changed\n";
    assert!(said.ends_with(&format!("{wanted}{operators}")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_gets_a_token_and_a_wrong_role_is_told() {
    let database = TestDatabase::create().await.unwrap();
    let add = |name: &str, role: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast-jobs"));
        command.args(["operator-add", name, role]).env("DATABASE_URL", database.url());
        command.output().unwrap()
    };
    let output = add("olga", "operator");
    let token = String::from_utf8(output.stdout).unwrap();
    let pool = sqlx::PgPool::connect(database.url()).await.unwrap();
    let found = store::operators::authenticate(&pool, token.trim()).await.unwrap();
    assert_eq!(found.map(|operator| operator.name).as_deref(), Some("olga"));

    for (name, role, told) in [("olga", "queen", "no such role: queen"), ("", "viewer", "the name")]
    {
        let output = add(name, role);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8(output.stderr).unwrap().contains(told));
    }
}

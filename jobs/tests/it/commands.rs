//! `holdfast-jobs audit-verify`, `archive` and `operator-add`: exit codes and what they print.

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
async fn weeks_are_archived_and_what_cannot_be_is_told() {
    let database = TestDatabase::create().await.unwrap();
    let run = |options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast-jobs"));
        let output = command.args(options).env("DATABASE_URL", database.url()).output().unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), said)
    };
    let monday = monday_weeks_ago(8);
    let archive = ["archive", "--before", &monday];
    let (code, [said, _]) = run(&archive);
    assert_eq!((code, said), (Some(0), format!("no whole week before {monday} is live\n")));

    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let weeks = "SELECT create_partitions(now() - interval '9 weeks', now() - interval '9 weeks')";
    sqlx::query(weeks).execute(&mut connection).await.unwrap();
    let nothing = "0 transfers, 0 entries, 0 postings in 3 partitions\n";
    let (code, [said, _]) = run(&[&archive[..], &["--dry-run"]].concat());
    let proven =
        format!("would archive before {monday}: {nothing}proven, and nothing was changed\n");
    assert_eq!((code, said), (Some(0), proven));
    let (code, [said, _]) = run(&archive);
    assert_eq!(code, Some(0));
    assert!(
        said.starts_with(&format!(
            "archived before {monday}: {nothing}the live tables were locked "
        )),
        "{said}"
    );
    let hash = said.trim_end().rsplit("checkpoint 1 of 0 wallets, with hash ").next().unwrap();
    assert_eq!(hash.len(), 64, "{said}");

    for (before, told) in [
        (
            monday_weeks_ago(4),
            "those weeks are too young; the latest Monday that is allowed now is ",
        ),
        (
            "2026-10-06".to_owned(),
            "weeks end on Mondays at 00:00 UTC; the last one up to then is 2026-10-05",
        ),
        ("monday".to_owned(), "--before must be a day such as 2026-10-05"),
    ] {
        let (code, [_, said]) = run(&["archive", "--before", &before]);
        assert_eq!(code, Some(1));
        assert!(said.contains(told), "{said}");
    }
    assert_eq!(run(&["ledger-check", "--archive"]).0, Some(0));
}

/// The Monday of the week as many weeks ago, in UTC.
fn monday_weeks_ago(weeks: i64) -> String {
    let day = chrono::Utc::now().date_naive() - chrono::TimeDelta::weeks(weeks);
    day.week(chrono::Weekday::Mon).first_day().to_string()
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

//! `POST /v1/transfers/stream`.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use api::Config;
use embedded::testing::TestDatabase;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::support::ndjson::{Stream, chunk};
use crate::support::{Api, config};

const PATH: &str = "/v1/transfers/stream";
const NDJSON: [(&str, &str); 1] = [("content-type", "application/x-ndjson")];

/// A line with a command between two wallets.
fn line(key: &str, ends: &[String; 2], amount_minor: i64) -> String {
    let command = json!({
        "idempotency_key": key, "source_wallet_id": ends[0], "destination_wallet_id": ends[1],
        "amount_minor": amount_minor, "currency": "EUR",
    });
    format!("{command}\n")
}

fn lines(prefix: &str, ends: &[String; 2], count: usize) -> String {
    (0..count).map(|index| line(&format!("{prefix}-{index}"), ends, 1)).collect()
}

async fn ends(api: &Api) -> [String; 2] {
    [api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await]
}

/// Sends a whole body and returns the answers and the last line.
async fn whole(api: &Api, body: String) -> (Vec<Value>, Value) {
    let request = api.client.post(format!("{}{PATH}", api.public)).body(body);
    let response = request.header("content-type", NDJSON[0].1).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], NDJSON[0].1);
    let text = response.text().await.unwrap();
    let mut lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let end = lines.pop().unwrap();
    assert!(end["end"].is_string(), "{end}");
    (lines, end)
}

/// The line, and its status or the code of its problem.
fn told(answer: &Value) -> (u64, &str) {
    let status = answer["status"].as_str().unwrap();
    assert_eq!(status == "refused", answer["transfer_id"].is_null(), "{answer}");
    (answer["line"].as_u64().unwrap(), answer["problem"]["code"].as_str().unwrap_or(status))
}

#[tokio::test]
async fn every_line_has_its_answer_in_order_and_a_wrong_one_ends_nothing() {
    let api = Api::start().await;
    let ends = ends(&api).await;
    let (mut body, mut expected) = (String::new(), Vec::new());
    for index in 0..1_500_u64 {
        let key = format!("k-{index}");
        let (text, status) = match index % 100 {
            7 => ("{\"idempotency_key\": \n".to_owned(), "malformed_json"),
            11 => ("null\n".to_owned(), "invalid_body"),
            17 => (line(&key, &ends, 0), "amount_out_of_range"),
            23 => (line(&key, &[ends[0].clone(), ends[0].clone()], 1), "same_wallet"),
            29 => (line(&format!("k-{}", index - 1), &ends, 1), "replayed"),
            31 => (line(&format!("k-{}", index - 1), &ends, 2), "idempotency_key_reused"),
            37 => (format!("{}\n", "x".repeat(70_000)), "body_too_large"),
            41 => (" \r\n".to_owned(), ""),
            _ => (line(&key, &ends, 1), "accepted"),
        };
        body.push_str(&text);
        if !status.is_empty() {
            expected.push((index + 1, status));
        }
    }
    // The last line needs no end.
    body.pop();
    let (answers, end) = whole(&api, body.clone()).await;
    assert_eq!(answers.len(), expected.len());
    for (answer, expected) in answers.iter().zip(expected) {
        assert_eq!(told(answer), expected);
    }
    let counts = ["end", "last_line", "accepted", "replayed", "refused"].map(|name| &end[name]);
    let expected = json!(["complete", 1_500, 1_380, 15, 90]);
    assert_eq!(json!(counts), expected);
    assert_eq!(api.count("transfer").await, 1_380);
    assert_eq!(api.count("saga_open WHERE bulk").await, 1_380);

    let ids: BTreeMap<u64, &Value> =
        answers.iter().map(|one| (told(one).0, &one["transfer_id"])).collect();
    let (again, end) = whole(&api, body).await;
    assert_eq!((&end["replayed"], &end["accepted"]), (&json!(1_395), &json!(0)));
    assert!(again.iter().all(|one| *ids[&told(one).0] == one["transfer_id"]));
}

#[tokio::test]
async fn a_body_without_lines_is_complete_and_another_type_is_refused() {
    let api = Api::start().await;
    let (answers, end) = whole(&api, "\n\n".to_owned()).await;
    assert_eq!((answers.len(), &end["end"], &end["last_line"]), (0, &json!("complete"), &json!(0)));
    for headers in [&[][..], &[("content-type", "application/json")]] {
        let answer = api.send(Method::POST, PATH, headers, "").await;
        answer.assert_problem(415, "unsupported_media_type");
    }
    let answer = api.send(Method::GET, PATH, &[], "").await;
    answer.assert_problem(405, "method_not_allowed");
}

#[tokio::test]
async fn answers_come_while_the_request_still_runs() {
    let api = Api::start().await;
    let ends = ends(&api).await;
    let mut stream = Stream::open(&api).await;
    for index in 1..=3 {
        stream.send(&line(&format!("k-{index}"), &ends, 1)).await;
        assert_eq!(told(&stream.line().await.unwrap()), (index, "accepted"));
    }
    // Half a line is no line.
    let rest = line("k-4", &ends, 1);
    stream.send(&rest[..20]).await;
    stream.send(&rest[20..]).await;
    assert_eq!(told(&stream.line().await.unwrap()), (4, "accepted"));
    stream.finish().await;
    assert_eq!(stream.rest().await[0]["end"], "complete");
}

#[tokio::test]
async fn who_does_not_read_the_answers_is_not_read_any_further() {
    let api = Api::start().await;
    let mut stream = Stream::open(&api).await;
    // Each line is wrong, so it needs no database, and its answer is about as long as itself.
    let lines = chunk(&format!("{}\n", "x".repeat(500)).repeat(100));
    let (mut sent, all) = (0, 2_000);
    while sent < all {
        let sending = stream.output.write_all(lines.as_bytes());
        // Part of the chunk may be on its way; the rest is sent below.
        if timeout(Duration::from_secs(2), sending).await.is_err() {
            break;
        }
        sent += 1;
    }
    assert!(sent < all / 2, "{sent} chunks of 50 KB went through although nobody reads");
}

#[tokio::test]
async fn a_client_that_is_gone_can_send_everything_again() {
    let api = Api::start().await;
    let ends = ends(&api).await;
    let body = lines("k", &ends, 3_000);
    let mut stream = Stream::open(&api).await;
    stream.send(&body[..body.len() / 2]).await;
    assert_eq!(told(&stream.line().await.unwrap()), (1, "accepted"));
    drop(stream);
    let (answers, end) = whole(&api, body).await;
    assert_eq!((answers.len(), &end["end"]), (3_000, &json!("complete")));
    assert_eq!(end["refused"], 0);
    assert_eq!(api.count("transfer").await, 3_000);
    assert_eq!(api.count("saga_open").await, 3_000);
}

#[tokio::test]
async fn two_clients_with_the_same_file_at_once_make_each_transfer_once() {
    let api = Api::start().await;
    let ends = ends(&api).await;
    let body = lines("k", &ends, 2_000);
    let (one, other) = tokio::join!(whole(&api, body.clone()), whole(&api, body));
    let accepted = |end: &Value| end["accepted"].as_u64().unwrap();
    assert_eq!(accepted(&one.1) + accepted(&other.1), 2_000);
    for (one, other) in one.0.iter().zip(&other.0) {
        assert_eq!(one["transfer_id"], other["transfer_id"]);
    }
    assert_eq!(api.count("transfer").await, 2_000);
}

#[tokio::test]
async fn a_stop_answers_what_was_read_and_says_where_to_go_on() {
    let mut api = Api::start().await;
    let ends = ends(&api).await;
    let mut stream = Stream::open(&api).await;
    stream.send(&lines("k", &ends, 3)).await;
    for _ in 0..3 {
        stream.line().await.unwrap();
    }
    api.stop.take().unwrap().send(()).unwrap();
    let end = stream.line().await.unwrap();
    assert_eq!((&end["end"], &end["last_line"]), (&json!("stopping"), &json!(3)));
    assert!(end["detail"].as_str().unwrap().contains("from 4 on"), "{end}");
    stream.finish().await;
    assert_eq!(stream.line().await, None);
    drop((stream, api.client));
    timeout(Duration::from_secs(10), api.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn only_so_many_streams_are_served_at_a_time() {
    let db = TestDatabase::create().await.unwrap();
    let api = Api::start_with(Config { streams_max: 1, ..config(db.url()) }).await;
    let ends = ends(&api).await;
    let mut stream = Stream::open(&api).await;
    stream.send(&line("k", &ends, 1)).await;
    stream.line().await.unwrap();
    let answer = api.send(Method::POST, PATH, &NDJSON, "").await;
    answer.assert_problem(503, "too_many_streams");
    stream.finish().await;
    stream.rest().await;
    // Its place is free once its task has ended.
    for _ in 0..100 {
        if api.send(Method::POST, PATH, &NDJSON, "").await.status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the place of a stream that has ended is not free");
}

/// Lets nobody into the database of `api`, or everybody again.
async fn close_database(api: &Api, closed: bool) {
    let options = PgConnectOptions::from_str(&api.database_url).unwrap();
    let name = options.get_database().unwrap().to_owned();
    let mut admin = options.database("postgres").connect().await.unwrap();
    let open = !closed;
    for statement in [
        format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {open}"),
        format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND {closed}"
        ),
    ] {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut admin).await.unwrap();
    }
    admin.close().await.unwrap();
}

#[tokio::test]
async fn an_outage_is_waited_for_within_a_bound() {
    let db = TestDatabase::create().await.unwrap();
    let stream_wait_max = Duration::from_secs(3);
    let api = Api::start_with(Config { stream_wait_max, ..config(db.url()) }).await;
    let ends = ends(&api).await;
    let mut stream = Stream::open(&api).await;
    stream.send(&lines("a", &ends, 5)).await;
    for _ in 0..5 {
        stream.line().await.unwrap();
    }

    close_database(&api, true).await;
    stream.send(&lines("b", &ends, 5)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    close_database(&api, false).await;
    for index in 6..=10 {
        assert_eq!(told(&stream.line().await.unwrap()), (index, "accepted"));
    }

    close_database(&api, true).await;
    stream.send(&lines("c", &ends, 5)).await;
    let end = stream.line().await.unwrap();
    assert_eq!((&end["end"], &end["last_line"]), (&json!("unavailable"), &json!(10)));
    close_database(&api, false).await;
    let (answers, end) = whole(&api, lines("c", &ends, 5)).await;
    assert_eq!((answers.len(), &end["refused"]), (5, &json!(0)));
    assert_eq!(api.count("transfer").await, 15);
}

#[tokio::test]
async fn maintenance_ends_a_stream_that_runs_already() {
    let api = Api::start().await;
    let ends = ends(&api).await;
    let mut stream = Stream::open(&api).await;
    stream.send(&line("a", &ends, 1)).await;
    stream.line().await.unwrap();
    api.sql(
        "INSERT INTO switch (kind, subject, \"on\", reason, changed_by)
         VALUES ('maintenance', '', true, 'a test', 'olga')",
    )
    .await;
    let (mut number, mut end) = (0, Value::Null);
    // It is known within half a second.
    while end["end"].is_null() {
        number += 1;
        assert!(number < 200, "still not so");
        stream.send(&line(&format!("b-{number}"), &ends, 1)).await;
        end = stream.line().await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((&end["end"], &end["last_line"]), (&json!("maintenance"), &json!(number)));
    assert_eq!(api.count("transfer").await, number);
}

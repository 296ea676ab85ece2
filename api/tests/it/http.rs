//! What holds for every request.

use std::time::{Duration, Instant};

use api::{Config, Limits};
use embedded::testing::TestDatabase;
use reqwest::Method;
use serde_json::json;

use crate::support::{Api, config};

#[tokio::test]
async fn a_correlation_id_is_echoed_or_made() {
    let api = Api::start().await;
    let answer =
        api.send(Method::GET, "/health/live", &[("x-correlation-id", "order-7")], "").await;
    assert_eq!(answer.header("x-correlation-id"), Some("order-7"));
    let answer = api.get("/health/live").await;
    assert!(uuid::Uuid::try_parse(answer.header("x-correlation-id").unwrap()).is_ok());
    let answer = api.send(Method::GET, "/nowhere", &[("x-correlation-id", "order-8")], "").await;
    answer.assert_problem(404, "route_not_found");
    assert_eq!(answer.body["correlation_id"], "order-8");
    assert_eq!(answer.body["instance"], "/nowhere");
}

#[tokio::test]
async fn correlation_id_and_traceparent_go_along_with_the_transfer() {
    let api = Api::start().await;
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    let body = json!({
        "source_wallet_id": alice, "destination_wallet_id": bob, "amount_minor": 1, "currency": "EUR",
    });
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (key, sent, kept) in [("k1", parent, Some(parent)), ("k2", "nonsense", None)] {
        let headers =
            [("idempotency-key", key), ("x-correlation-id", "c-9"), ("traceparent", sent)];
        let answer = api.post("/v1/transfers", &headers, &body).await;
        assert_eq!((answer.status, answer.text("/correlation_id")), (202, "c-9"));
        let row: (Option<String>, Option<String>) = sqlx::query_as(
            "SELECT correlation_id, traceparent FROM saga_open WHERE transfer_id = $1::uuid",
        )
        .bind(answer.text("/id"))
        .fetch_one(&api.pool)
        .await
        .unwrap();
        assert_eq!(row, (Some("c-9".to_owned()), kept.map(ToOwned::to_owned)));
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let api = Api::start().await;
    let answer = api.send(Method::DELETE, "/v1/wallets", &[], "").await;
    answer.assert_problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("GET,HEAD,POST"));
}

#[tokio::test]
async fn the_public_address_knows_no_operator_path() {
    let api = Api::start().await;
    let url = format!("{}/admin/v1/ledger/check", api.public);
    assert_eq!(api.client.get(url).send().await.unwrap().status(), 404);
    let url = format!("{}/v1/wallets", api.admin);
    assert_eq!(api.client.get(url).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn ready_means_that_the_database_answers_and_is_migrated() {
    let api = Api::start().await;
    assert_eq!(api.get("/health/live").await.status, 200);
    let answer = api.get("/health/ready").await;
    assert_eq!((answer.status, answer.text("/status")), (200, "ready"));
    api.sql(
        "DELETE FROM seaql_migrations WHERE version = (SELECT max(version) FROM seaql_migrations)",
    )
    .await;
    // What was found is said again for a moment.
    let mut answer = api.get("/health/ready").await;
    let deadline = Instant::now() + Duration::from_secs(10);
    while answer.status == 200 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
        answer = api.get("/health/ready").await;
    }
    answer.assert_problem(503, "not_ready");
}

#[tokio::test]
async fn the_newest_migration_is_the_one_that_ready_asks_for() {
    let api = Api::start().await;
    let migrations = migration::status(&api.database_url).await.unwrap();
    assert_eq!(migrations.last().unwrap().0, store::health::NEWEST_MIGRATION);
}

#[tokio::test]
async fn without_a_database_the_answer_is_503_and_says_when_to_come_back() {
    // A port on which nobody listens.
    let config: Config = config("postgres://nobody@127.0.0.1:1/none");
    let api = Api::start_with(config).await;
    assert_eq!(api.get("/health/live").await.status, 200);
    api.get("/health/ready").await.assert_problem(503, "not_ready");
    let id = uuid::Uuid::now_v7();
    let body = json!({ "owner_id": "alice", "currency": "EUR" });
    let (one, other) = (id.to_string(), uuid::Uuid::now_v7().to_string());
    let path = format!("/v1/wallets/{id}");
    // Each waits as long as the pool does, so all at once.
    let answers = tokio::join!(
        api.get(&path),
        api.get("/v1/transfers"),
        api.post("/v1/wallets", &[], &body),
        api.transfer(&one, &other, 1),
    );
    for answer in [answers.0, answers.1, answers.2, answers.3] {
        answer.assert_problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
}

#[tokio::test]
async fn too_much_waiting_work_closes_the_door() {
    let db = TestDatabase::create().await.unwrap();
    let limits = Limits { runnable_max: 1, ..Limits::default() };
    let api = Api::start_with(Config { limits, ..config(db.url()) }).await;
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    assert_eq!(api.transfer(&alice, &bob, 1).await.status, 202);
    let mut answer = api.transfer(&alice, &bob, 1).await;
    for _ in 0..100 {
        if answer.status != 202 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        answer = api.transfer(&alice, &bob, 1).await;
    }
    answer.assert_problem(503, "overloaded");
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn connections_that_the_database_closed_are_replaced() {
    let api = Api::start().await;
    let alice = api.wallet("alice", "EUR").await;
    for _ in 0..3 {
        api.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
        assert_eq!(api.get(&format!("/v1/wallets/{alice}")).await.status, 200);
        assert_eq!(api.get("/v1/transfers").await.status, 200);
        let bob = api.wallet("bob", "EUR").await;
        assert_eq!(api.transfer(&alice, &bob, 1).await.status, 202);
    }
}

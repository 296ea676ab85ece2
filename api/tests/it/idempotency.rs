//! A key stands for one transfer, however often it comes.

use std::collections::BTreeSet;
use std::sync::Arc;

use reqwest::Method;
use serde_json::json;

use crate::support::Api;

#[tokio::test]
async fn the_same_request_again_gets_the_same_transfer() {
    let api = Api::start().await;
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    let body = json!({
        "source_wallet_id": alice, "destination_wallet_id": bob, "amount_minor": 250,
        "currency": "EUR", "reference": "rent", "metadata": {"month": 11},
    });
    let key = [("idempotency-key", "k-1")];
    let first = api.post("/v1/transfers", &key, &body).await;
    assert_eq!(first.status, 202);
    assert_eq!(first.header("idempotent-replayed"), None);
    let id = first.text("/id").to_owned();
    assert_eq!(first.header("location"), Some(format!("/v1/transfers/{id}").as_str()));

    let again = api.post("/v1/transfers", &key, &body).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (202, Some("true")));
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(api.get(&format!("/v1/transfers/{id}")).await.body, first.body);

    api.sql("UPDATE transfer SET status = 'rejected', failure_class = 'rejected',
             failure_code = 'insufficient_funds', failure_detail = 'Too little.', updated_at = now();
             INSERT INTO saga_step SELECT id, 1, 'place_hold', false, 1, 'rejected',
             'insufficient_funds', 'Too little.', now() FROM transfer")
        .await;
    let later = api.post("/v1/transfers", &key, &body).await;
    assert_eq!((later.status, later.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(later.text("/status"), "rejected");
    assert_eq!(later.text("/failure/code"), "insufficient_funds");
    assert_eq!(later.text("/steps/0/outcome"), "rejected");
    assert_eq!(later.text("/steps/0/step"), "place_hold");

    let found = api.get("/v1/transfers?idempotency_key=k-1").await;
    assert_eq!(found.text("/items/0/id"), id);
    assert_eq!(found.body["items"].as_array().unwrap().len(), 1);
    let filtered = api.get("/v1/transfers?idempotency_key=k-1&status=settled").await;
    assert_eq!(filtered.body["items"], json!([]));
    let unknown = api.get("/v1/transfers?idempotency_key=k-2").await;
    assert_eq!(unknown.body, json!({ "items": [], "next_cursor": null }));
}

#[tokio::test]
async fn a_key_with_another_body_is_refused() {
    let api = Api::start().await;
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    let body = json!({
        "source_wallet_id": alice, "destination_wallet_id": bob, "amount_minor": 250, "currency": "EUR",
    });
    let key = [("idempotency-key", "k-1")];
    assert_eq!(api.post("/v1/transfers", &key, &body).await.status, 202);
    for (field, value) in [
        ("amount_minor", json!(251)),
        ("destination_wallet_id", json!(api.wallet("carol", "EUR").await)),
        ("reference", json!("rent")),
        ("metadata", json!({})),
    ] {
        let mut other = body.clone();
        other[field] = value;
        let answer = api.post("/v1/transfers", &key, &other).await;
        answer.assert_problem(422, "idempotency_key_reused");
    }
    let deposit = json!({ "wallet_id": bob, "amount_minor": 250, "currency": "EUR" });
    api.post("/v1/deposits", &key, &deposit).await.assert_problem(422, "idempotency_key_reused");
    let wallet = json!({ "owner_id": "dave", "currency": "EUR" });
    api.post("/v1/wallets", &key, &wallet).await.assert_problem(422, "idempotency_key_reused");
    assert_eq!(api.count("transfer").await, 1);
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    let api = Api::start().await;
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    let mut body = json!({
        "source_wallet_id": alice, "destination_wallet_id": bob, "amount_minor": 0, "currency": "EUR",
    });
    let key = [("idempotency-key", "k-1")];
    api.post("/v1/transfers", &key, &body).await.assert_problem(422, "amount_out_of_range");
    body["amount_minor"] = json!(5);
    assert_eq!(api.post("/v1/transfers", &key, &body).await.status, 202);
}

#[tokio::test]
async fn a_deposit_is_a_transfer_from_outside() {
    let api = Api::start().await;
    let alice = api.wallet("alice", "EUR").await;
    let body = json!({ "wallet_id": alice, "amount_minor": 900, "currency": "EUR", "reference": "salary" });
    let answer = api.post("/v1/deposits", &[("idempotency-key", "k")], &body).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.text("/kind"), "deposit");
    assert_eq!(answer.body["source_wallet_id"], json!(null));
    assert_eq!(answer.text("/destination_wallet_id"), alice);
    let read = api.get(answer.header("location").unwrap()).await;
    assert_eq!(read.body, answer.body);
}

#[tokio::test]
async fn one_of_64_identical_requests_makes_the_transfer() {
    let api = Arc::new(Api::start().await);
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    let body = json!({
        "source_wallet_id": alice, "destination_wallet_id": bob, "amount_minor": 1, "currency": "EUR",
    });
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (api, body) = (Arc::clone(&api), body.clone());
        requests.spawn(async move {
            api.post("/v1/transfers", &[("idempotency-key", "k")], &body).await
        });
    }
    let answers = requests.join_all().await;
    assert!(answers.iter().all(|answer| answer.status == 202), "{answers:?}");
    let ids: BTreeSet<_> = answers.iter().map(|answer| answer.text("/id").to_owned()).collect();
    assert_eq!(ids.len(), 1);
    let fresh = answers.iter().filter(|answer| answer.header("idempotent-replayed").is_none());
    assert_eq!(fresh.count(), 1);
    assert_eq!(api.count("transfer").await, 1);
    assert_eq!(api.count("saga_open").await, 1);
}

#[tokio::test]
async fn one_of_many_identical_requests_opens_the_wallet() {
    let api = Arc::new(Api::start().await);
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let api = Arc::clone(&api);
        let body = json!({ "owner_id": "alice", "currency": "EUR", "label": "main" });
        requests.spawn(
            async move { api.post("/v1/wallets", &[("idempotency-key", "w")], &body).await },
        );
    }
    let answers = requests.join_all().await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(201), count(200)), (1, 15), "{answers:?}");
    let ids: BTreeSet<_> = answers.iter().map(|answer| answer.text("/id").to_owned()).collect();
    assert_eq!(ids.len(), 1);
    let other = json!({ "owner_id": "alice", "currency": "USD" });
    let answer = api.post("/v1/wallets", &[("idempotency-key", "w")], &other).await;
    answer.assert_problem(422, "idempotency_key_reused");
    assert_eq!(api.count("wallet WHERE kind = 'customer'").await, 1);
    let answer = api.send(Method::GET, "/v1/transfers?idempotency_key=w", &[], "").await;
    assert_eq!(answer.body["items"], json!([]));
}

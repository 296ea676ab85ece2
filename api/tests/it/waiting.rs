//! `Prefer: wait`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Api;

const SETTLE: &str = "UPDATE transfer SET status = 'settled', updated_at = now(),
                      entry_id = '00000000-0000-7000-8000-000000000001'";

async fn parties(api: &Api) -> Value {
    json!({
        "source_wallet_id": api.wallet("alice", "EUR").await,
        "destination_wallet_id": api.wallet("bob", "EUR").await,
        "amount_minor": 1, "currency": "EUR",
    })
}

#[tokio::test]
async fn who_waits_gets_the_outcome_when_it_comes() {
    let api = Api::start().await;
    let body = parties(&api).await;
    let headers = [("idempotency-key", "k"), ("prefer", "wait=20")];
    let started = Instant::now();
    let settle = async {
        while api.count("transfer").await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        api.sql(SETTLE).await;
    };
    let (answer, ()) = tokio::join!(api.post("/v1/transfers", &headers, &body), settle);
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!((answer.status, answer.text("/status")), (200, "settled"));
    assert_eq!(answer.header("preference-applied"), Some("wait=20"));
    assert_eq!(answer.header("idempotent-replayed"), None);
    // Again: the outcome is there, so nobody waits.
    let again = api.post("/v1/transfers", &headers, &body).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
}

#[tokio::test]
async fn a_stuck_transfer_is_an_outcome_too() {
    let api = Api::start().await;
    let body = parties(&api).await;
    assert_eq!(api.post("/v1/transfers", &[("idempotency-key", "k")], &body).await.status, 202);
    api.sql("UPDATE transfer SET status = 'stuck', failure_class = 'transient', failure_code = 'time_out',
             failure_detail = 'No answer.'")
        .await;
    let headers = [("idempotency-key", "k"), ("prefer", "wait=20")];
    let answer = api.post("/v1/transfers", &headers, &body).await;
    assert_eq!((answer.status, answer.text("/status")), (200, "stuck"));
}

#[tokio::test]
async fn who_has_waited_long_enough_gets_202() {
    let api = Api::start().await;
    let body = parties(&api).await;
    let started = Instant::now();
    let headers = [("idempotency-key", "k"), ("prefer", "respond-async, wait=1")];
    let answer = api.post("/v1/transfers", &headers, &body).await;
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!((answer.status, answer.text("/status")), (202, "accepted"));
    assert_eq!(answer.header("preference-applied"), Some("wait=1"));
}

#[tokio::test]
async fn a_stop_sends_home_who_waits() {
    let mut api = Api::start().await;
    let body = parties(&api).await;
    let stop = api.stop.take().unwrap();
    let started = Instant::now();
    let headers = [("idempotency-key", "k"), ("prefer", "wait=20")];
    let stopping = async {
        while api.count("transfer").await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.send(()).unwrap();
    };
    let (answer, ()) = tokio::join!(api.post("/v1/transfers", &headers, &body), stopping);
    assert_eq!(answer.status, 202);
    assert!(started.elapsed() < Duration::from_secs(10));
    drop(api.client);
    api.serving.await.unwrap();
}

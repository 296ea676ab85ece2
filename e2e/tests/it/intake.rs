//! The intake of real API processes: neighbours in a batch, and one key at two processes.

use std::collections::HashSet;

use domain::ids::WalletId;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::support::process::Process;
use crate::support::{World, http_client};

/// Sends one transfer and returns status and body.
async fn send(
    http: &Client,
    api: &Process,
    wallets: &[WalletId],
    key: &str,
    reference: &str,
) -> (StatusCode, Value) {
    let address = api.address.as_deref().expect("an API");
    let body = json!({
        "source_wallet_id": wallets[0], "destination_wallet_id": wallets[1],
        "amount_minor": 1, "currency": "EUR", "reference": reference,
    });
    let request = http.post(format!("http://{address}/v1/transfers"));
    let response = request.header("Idempotency-Key", key).json(&body).send().await;
    let response = response.expect("an answer");
    (response.status(), response.json().await.expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_that_the_database_refuses_does_not_fail_its_neighbours() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    sqlx::raw_sql(
        "CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'not this one' USING ERRCODE = '22023'; END $$;
         CREATE TRIGGER refuse_poison BEFORE INSERT ON transfer
         FOR EACH ROW WHEN (NEW.reference = 'poison') EXECUTE FUNCTION refuse_poison();",
    )
    .execute(&world.reads)
    .await
    .expect("a trigger");
    let (http, api) = (http_client(), Process::api(&world.url, "127.0.0.1:0"));
    let requests = (0..64).map(|index| {
        let (http, api, wallets) = (&http, &api, &wallets);
        let reference = if index == 31 { "poison" } else { "good" };
        async move { send(http, api, wallets, &format!("key-{index}"), reference).await }
    });
    let answers = futures::future::join_all(requests).await;
    for (index, (status, body)) in answers.iter().enumerate() {
        let expected =
            if index == 31 { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::ACCEPTED };
        assert_eq!(*status, expected, "request {index}: {body}");
    }
    assert_eq!(world.count("SELECT count(*) FROM transfer WHERE reference = 'good'").await, 63);
    assert_eq!(world.count("SELECT count(*) FROM transfer WHERE reference = 'poison'").await, 0);
    // Nothing of it was written: the same key may stand for another command.
    let (status, _) = send(&http, &api, &wallets, "key-31", "good").await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert!(api.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_sent_to_two_processes_at_once_makes_one_transfer() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    let apis = [(); 2].map(|()| Process::api(&world.url, "127.0.0.1:0"));
    let http = http_client();
    let requests =
        (0..64).map(|index: usize| send(&http, &apis[index % 2], &wallets, "once", "same"));
    let answers = futures::future::join_all(requests).await;
    assert!(answers.iter().all(|(status, _)| *status == StatusCode::ACCEPTED), "{answers:?}");
    let ids: HashSet<&str> = answers.iter().filter_map(|(_, body)| body["id"].as_str()).collect();
    assert_eq!(ids.len(), 1, "64 answers name one transfer");
    assert_eq!(world.count("SELECT count(*) FROM transfer WHERE reference = 'same'").await, 1);
    assert!(apis.into_iter().all(Process::stop));
}

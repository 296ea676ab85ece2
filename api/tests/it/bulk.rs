//! `POST /v1/transfers/bulk`.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::{Config, Limits};
use embedded::testing::TestDatabase;
use serde_json::{Value, json};

use crate::support::{Answer, Api, config};

const PATH: &str = "/v1/transfers/bulk";

/// A command between two wallets.
fn command(key: &str, ends: [&str; 2], amount_minor: i64) -> Value {
    json!({
        "idempotency_key": key, "source_wallet_id": ends[0], "destination_wallet_id": ends[1],
        "amount_minor": amount_minor, "currency": "EUR",
    })
}

fn commands(prefix: &str, ends: [&str; 2], count: usize) -> Vec<Value> {
    (0..count).map(|index| command(&format!("{prefix}-{index}"), ends, 1)).collect()
}

async fn send(api: &Api, mode: &str, transfers: &[Value]) -> Answer {
    api.post(PATH, &[], &json!({ "mode": mode, "transfers": transfers })).await
}

/// The valid command, changed in one field; null takes the field away.
fn changed(valid: &Value, field: &str, value: Value) -> Value {
    let mut command = valid.clone();
    if value.is_null() {
        command.as_object_mut().unwrap().remove(field);
    } else {
        command[field] = value;
    }
    command
}

/// What each command was told: its status, or the code of its problem. The positions must be right.
#[track_caller]
fn told(answer: &Answer) -> Vec<&str> {
    let answers = answer.body["answers"].as_array().unwrap();
    answers
        .iter()
        .enumerate()
        .map(|(index, one)| {
            assert_eq!(one["index"], index);
            let status = one["status"].as_str().unwrap();
            assert_eq!(status == "refused", one["transfer"].is_null(), "{one}");
            assert_eq!(status == "refused", !one["problem"].is_null(), "{one}");
            one["problem"]["code"].as_str().unwrap_or(status)
        })
        .collect()
}

#[tokio::test]
async fn each_command_of_an_independent_request_stands_for_itself() {
    let api = Api::start().await;
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    let carol = api.wallet("carol", "USD").await;
    let valid = command("k", [&alice, &bob], 250);
    let unknown = uuid::Uuid::now_v7().to_string();
    let with_key = |key: &str, field: &str, value: Value| {
        changed(&changed(&valid, "idempotency_key", json!(key)), field, value)
    };
    let transfers = [
        with_key("a", "reference", json!("first")),
        with_key("b", "amount_minor", json!(0)),
        with_key("c", "source_wallet_id", json!(unknown)),
        with_key("d", "destination_wallet_id", json!(carol)),
        with_key("e", "amount_minor", Value::Null),
        with_key("f", "amount_minor", json!("250")),
        with_key("g", "destination_wallet_id", json!(alice)),
        with_key("h", "currency", json!("XYZ")),
        with_key("i", "colour", json!("red")),
        with_key("not a key", "reference", json!("x")),
        changed(&valid, "idempotency_key", Value::Null),
        json!(5),
        with_key("a", "reference", json!("first")),
        with_key("a", "reference", json!("second")),
        with_key("b", "amount_minor", json!(7)),
    ];
    let answer = send(&api, "independent", &transfers).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        told(&answer),
        [
            "accepted",
            "amount_out_of_range",
            "wallet_not_found",
            "currency_mismatch",
            "invalid_body",
            "invalid_body",
            "same_wallet",
            "currency_unknown",
            "invalid_body",
            "idempotency_key_invalid",
            "invalid_body",
            "invalid_body",
            "replayed",
            "idempotency_key_reused",
            "accepted",
        ]
    );
    let counts = ["accepted", "replayed", "refused"].map(|name| answer.body[name].clone());
    assert_eq!(counts, [json!(2), json!(1), json!(12)]);
    assert_eq!(answer.text("/answers/12/transfer/id"), answer.text("/answers/0/transfer/id"));
    assert_eq!(answer.text("/answers/4/problem/errors/0/field"), "amount_minor");
    assert_eq!(answer.text("/answers/10/problem/errors/0/field"), "idempotency_key");
    let correlation_id = answer.header("x-correlation-id").unwrap();
    assert_eq!(answer.text("/answers/1/problem/correlation_id"), correlation_id);

    let first = api.get(&format!("/v1/transfers/{}", answer.text("/answers/0/transfer/id"))).await;
    let mut shown = first.body.clone();
    shown.as_object_mut().unwrap().remove("steps");
    assert_eq!(shown, answer.body["answers"][0]["transfer"], "as in lists");
    assert_eq!(first.text("/correlation_id"), correlation_id);
    assert_eq!(api.count("transfer").await, 2);
    assert_eq!(api.count("saga_open WHERE bulk").await, 2);
    assert_eq!(api.count("apalis.jobs WHERE priority = -1").await, 1);
}

#[tokio::test]
async fn a_field_that_is_given_twice_is_refused_in_one_command_alone() {
    let api = Api::start().await;
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    let twice =
        command("a", [&alice, &bob], 1).to_string().replacen('{', "{\"amount_minor\":9,", 1);
    let good = command("b", [&alice, &bob], 1);
    let body = format!("{{\"mode\":\"independent\",\"transfers\":[{twice},{good}]}}");
    let json = [("content-type", "application/json")];
    let answer = api.send(reqwest::Method::POST, PATH, &json, body).await;
    assert_eq!(told(&answer), ["invalid_body", "accepted"]);
    assert_eq!(answer.text("/answers/0/problem/detail"), "amount_minor: is given twice");
}

#[tokio::test]
async fn of_all_or_nothing_one_bad_command_refuses_all_and_uses_no_key() {
    let api = Api::start().await;
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    let ends = [alice.as_str(), bob.as_str()];
    let body = json!({
        "source_wallet_id": alice, "destination_wallet_id": bob, "amount_minor": 1, "currency": "EUR",
    });
    let used = api.post("/v1/transfers", &[("idempotency-key", "used")], &body).await;
    assert_eq!(used.status, 202);
    let (one, two) = (command("one", ends, 5), command("two", ends, 6));
    let unknown = uuid::Uuid::now_v7().to_string();
    for (bad, code) in [
        (changed(&two, "amount_minor", json!(-1)), "amount_out_of_range"),
        (changed(&two, "source_wallet_id", json!(unknown)), "wallet_not_found"),
        (changed(&two, "amount_minor", Value::Null), "invalid_body"),
        (command("used", ends, 2), "idempotency_key_reused"),
        (changed(&one, "amount_minor", json!(6)), "idempotency_key_reused"),
    ] {
        let answer = send(&api, "all_or_nothing", &[one.clone(), bad, two.clone()]).await;
        answer.assert_problem(422, "bulk_refused");
        assert_eq!(told(&answer), ["bulk_refused", code, "bulk_refused"]);
    }
    assert_eq!(api.count("transfer").await, 1, "only the one before");
    assert_eq!(api.count("idempotency_key").await, 1, "no key was used");

    // The key of the one before, with the same fields: its transfer is as good as a new one.
    let transfers = [one, command("used", ends, 1), two];
    let answer = send(&api, "all_or_nothing", &transfers).await;
    assert_eq!((answer.status, told(&answer)), (200, vec!["accepted", "replayed", "accepted"]));
    let again = send(&api, "all_or_nothing", &transfers).await;
    assert_eq!((again.status, told(&again)), (200, vec!["replayed"; 3]));
    assert_eq!(again.body["answers"][0]["transfer"], answer.body["answers"][0]["transfer"]);
    assert_eq!(api.count("transfer").await, 3);
}

#[tokio::test]
async fn a_thousand_commands_are_accepted_in_one_transaction() {
    let api = Api::start().await;
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    let transfers = commands("k", [&alice, &bob], 1_000);
    let answer = send(&api, "all_or_nothing", &transfers).await;
    assert_eq!((answer.status, &answer.body["accepted"]), (200, &json!(1_000)));
    assert!(told(&answer).iter().all(|status| *status == "accepted"));
    assert_eq!(api.count("(SELECT DISTINCT xmin::text FROM transfer) AS t").await, 1);
    assert_eq!(api.count("apalis.jobs WHERE priority = -1").await, 63, "16 transfers each");
    // One more is too many, and so is none.
    let more = commands("m", [&alice, &bob], 1_001);
    for transfers in [&more[..], &[]] {
        let answer = send(&api, "independent", transfers).await;
        answer.assert_problem(422, "invalid_body");
        assert_eq!(answer.text("/errors/0/field"), "transfers");
    }
    let long = vec![changed(&more[0], "reference", json!("x".repeat(4 * 1024 * 1024)))];
    send(&api, "independent", &long).await.assert_problem(413, "body_too_large");
    send(&api, "sometimes", &more[..1]).await.assert_problem(422, "invalid_body");
    assert_eq!(api.count("transfer").await, 1_000);
}

#[tokio::test]
async fn a_request_that_comes_again_shows_how_its_transfers_stand_now() {
    let api = Api::start().await;
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    let transfers = commands("k", [&alice, &bob], 3);
    assert_eq!(send(&api, "independent", &transfers).await.status, 200);
    api.sql(
        "UPDATE transfer SET status = 'settled', updated_at = now(),
         entry_id = '00000000-0000-7000-8000-000000000001'",
    )
    .await;
    let answer = send(&api, "independent", &transfers).await;
    assert_eq!(told(&answer), ["replayed"; 3]);
    for index in 0..3 {
        assert_eq!(answer.text(&format!("/answers/{index}/transfer/status")), "settled");
    }
}

#[tokio::test]
async fn the_same_request_from_many_clients_at_once_makes_each_transfer_once() {
    for mode in ["independent", "all_or_nothing"] {
        let api = Arc::new(Api::start().await);
        let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
        let mut requests = tokio::task::JoinSet::new();
        for client in 0..6 {
            let (api, mut transfers) = (Arc::clone(&api), commands("k", [&alice, &bob], 400));
            // Not even in the same order.
            transfers.rotate_left(client * 61);
            requests.spawn(async move { send(&api, mode, &transfers).await });
        }
        let answers = requests.join_all().await;
        let (mut ids, mut accepted) = (BTreeSet::new(), 0);
        for answer in &answers {
            assert_eq!((answer.status, &answer.body["refused"]), (200, &json!(0)), "{answer:?}");
            accepted += answer.body["accepted"].as_u64().unwrap();
            let answers = answer.body["answers"].as_array().unwrap();
            ids.extend(answers.iter().map(|one| one["transfer"]["id"].to_string()));
        }
        assert_eq!((ids.len(), accepted), (400, 400), "{mode}");
        assert_eq!(api.count("transfer").await, 400);
        assert_eq!(api.count("saga_open").await, 400);
    }
}

#[tokio::test]
async fn bulk_work_that_waits_does_not_close_the_door_of_single_transfers() {
    let db = TestDatabase::create().await.unwrap();
    let limits = Limits { runnable_max: 40, bulk_percent: 50, ..config(db.url()).limits };
    let api = Api::start_with(Config { limits, ..config(db.url()) }).await;
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    let ends = [alice.as_str(), bob.as_str()];
    assert_eq!(send(&api, "independent", &commands("a", ends, 100)).await.status, 200);
    // More than the cap of all, and twice what bulk work may be: that door is closed.
    let answer = send(&api, "independent", &commands("b", ends, 1)).await;
    answer.assert_problem(503, "overloaded");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(api.transfer(&alice, &bob, 1).await.status, 202, "this one is not");
    // And it opens again.
    api.sql("UPDATE saga_open SET due_at = now() + interval '1 h' WHERE bulk").await;
    assert_eq!(send(&api, "independent", &commands("b", ends, 1)).await.status, 200);
}

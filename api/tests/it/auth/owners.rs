//! An owner sees what is theirs, and sends from nothing else.

use reqwest::Method;
use serde_json::{Value, json};

use super::{CUSTOMER, Guarded, transfer};
use crate::support::Answer;

fn ids(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let items = answer.body["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_transfer_is_seen_by_both_ends_and_sent_by_the_source() {
    let guarded = Guarded::start().await;
    let people = ["alice", "bob", "carol"];
    let [alice, bob, carol] = people.map(|name| guarded.token(name, CUSTOMER));
    let (from, to) = (guarded.wallet("alice").await, guarded.wallet("bob").await);
    guarded.wallet("carol").await;

    let sent = guarded.post(&alice, "/v1/transfers", &transfer(&from, &to)).await;
    assert_eq!(sent.status, 202, "{sent:?}");
    let path = format!("/v1/transfers/{}", sent.text("/id"));
    for token in [&alice, &bob] {
        assert_eq!(guarded.get(token, &path).await.status, 200);
    }
    guarded.get(&carol, &path).await.assert_problem(404, "transfer_not_found");

    // Bob cannot send alice's money, in the same words as from a wallet that is not there.
    let stolen = guarded.post(&bob, "/v1/transfers", &transfer(&from, &to)).await;
    stolen.assert_problem(404, "wallet_not_found");
    let nowhere = transfer("01a1fbb4-2655-75eb-986a-09c3fb00afa6", &to);
    let unknown = guarded.post(&bob, "/v1/transfers", &nowhere).await;
    assert_eq!(stolen.body["detail"], unknown.body["detail"]);
    assert_eq!(stolen.body["errors"], unknown.body["errors"]);
    // The payee decides nothing about it, though they see it.
    for (act, body) in [("capture", json!({})), ("void", json!({"reason": "no"}))] {
        let act = format!("{path}/{act}");
        guarded.post(&bob, &act, &body).await.assert_problem(403, "forbidden");
        guarded.post(&alice, &act, &body).await.assert_problem(409, "hold_not_open");
        guarded.post(&carol, &act, &body).await.assert_problem(404, "transfer_not_found");
    }
    // A reversal is paid by whoever got the money.
    let reverse = format!("{path}/reverse");
    guarded.post(&alice, &reverse, &json!({})).await.assert_problem(403, "forbidden");
    guarded.post(&bob, &reverse, &json!({})).await.assert_problem(409, "not_reversible");
}

#[tokio::test]
async fn why_a_transfer_failed_is_for_whoever_sends() {
    let guarded = Guarded::start().await;
    let [alice, bob] = ["alice", "bob"].map(|name| guarded.token(name, CUSTOMER));
    let (from, to) = (guarded.wallet("alice").await, guarded.wallet("bob").await);
    let sent = guarded.post(&alice, "/v1/transfers", &transfer(&from, &to)).await;
    let path = format!("/v1/transfers/{}", sent.text("/id"));
    let why = "failure_class = 'rejected', failure_code = 'limit_exceeded', failure_detail = 'Owner limit: 12.34 EUR are left.'";
    guarded
        .api
        .sql(&format!(
            "UPDATE transfer SET status = 'rejected', {why};
             INSERT INTO saga_step (transfer_id, seq, step, undo, attempt, outcome, failure_code, failure_detail, at)
             SELECT id, 1, 'screen', false, 1, 'rejected', failure_code, failure_detail, now() FROM transfer"
        ))
        .await;
    let read = async |token: &str, path: &str| {
        let request = guarded.api.client.get(format!("{}{path}", guarded.api.public));
        let answer = request.bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    };
    for path in [path.as_str(), "/v1/transfers", &format!("{path}/events")] {
        let (hers, his) = (read(&alice, path).await, read(&bob, path).await);
        assert!(hers.contains("12.34") && his.contains("rejected"), "{path}: {hers}");
        assert!(!his.contains("12.34") && !his.contains("limit_exceeded"), "{path}: {his}");
    }
}

#[tokio::test]
async fn lists_hold_what_is_the_callers() {
    let guarded = Guarded::start().await;
    let [alice, bob] = ["alice", "bob"].map(|name| guarded.token(name, CUSTOMER));
    let admin = guarded.token("root", "wallet:read wallet:admin");
    let (first, second) = (guarded.wallet("alice").await, guarded.wallet("alice").await);
    let bobs = guarded.wallet("bob").await;
    let mut sent = Vec::new();
    for (token, source, destination) in
        [(&alice, &first, &second), (&alice, &second, &bobs), (&bob, &bobs, &first)]
    {
        let answer = guarded.post(token, "/v1/transfers", &transfer(source, destination)).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        sent.insert(0, answer.text("/id").to_owned());
    }

    let own = guarded.get(&alice, "/v1/wallets").await;
    assert_eq!(ids(&own), [second.as_str(), &first]);
    assert!(ids(&guarded.get(&alice, "/v1/wallets?owner_id=bob").await).is_empty());
    assert_eq!(ids(&guarded.get(&alice, "/v1/wallets?owner_id=alice").await).len(), 2);
    assert_eq!(ids(&guarded.get(&admin, "/v1/wallets").await).len(), 3);
    assert_eq!(ids(&guarded.get(&admin, "/v1/wallets?owner_id=bob").await), [&bobs]);

    // Each once, though the transfer between two of her wallets is found twice.
    assert_eq!(ids(&guarded.get(&alice, "/v1/transfers").await), sent);
    assert_eq!(ids(&guarded.get(&bob, "/v1/transfers").await), sent[..2]);
    assert_eq!(ids(&guarded.get(&bob, "/v1/transfers?status=accepted").await), sent[..2]);
    let page = guarded.get(&alice, "/v1/transfers?limit=2").await;
    assert_eq!(ids(&page), sent[..2]);
    let next = format!("/v1/transfers?limit=2&cursor={}", page.text("/next_cursor"));
    assert_eq!(ids(&guarded.get(&alice, &next).await), sent[2..]);
    let of_bob = format!("/v1/transfers?wallet_id={bobs}");
    guarded.get(&alice, &of_bob).await.assert_problem(404, "wallet_not_found");
    assert_eq!(ids(&guarded.get(&admin, "/v1/transfers").await), sent);
    let stranger = guarded.token("carol", CUSTOMER);
    assert!(ids(&guarded.get(&stranger, "/v1/transfers").await).is_empty());
}

#[tokio::test]
async fn an_owner_of_many_wallets_names_the_one_whose_transfers_they_want() {
    let guarded = Guarded::start().await;
    let mut last = String::new();
    for _ in 0..26 {
        last = guarded.wallet("merchant").await;
    }
    let token = guarded.token("merchant", CUSTOMER);
    let answer = guarded.get(&token, "/v1/transfers").await;
    answer.assert_problem(400, "invalid_parameter");
    assert_eq!(answer.body["errors"][0]["field"], "wallet_id");
    let one = format!("/v1/transfers?wallet_id={last}");
    assert!(ids(&guarded.get(&token, &one).await).is_empty());
}

#[tokio::test]
async fn of_many_commands_only_those_from_own_wallets_are_taken() {
    let guarded = Guarded::start().await;
    let (own, other) = (guarded.wallet("alice").await, guarded.wallet("bob").await);
    let alice = guarded.token("alice", CUSTOMER);
    let command = |key: &str, source: &str, destination: &str| {
        let mut command = transfer(source, destination);
        command["idempotency_key"] = json!(key);
        command
    };
    let commands = [command("a", &own, &other), command("b", &other, &own)];
    let body = json!({ "mode": "independent", "transfers": commands });
    let answer = guarded.post(&alice, "/v1/transfers/bulk", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["answers"][0]["status"], "accepted");
    assert_eq!(answer.body["answers"][1]["problem"]["code"], "wallet_not_found");

    let lines = [command("c", &other, &own), command("d", &own, &other)];
    let lines: String = lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect();
    let bearer = format!("Bearer {alice}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/x-ndjson")];
    let request = guarded.api.client.post(format!("{}/v1/transfers/stream", guarded.api.public));
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answers = request.body(lines).send().await.unwrap().text().await.unwrap();
    let answers: Vec<Value> =
        answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers[0]["problem"]["code"], "wallet_not_found", "{answers:?}");
    assert_eq!(answers[1]["status"], "accepted", "{answers:?}");
}

#[tokio::test]
async fn idempotency_keys_of_two_callers_never_meet() {
    let guarded = Guarded::start().await;
    let (one, other) = (guarded.wallet("alice").await, guarded.wallet("bob").await);
    let send = async |subject: &str, source: &str, destination: &str| {
        let bearer = format!("Bearer {}", guarded.token(subject, CUSTOMER));
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", "same"),
        ];
        let body = transfer(source, destination).to_string();
        guarded.api.send(Method::POST, "/v1/transfers", &headers, body).await
    };
    let first = send("alice", &one, &other).await;
    let second = send("bob", &other, &one).await;
    assert_eq!((first.status, second.status), (202, 202));
    assert_ne!(first.text("/id"), second.text("/id"));
    // Another token of the same subject is the same caller.
    let again = send("alice", &one, &other).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.text("/id"), first.text("/id"));

    let alice = guarded.token("alice", CUSTOMER);
    let found = guarded.get(&alice, "/v1/transfers?idempotency_key=same").await;
    assert_eq!(ids(&found), [first.text("/id")]);
    let viewer = guarded.api.token("vera", domain::operator::OperatorRole::Viewer).await;
    let list = "/admin/v1/transfers?idempotency_key=same";
    guarded.get(&viewer, list).await.assert_problem(400, "invalid_parameter");
    let found = guarded.get(&viewer, &format!("{list}&caller=sub:bob")).await;
    assert_eq!(ids(&found), [second.text("/id")]);
}

//! Keys of machines: made, used, ended.

use std::time::Duration;

use domain::operator::OperatorRole;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{CUSTOMER, Guarded};
use crate::support::ndjson::Stream;

#[tokio::test]
async fn a_key_is_shown_once_and_does_what_its_scopes_say() {
    let guarded = Guarded::start().await;
    let wallet = guarded.wallet("alice").await;
    let made = guarded.key(&["wallet:deposit"]).await;
    let key = made.text("/key");
    let id = made.text("/api_key/id");
    assert!(key.starts_with(&format!("hf_live_{}_", id.replace('-', ""))), "{key}");
    assert_eq!(made.header("cache-control"), Some("no-store"));
    assert_eq!(made.header("location"), Some(format!("/admin/v1/api-keys/{id}").as_str()));

    let deposit = json!({ "wallet_id": wallet, "amount_minor": 5, "currency": "EUR" });
    assert_eq!(guarded.post(key, "/v1/deposits", &deposit).await.status, 202);
    guarded.get(key, "/v1/wallets").await.assert_problem(403, "forbidden");
    guarded.get(key, "/admin/v1/me").await.assert_problem(401, "operator_unknown");
    let caller: String = sqlx::query_scalar("SELECT caller FROM transfer")
        .fetch_one(&guarded.api.pool)
        .await
        .unwrap();
    assert_eq!(caller, format!("key:{id}"));

    let stored: i64 =
        sqlx::query_scalar("SELECT count(*) FROM api_key WHERE strpos(api_key::text, $1) > 0")
            .bind(key.rsplit('_').next())
            .fetch_one(&guarded.api.pool)
            .await
            .unwrap();
    assert_eq!(stored, 0, "the secret itself is nowhere");
    let viewer = guarded.api.token("vera", OperatorRole::Viewer).await;
    let list = guarded.get(&viewer, "/admin/v1/api-keys").await;
    assert_eq!(list.body["items"][0]["id"], id);
    assert!(!list.body.to_string().contains(key));
    assert_eq!(list.body["items"][0]["good"], true);
    // The use is noted aside.
    let path = format!("/admin/v1/api-keys/{id}");
    let deadline = Instant::now() + Duration::from_secs(10);
    while guarded.get(&viewer, &path).await.body["last_used_at"].is_null() {
        assert!(Instant::now() < deadline, "its use was never noted");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_wrong_secret_opens_nothing_even_with_a_right_id() {
    let guarded = Guarded::start().await;
    let made = guarded.key(&["wallet:read"]).await;
    let key = made.text("/key");
    let (head, _) = key.rsplit_once('_').unwrap();
    for wrong in [format!("{head}_{}", "0".repeat(64)), format!("{head}_"), head.to_owned()] {
        let answer = guarded.get(&wrong, "/v1/wallets").await;
        answer.assert_problem(401, "unauthenticated");
        assert_eq!(answer.text("/detail"), "The API key is not known.");
    }
    assert_eq!(guarded.get(key, "/v1/wallets").await.status, 200);
}

#[tokio::test]
async fn a_revoked_key_is_refused_within_seconds_and_its_name_is_free() {
    let guarded = Guarded::start().await;
    let body = json!({ "name": "till", "scopes": ["wallet:read"], "reason": "a test" });
    let made = guarded.make_key(&body).await;
    let key = made.text("/key");
    guarded.make_key(&body).await.assert_problem(409, "api_key_exists");
    assert_eq!(guarded.get(key, "/v1/wallets").await.status, 200);

    let olga = guarded.api.token("olga", OperatorRole::Operator).await;
    let path = format!("/admin/v1/api-keys/{}/revoke", made.text("/api_key/id"));
    let reason = json!({ "reason": "lost" });
    let revoked = guarded.post(&olga, &path, &reason).await;
    assert_eq!(
        (&revoked.body["good"], &revoked.body["revoked_by"]),
        (&json!(false), &json!("olga"))
    );
    // The same again changes nothing.
    assert_eq!(guarded.post(&olga, &path, &reason).await.body, revoked.body);
    let began = Instant::now();
    loop {
        let answer = guarded.get(key, "/v1/wallets").await;
        if answer.status == 401 {
            assert_eq!(answer.text("/detail"), "The API key was revoked.");
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(6), "{answer:?}");
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(guarded.make_key(&body).await.status, 201);
    let nobody = "/admin/v1/api-keys/01a1fbb4-2655-75eb-986a-09c3fb00afa6";
    guarded.get(&olga, nobody).await.assert_problem(404, "api_key_not_found");
    let audit = guarded.get(&olga, "/admin/v1/audit").await;
    let acts: Vec<&Value> =
        audit.body["items"].as_array().unwrap().iter().map(|act| &act["action"]).collect();
    assert_eq!(acts, ["api_key.make", "api_key.revoke", "api_key.make"]);
}

#[tokio::test]
async fn what_a_key_has_opened_ends_when_it_is_revoked() {
    let guarded = Guarded::start().await;
    let made = guarded.key(&["wallet:write"]).await;
    let mut stream = Stream::open_as(&guarded.api, made.text("/key")).await;
    stream.send("one\n").await;
    assert_eq!(stream.line().await.unwrap()["problem"]["code"], "malformed_json");
    let olga = guarded.api.token("olga", OperatorRole::Operator).await;
    let path = format!("/admin/v1/api-keys/{}/revoke", made.text("/api_key/id"));
    assert_eq!(guarded.post(&olga, &path, &json!({ "reason": "lost" })).await.status, 200);
    // What is known of a key is known for seconds.
    let deadline = Instant::now() + Duration::from_secs(30);
    let end = loop {
        assert!(Instant::now() < deadline, "it goes on");
        stream.send("more\n").await;
        let line = stream.line().await.unwrap();
        if !line["end"].is_null() {
            break line;
        }
        sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(end["end"], "revoked", "{end}");
}

#[tokio::test]
async fn a_key_ends_by_itself() {
    let guarded = Guarded::start().await;
    let key = guarded.key(&["wallet:read"]).await.text("/key").to_owned();
    guarded
        .api
        .sql("UPDATE api_key SET created_at = now() - interval '2 days', expires_at = now()")
        .await;
    let answer = guarded.get(&key, "/v1/wallets").await;
    answer.assert_problem(401, "unauthenticated");
    assert_eq!(answer.text("/detail"), "The API key has expired.");
}

#[tokio::test]
async fn a_key_of_an_owner_is_a_customer() {
    let guarded = Guarded::start().await;
    let (own, other) = (guarded.wallet("alice").await, guarded.wallet("bob").await);
    let body = json!({
        "name": "alice's shop", "scopes": ["wallet:read"], "owner_id": "alice", "reason": "a test"
    });
    let made = guarded.make_key(&body).await;
    let key = made.text("/key");
    assert_eq!(guarded.get(key, &format!("/v1/wallets/{own}")).await.status, 200);
    let hidden = guarded.get(key, &format!("/v1/wallets/{other}")).await;
    hidden.assert_problem(404, "wallet_not_found");
    let everybody = guarded.key(&["wallet:read"]).await;
    for wallet in [&own, &other] {
        let answer = guarded.get(everybody.text("/key"), &format!("/v1/wallets/{wallet}")).await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn what_cannot_be_a_key_is_refused_field_by_field() {
    let guarded = Guarded::start().await;
    let good = json!({ "name": "a", "scopes": ["wallet:read"], "reason": "a test" });
    for (field, value, wrong) in [
        ("name", json!(""), "name"),
        ("name", json!("x".repeat(65)), "name"),
        ("scopes", json!([]), "scopes"),
        ("scopes", json!(["wallet:all"]), "scopes[0]"),
        ("reason", json!(""), "reason"),
        ("owner_id", json!(""), "owner_id"),
        ("expires_at", json!("2020-01-01T00:00:00Z"), "expires_at"),
        ("expires_at", json!("2099-01-01T00:00:00Z"), "expires_at"),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let answer = guarded.make_key(&body).await;
        answer.assert_problem(422, "invalid_body");
        assert_eq!(answer.body["errors"][0]["field"], wrong, "{value}: {answer:?}");
    }
    for scope in ["wallet:deposit", "wallet:admin"] {
        let mut body = good.clone();
        body["owner_id"] = json!("alice");
        body["scopes"] = json!([scope]);
        let answer = guarded.make_key(&body).await;
        answer.assert_problem(422, "invalid_body");
        assert_eq!(answer.body["errors"][0]["field"], "scopes");
    }
    let alice = guarded.token("alice", CUSTOMER);
    guarded
        .post(&alice, "/admin/v1/api-keys", &good)
        .await
        .assert_problem(403, "operator_not_allowed");
}

//! Limits over HTTP: who may set them, what is said, and what clients see of them.

use domain::operator::OperatorRole;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, Api};

const LIMITS: &str = "/admin/v1/limits";

fn of_wallet(wallet: &str, value: &Value) -> Value {
    json!({
        "scope": "wallet", "subject": wallet, "currency": "EUR", "period": "day",
        "unit": "amount", "value": value, "reason": "a new customer",
    })
}

fn of_owner(owner: &str) -> Value {
    json!({
        "scope": "owner", "subject": owner, "currency": "EUR", "period": "month",
        "unit": "count", "value": 5, "reason": "as agreed",
    })
}

impl Api {
    async fn put(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.as_operator(token, Method::PUT, path, &body.to_string()).await
    }

    async fn limits(&self, token: &str, query: &str) -> Vec<Value> {
        let path = format!("{LIMITS}{query}");
        let answer = self.as_operator(token, Method::GET, &path, "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["items"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn a_limit_is_set_seen_changed_and_taken_away() {
    let api = Api::start().await;
    let olga = api.token("olga", OperatorRole::Operator).await;
    let wallet = api.wallet("alice", "EUR").await;
    let other = api.wallet("bob", "EUR").await;
    let set = api.put(&olga, LIMITS, &of_wallet(&wallet, &json!(1_000))).await;
    assert_eq!(set.status, 200, "{set:?}");
    let limit = &set.body["limit"];
    assert_eq!(
        (&limit["value"], &limit["used"], &limit["left"]),
        (&json!(1_000), &json!(0), &json!(1_000))
    );
    assert_eq!((&limit["owner_id"], &limit["set_by"]), (&json!("alice"), &json!("olga")));
    assert_eq!(limit["time_zone"], "UTC");
    assert!(set.text("/limit/frees_at").ends_with("T00:00:00Z"), "{set:?}");
    assert_eq!(api.put(&olga, LIMITS, &of_owner("alice")).await.status, 200);
    // The same wallet in capitals is the same wallet.
    let again = api.put(&olga, LIMITS, &of_wallet(&wallet.to_uppercase(), &json!(900))).await;
    assert_eq!(
        (&again.body["limit"]["value"], &again.body["limit"]["id"]),
        (&json!(900), &limit["id"])
    );

    assert_eq!(api.limits(&olga, "").await.len(), 2);
    assert_eq!(api.limits(&olga, "?owner_id=alice").await.len(), 2);
    assert_eq!(api.limits(&olga, "?owner_id=bob").await.len(), 0);
    assert_eq!(api.limits(&olga, &format!("?wallet_id={wallet}")).await.len(), 2);
    assert_eq!(api.limits(&olga, &format!("?wallet_id={other}")).await.len(), 0);
    let first = api.as_operator(&olga, Method::GET, &format!("{LIMITS}?limit=1"), "").await;
    assert_eq!(first.body["items"][0]["scope"], "owner", "newest first");
    let next = format!("?limit=1&cursor={}", first.text("/next_cursor"));
    assert_eq!(api.limits(&olga, &next).await[0]["scope"], "wallet");

    let seen = api.get(&format!("/v1/wallets/{wallet}/limits")).await;
    assert_eq!(seen.status, 200, "{seen:?}");
    let items = seen.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    for item in items {
        for hidden in ["reason", "set_by", "subject", "id"] {
            assert!(item.get(hidden).is_none(), "{hidden} is not for clients: {item}");
        }
    }
    assert_eq!(api.get(&format!("/v1/wallets/{other}/limits")).await.body["items"], json!([]));

    let gone = api.put(&olga, LIMITS, &of_wallet(&wallet, &Value::Null)).await;
    assert_eq!((gone.status, &gone.body), (200, &json!({ "limit": null })));
    assert_eq!(api.limits(&olga, "").await.len(), 1);
}

#[tokio::test]
async fn a_wrong_limit_is_refused_with_the_field_that_is_wrong() {
    let api = Api::start().await;
    let olga = api.token("olga", OperatorRole::Operator).await;
    let wallet = api.wallet("alice", "EUR").await;
    let valid = of_wallet(&wallet, &json!(1));
    for (field, value, status, code) in [
        ("scope", json!("bank"), 422, "invalid_body"),
        ("subject", json!("alice"), 422, "invalid_body"),
        ("subject", json!(Uuid::now_v7()), 404, "wallet_not_found"),
        ("currency", json!("XYZ"), 422, "currency_unknown"),
        ("currency", json!("USD"), 422, "currency_mismatch"),
        ("period", json!("year"), 422, "invalid_body"),
        ("unit", json!("euros"), 422, "invalid_body"),
        ("value", json!(-1), 422, "invalid_body"),
        ("value", json!(9_007_199_254_740_992_i64), 422, "invalid_body"),
        ("value", json!(1.5), 422, "invalid_body"),
        ("reason", json!(" "), 422, "invalid_body"),
        ("colour", json!("red"), 422, "invalid_body"),
    ] {
        let mut body = valid.clone();
        body[field] = value;
        let answer = api.put(&olga, LIMITS, &body).await;
        answer.assert_problem(status, code);
        if status == 422 {
            assert_eq!(answer.text("/errors/0/field"), field, "{answer:?}");
        }
    }
    let mut forgotten = valid.clone();
    forgotten.as_object_mut().unwrap().remove("value");
    let answer = api.put(&olga, LIMITS, &forgotten).await;
    answer.assert_problem(422, "invalid_body");
    assert_eq!(answer.text("/errors/0/field"), "value", "nothing is taken away by forgetting");
    let mut each = valid;
    (each["period"], each["unit"]) = (json!("transfer"), json!("count"));
    let answer = api.put(&olga, LIMITS, &each).await;
    answer.assert_problem(422, "invalid_body");
    assert_eq!(answer.text("/errors/0/field"), "unit");
    let unknown = format!("{LIMITS}?wallet_id={}", Uuid::now_v7());
    let answer = api.as_operator(&olga, Method::GET, &unknown, "").await;
    answer.assert_problem(404, "wallet_not_found");
    let unknown = format!("/v1/wallets/{}/limits", Uuid::now_v7());
    api.get(&unknown).await.assert_problem(404, "wallet_not_found");
    assert_eq!(api.count("transfer_limit").await, 0);
}

#[tokio::test]
async fn a_viewer_sees_limits_and_sets_none() {
    let api = Api::start().await;
    let vera = api.token("vera", OperatorRole::Viewer).await;
    let settings = "/admin/v1/owners/alice/settings";
    let zone = json!({ "time_zone": "Europe/Berlin", "reason": "moved" });
    for (path, body) in [(LIMITS, of_owner("alice")), (settings, zone)] {
        api.put(&vera, path, &body).await.assert_problem(403, "operator_not_allowed");
        let answer = api.send(Method::PUT, path, &[], body.to_string()).await;
        answer.assert_problem(401, "operator_unknown");
        assert_eq!(api.as_operator(&vera, Method::GET, path, "").await.status, 200);
    }
    assert_eq!(api.count("transfer_limit").await + api.count("owner_setting").await, 0);
}

#[tokio::test]
async fn an_owners_time_zone_moves_the_ends_of_its_days_and_is_audited() {
    let api = Api::start().await;
    let olga = api.token("olga", OperatorRole::Operator).await;
    // Owners are named by clients, in any letters.
    let path = "/admin/v1/owners/M%C3%BCller%2F7/settings";
    let before = api.as_operator(&olga, Method::GET, path, "").await;
    let defaults = json!({
        "owner_id": "Müller/7", "time_zone": "UTC", "reason": null, "changed_by": null, "changed_at": null,
    });
    assert_eq!(before.body, defaults);
    let wallet = api.wallet("Müller/7", "EUR").await;
    api.put(&olga, LIMITS, &of_wallet(&wallet, &json!(5))).await;
    let zone = json!({ "time_zone": "Asia/Kolkata", "reason": "moved" });
    let set = api.put(&olga, path, &zone).await;
    assert_eq!((set.status, &set.body["time_zone"]), (200, &json!("Asia/Kolkata")), "{set:?}");
    assert_eq!(set.body["changed_by"], "olga");
    let seen = api.get(&format!("/v1/wallets/{wallet}/limits")).await;
    assert_eq!(seen.body["items"][0]["time_zone"], "Asia/Kolkata");
    assert!(seen.text("/items/0/frees_at").ends_with("T18:30:00Z"), "{seen:?}");
    for wrong in ["Asia/Calcuta", "+05:30", ""] {
        let body = json!({ "time_zone": wrong, "reason": "moved" });
        let answer = api.put(&olga, path, &body).await;
        answer.assert_problem(422, "invalid_body");
        assert_eq!(answer.text("/errors/0/field"), "time_zone");
    }
    let audit = api.as_operator(&olga, Method::GET, "/admin/v1/audit", "").await;
    let act = &audit.body["items"][0];
    assert_eq!(
        (&act["action"], &act["subject"]),
        (&json!("owner.set_time_zone"), &json!("owner:Müller/7"))
    );
    assert_eq!(
        (&act["before"], &act["after"]),
        (&json!({ "time_zone": "UTC" }), &json!({ "time_zone": "Asia/Kolkata" }))
    );
}

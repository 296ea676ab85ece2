//! Redrive plans over HTTP: who may, what is wrong with a request, and how a plan is shown.

use domain::operator::OperatorRole;
use reqwest::Method;
use serde_json::json;

use crate::support::Api;

const PLANS: &str = "/admin/v1/redrive-plans";
const NONE: &str = "/admin/v1/redrive-plans/01a1fbb4-2655-75eb-986a-09c3fb00afa6";

impl Api {
    /// A stuck transfer of a deposit's kind, written as a lane would.
    pub async fn stuck(&self) {
        let wallet = self.wallet("alice", "EUR").await;
        for sql in [
            "INSERT INTO transfer (id, kind, status, caller, destination_wallet_id, amount_minor, currency,
                failure_class, failure_code) VALUES ('01a1fbb4-2655-75eb-986a-09c3fb00afa6', 'deposit', 'stuck',
                'dev', $1, 500, 'EUR', 'transient', 'away')",
            "INSERT INTO saga_open (transfer_id, kind, destination_wallet_id, amount_minor, currency, parked_reason)
                VALUES ('01a1fbb4-2655-75eb-986a-09c3fb00afa6', 'deposit', $1, 500, 'EUR', 'attempts_used_up')",
            "INSERT INTO dead_letter (id, transfer_id, reason, step, undo, failure_class, failure_code, failure_detail,
                fingerprint, attempt_count, destination_wallet_id, amount_minor, currency, held_minor, payload, opened_at)
                VALUES ('01a1fbb4-2655-75eb-986a-09c3fb00afa7', '01a1fbb4-2655-75eb-986a-09c3fb00afa6',
                'attempts_used_up', 'place_hold', false, 'transient', 'away', 'Away.', 'place_hold/transient/away', 8, $1, 500,
                'EUR', 0, '{}', now())",
        ] {
            let wallet: uuid::Uuid = wallet.parse().unwrap();
            sqlx::query(sql).bind(wallet).execute(&self.pool).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_plan_shows_each_item_and_its_future_and_starts_by_its_hash() {
    let api = Api::start().await;
    let operator = api.token("olga", OperatorRole::Operator).await;
    let viewer = api.token("vera", OperatorRole::Viewer).await;
    api.stuck().await;
    let answer = api
        .as_operator(
            &operator,
            Method::POST,
            PLANS,
            r#"{"filter":{"fingerprint":"place_hold/transient/away"}}"#,
        )
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.body["status"], "draft");
    assert_eq!(answer.body["applied"], json!(null));
    assert_eq!(
        answer.body["forecast"],
        json!([{"outlook": "would_settle", "code": null, "currency": "EUR", "count": 1,
            "amount_minor": "500", "held_minor": "0"}])
    );
    let path = format!("{PLANS}/{}", answer.text("/id"));
    let items = api
        .as_operator(&viewer, Method::GET, &format!("{path}/items?outlook=would_settle"), "")
        .await;
    let item = &items.body["items"][0];
    let forward = |step: &str| json!({"step": step, "undo": false});
    let executed = ["place_hold", "screen", "post_entry"].map(forward);
    assert_eq!((&item["step"], &item["executed"]), (&json!("place_hold"), &json!(executed)));
    assert_eq!((&item["reused"], &item["status"]), (&json!([]), &json!("planned")));

    let apply = format!("{path}/apply");
    let wrong = json!({"hash": "0".repeat(64), "reason": "mended"}).to_string();
    let refused = api.as_operator(&operator, Method::POST, &apply, &wrong).await;
    refused.assert_problem(409, "plan_hash_differs");
    let right = json!({"hash": answer.body["hash"], "reason": "mended"}).to_string();
    let refused = api.as_operator(&viewer, Method::POST, &apply, &right).await;
    refused.assert_problem(403, "operator_not_allowed");
    for _ in 0..2 {
        let applied = api.as_operator(&operator, Method::POST, &apply, &right).await;
        assert_eq!(applied.body["status"], "running", "{applied:?}");
        assert_eq!(applied.body["applied"]["by"], "olga");
        assert_eq!(applied.body["applied"]["canary_count"], 10);
    }
    let reason = r#"{"reason":"lunch"}"#;
    for (act, status) in [("pause", "paused"), ("resume", "running"), ("stop", "stopped")] {
        let done = api.as_operator(&operator, Method::POST, &format!("{path}/{act}"), reason).await;
        assert_eq!(done.body["status"], status, "{done:?}");
    }
    let refused = api.as_operator(&operator, Method::POST, &format!("{path}/resume"), reason).await;
    refused.assert_problem(409, "plan_cannot");
    let list = api.as_operator(&viewer, Method::GET, &format!("{PLANS}?status=stopped"), "").await;
    assert_eq!(list.body["items"].as_array().map(Vec::len), Some(1), "{list:?}");
    let audit = api.as_operator(&viewer, Method::GET, "/admin/v1/audit", "").await;
    assert_eq!(audit.body["items"].as_array().map(Vec::len), Some(4), "{audit:?}");
}

#[tokio::test]
async fn what_is_wrong_with_a_plan_is_told_by_name() {
    let api = Api::start().await;
    let operator = api.token("olga", OperatorRole::Operator).await;
    api.stuck().await;
    for (body, field) in [
        ("{}", "filter"),
        (r#"{"filter":{},"dead_letter_ids":[]}"#, "filter"),
        (r#"{"dead_letter_ids":[]}"#, "dead_letter_ids"),
        (r#"{"dead_letter_ids":["01a1fbb4-2655-75eb-986a-09c3fb00afa6"]}"#, "dead_letter_ids"),
        (r#"{"filter":{},"way":"sideways"}"#, "way"),
        (r#"{"filter":{"fingerprint":"other"}}"#, "filter"),
        ("{\"filter\":{\"fingerprint\":\"a\\u0000\"}}", "filter.fingerprint"),
        (r#"{"filter":{"opened_from":"-262000-01-01T00:00:00Z"}}"#, "filter.opened_from"),
        (r#"{"filter":{"amount_max":-1}}"#, "filter.amount_max"),
    ] {
        let answer = api.as_operator(&operator, Method::POST, PLANS, body).await;
        answer.assert_problem(422, "invalid_body");
        assert_eq!(answer.text("/errors/0/field"), field, "{body}");
    }
    let answer = api.as_operator(&operator, Method::POST, &format!("{NONE}/apply"),
        r#"{"hash":"x","reason":"r","canary_count":1001,"rate_per_second":0,"failure_percent_max":101}"#).await;
    answer.assert_problem(422, "invalid_body");
    assert_eq!(answer.body["errors"].as_array().map(Vec::len), Some(3), "{answer:?}");
    let answer = api.as_operator(&operator, Method::POST, &format!("{NONE}/stop"), "{}").await;
    answer.assert_problem(422, "invalid_body");
    for (method, path, body) in [
        (Method::GET, NONE.to_owned(), ""),
        (Method::GET, format!("{NONE}/items"), ""),
        (Method::POST, format!("{NONE}/apply"), r#"{"hash":"x","reason":"r"}"#),
        (Method::POST, format!("{NONE}/pause"), r#"{"reason":"r"}"#),
    ] {
        api.as_operator(&operator, method, &path, body).await.assert_problem(404, "plan_not_found");
    }
    let answer = api.as_operator(&operator, Method::GET, &format!("{PLANS}?status=x"), "").await;
    answer.assert_problem(400, "invalid_parameter");
}

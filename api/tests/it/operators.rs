//! The operator API: who may, and what it shows. What it does to transfers is tested
//! where there are workers.

use std::time::Duration;

use domain::operator::OperatorRole;
use reqwest::Method;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::{Answer, Api};

mod desk;

impl Api {
    /// A token for a new operator.
    pub async fn token(&self, name: &str, role: OperatorRole) -> String {
        store::operators::issue(&self.pool, name, role).await.unwrap()
    }

    /// Sends anything with a token.
    pub async fn as_operator(&self, token: &str, method: Method, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.send(method, path, &headers, body.to_owned()).await
    }
}

#[tokio::test]
async fn nobody_without_a_good_token_gets_in() {
    let api = Api::start().await;
    let old = api.token("ann", OperatorRole::Viewer).await;
    let new = api.token("ann", OperatorRole::Viewer).await;
    let me = "/admin/v1/me";
    for headers in [
        vec![],
        vec![("authorization", "Bearer")],
        vec![("authorization", "Bearer nonsense")],
        vec![("authorization", "Basic YTpi")],
    ] {
        let answer = api.send(Method::GET, me, &headers, "").await;
        answer.assert_problem(401, "operator_unknown");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    // A new token ends the one before it.
    api.as_operator(&old, Method::GET, me, "").await.assert_problem(401, "operator_unknown");
    let answer = api.as_operator(&new, Method::GET, me, "").await;
    assert_eq!((answer.status, answer.body), (200, json!({"name": "ann", "role": "viewer"})));
    api.sql("UPDATE operator SET revoked_at = now()").await;
    // It changes nothing any more at once, and shows nothing any more within seconds.
    let body = json!({ "on": true, "reason": "none" }).to_string();
    let switch = "/admin/v1/switches/maintenance";
    let changed = api.as_operator(&new, Method::PUT, switch, &body).await;
    changed.assert_problem(401, "operator_unknown");
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut answer = api.as_operator(&new, Method::GET, me, "").await;
    while answer.status == 200 && Instant::now() < deadline {
        sleep(Duration::from_millis(50)).await;
        answer = api.as_operator(&new, Method::GET, me, "").await;
    }
    answer.assert_problem(401, "operator_unknown");
    let stored: i64 =
        sqlx::query_scalar("SELECT count(*) FROM operator WHERE strpos(operator::text, $1) > 0")
            .bind(&new)
            .fetch_one(&api.pool)
            .await
            .unwrap();
    assert_eq!(stored, 0, "the token itself is nowhere");
}

#[tokio::test]
async fn a_viewer_looks_and_does_not_touch() {
    let api = Api::start().await;
    api.wallet("alice", "EUR").await;
    let viewer = api.token("vera", OperatorRole::Viewer).await;
    for path in [
        "/admin/v1/ledger/check",
        "/admin/v1/ledger/check?mode=full",
        "/admin/v1/audit",
        "/admin/v1/dead-letters",
        "/admin/v1/dead-letters/groups",
        "/admin/v1/queues",
        "/admin/v1/jobs",
        "/admin/v1/workers",
        "/admin/v1/switches",
    ] {
        let answer = api.as_operator(&viewer, Method::GET, path, "").await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
    let path = "/admin/v1/dead-letters/01a1fbb4-2655-75eb-986a-09c3fb00afa6";
    let get = api.as_operator(&viewer, Method::GET, path, "").await;
    get.assert_problem(404, "dead_letter_not_found");
    for act in ["redrive", "compensate"] {
        let (path, body) = (format!("{path}/{act}"), r#"{"reason":"because"}"#);
        let answer = api.as_operator(&viewer, Method::POST, &path, body).await;
        answer.assert_problem(403, "operator_not_allowed");
    }
    let answer =
        api.as_operator(&viewer, Method::GET, "/admin/v1/ledger/check?mode=deep", "").await;
    answer.assert_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_change_needs_a_reason() {
    let api = Api::start().await;
    let operator = api.token("olga", OperatorRole::Operator).await;
    let path = "/admin/v1/dead-letters/01a1fbb4-2655-75eb-986a-09c3fb00afa6/redrive";
    for body in ["{}", r#"{"reason":""}"#, r#"{"reason":"why","more":1}"#] {
        let answer = api.as_operator(&operator, Method::POST, path, body).await;
        answer.assert_problem(422, "invalid_body");
    }
    let answer = api.as_operator(&operator, Method::POST, path, r#"{"reason":"why"}"#).await;
    answer.assert_problem(404, "dead_letter_not_found");
}

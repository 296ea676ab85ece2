//! Switches by hand: who may turn them, what is said, and what clients notice.

use std::time::{Duration, Instant};

use domain::operator::OperatorRole;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Api};

/// For what comes within a second on a machine that has time.
const PATIENCE: Duration = Duration::from_secs(30);
const MAINTENANCE: &str = "/admin/v1/switches/maintenance";

impl Api {
    async fn turn(&self, token: &str, path: &str, on: bool, reason: &str) -> Answer {
        let body = json!({ "on": on, "reason": reason }).to_string();
        self.as_operator(token, Method::PUT, path, &body).await
    }

    /// Waits until a POST meets maintenance, or does not any more.
    async fn wait_for_maintenance(&self, on: bool) -> Answer {
        let asked = Instant::now();
        loop {
            let answer = self.post("/v1/wallets", &[], &json!({})).await;
            if (answer.status == 503) == on {
                return answer;
            }
            assert!(asked.elapsed() < PATIENCE, "never");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn maintenance_turns_away_changes_and_answers_reads() {
    let api = Api::start().await;
    let [one, two] = [api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await];
    let approver = api.token("ann", OperatorRole::Approver).await;
    let answer = api.turn(&approver, MAINTENANCE, true, "moving house").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!((&answer.body["on"], &answer.body["changed_by"]), (&json!(true), &json!("ann")));
    let turned_away = api.wait_for_maintenance(true).await;
    turned_away.assert_problem(503, "maintenance");
    assert_eq!(turned_away.header("retry-after"), Some("5"));

    let deposit = json!({ "wallet_id": one, "amount_minor": 1, "currency": "EUR" });
    let key = [("idempotency-key", "one")];
    api.post("/v1/deposits", &key, &deposit).await.assert_problem(503, "maintenance");
    api.transfer(&one, &two, 1).await.assert_problem(503, "maintenance");
    for act in ["freeze", "unfreeze", "close"] {
        let answer = api
            .post(&format!("/v1/wallets/{one}/{act}"), &[], &json!({ "reason": "because" }))
            .await;
        answer.assert_problem(503, "maintenance");
    }
    for path in ["/v1/wallets", "/v1/transfers", "/health/live", "/health/ready"] {
        assert_eq!(api.get(path).await.status, 200, "{path}");
    }
    assert_eq!(api.get(&format!("/v1/wallets/{one}/balance")).await.status, 200);
    assert_eq!(api.count("transfer").await, 0, "nothing was written");

    let answer = api.turn(&approver, MAINTENANCE, false, "moved").await;
    assert_eq!((answer.status, &answer.body["on"]), (200, &json!(false)));
    api.wait_for_maintenance(false).await;
    assert_eq!(api.post("/v1/deposits", &key, &deposit).await.status, 202);
}

#[tokio::test]
async fn maintenance_needs_an_approver_and_other_switches_an_operator() {
    let api = Api::start().await;
    let viewer = api.token("vera", OperatorRole::Viewer).await;
    let operator = api.token("olga", OperatorRole::Operator).await;
    let screen = "/admin/v1/switches/pause_step/screen";
    for (token, path) in [(&viewer, MAINTENANCE), (&operator, MAINTENANCE), (&viewer, screen)] {
        api.turn(token, path, true, "no").await.assert_problem(403, "operator_not_allowed");
    }
    for path in ["/admin/v1/queues/saga/pause", "/admin/v1/queues/saga/resume"] {
        let answer = api.as_operator(&viewer, Method::POST, path, r#"{"reason":"no"}"#).await;
        answer.assert_problem(403, "operator_not_allowed");
    }
    assert_eq!(api.count("switch").await, 0);
    assert_eq!(api.turn(&operator, screen, true, "a partner is away").await.status, 200);
}

#[tokio::test]
async fn a_turn_is_audited_once_and_the_same_request_changes_nothing() {
    let api = Api::start().await;
    let operator = api.token("olga", OperatorRole::Operator).await;
    let pause = "/admin/v1/queues/outbox/pause";
    for reason in ["first", "again"] {
        let body = json!({ "reason": reason }).to_string();
        let answer = api.as_operator(&operator, Method::POST, pause, &body).await;
        assert_eq!((answer.status, &answer.body["on"]), (200, &json!(true)), "{answer:?}");
        assert_eq!(answer.body["reason"], "first", "the turn that counts");
    }
    let body = r#"{"reason":"over"}"#;
    let resume = "/admin/v1/queues/outbox/resume";
    let answer = api.as_operator(&operator, Method::POST, resume, body).await;
    assert_eq!((answer.status, &answer.body["on"]), (200, &json!(false)));
    // Off is the default, so nothing happens here.
    let default = api.turn(&operator, "/admin/v1/switches/pause_saga/deposit", false, "x").await;
    assert_eq!((default.status, &default.body["changed_by"]), (200, &Value::Null));

    let audit = api.as_operator(&operator, Method::GET, "/admin/v1/audit", "").await;
    let acts = audit.body["items"].as_array().unwrap();
    assert_eq!(acts.len(), 2, "{acts:?}");
    let act = &acts[1];
    assert_eq!((&act["action"], &act["actor"]), (&json!("switch.on"), &json!("olga")));
    assert_eq!(act["subject"], "switch:pause_queue:outbox");
    assert_eq!((&act["before"], &act["after"]), (&json!({ "on": false }), &json!({ "on": true })));
    assert_eq!(acts[0]["action"], "switch.off");

    let path = format!("/admin/v1/audit/{}", act["seq"]);
    let one = api.as_operator(&operator, Method::GET, &path, "").await;
    assert_eq!((one.status, &one.body), (200, act));
    for absent in ["0", "99", "9223372036854775807", "x"] {
        let path = format!("/admin/v1/audit/{absent}");
        let answer = api.as_operator(&operator, Method::GET, &path, "").await;
        answer.assert_problem(404, "audit_entry_not_found");
    }
}

#[tokio::test]
async fn a_switch_that_is_not_there_is_answered_with_those_that_are() {
    let api = Api::start().await;
    let approver = api.token("ann", OperatorRole::Approver).await;
    for path in ["pause_step/pay_out", "pause_step/%00", "maintenance/all", "x/y"] {
        let path = format!("/admin/v1/switches/{path}");
        let answer = api.turn(&approver, &path, true, "why").await;
        if path.ends_with("%00") {
            answer.assert_problem(400, "invalid_parameter");
            continue;
        }
        answer.assert_problem(404, "switch_not_found");
        for known in ["maintenance", "pause_step/screen", "pause_queue/outbox", "flag/prefer_wait"]
        {
            assert!(answer.text("/detail").contains(known), "{answer:?}");
        }
    }
    let answer = api
        .as_operator(&approver, Method::POST, "/admin/v1/queues/x/pause", r#"{"reason":"why"}"#)
        .await;
    answer.assert_problem(404, "queue_not_found");
    assert!(answer.text("/detail").contains("saga, outbox, wallet-audit, wallet-metrics"));
    let screen = "/admin/v1/switches/pause_step/screen";
    for body in ["{}", r#"{"on":true}"#, r#"{"on":true,"reason":""}"#, r#"{"on":1,"reason":"x"}"#] {
        let answer = api.as_operator(&approver, Method::PUT, screen, body).await;
        answer.assert_problem(422, "invalid_body");
    }
}

#[tokio::test]
async fn every_switch_is_listed_with_its_default() {
    let api = Api::start().await;
    let viewer = api.token("vera", OperatorRole::Viewer).await;
    let answer = api.as_operator(&viewer, Method::GET, "/admin/v1/switches", "").await;
    let listed = answer.body.as_array().unwrap();
    assert_eq!(listed.len(), domain::switch::Switch::all().count());
    for one in listed {
        let flag = one["kind"] == "flag";
        assert_eq!((&one["on"], &one["on_by_default"]), (&json!(flag), &json!(flag)), "{one}");
        assert_eq!(one["changed_at"], Value::Null);
    }
}

#[tokio::test]
async fn without_the_flag_nobody_waits() {
    let api = Api::start().await;
    let wallet = api.wallet("alice", "EUR").await;
    let operator = api.token("olga", OperatorRole::Operator).await;
    let path = "/admin/v1/switches/flag/prefer_wait";
    assert_eq!(api.turn(&operator, path, false, "too many wait").await.status, 200);
    let body = json!({ "wallet_id": wallet, "amount_minor": 1, "currency": "EUR" });
    let deposit = async |key: &str, prefer| {
        let answer =
            api.post("/v1/deposits", &[("idempotency-key", key), ("prefer", prefer)], &body).await;
        assert_eq!(answer.status, 202, "no worker runs");
        answer.header("preference-applied").is_some()
    };
    let turned = Instant::now();
    // The first may come before the switch is known.
    for number in 0.. {
        if !deposit(&format!("key-{number}"), "wait=1").await {
            break;
        }
        assert!(turned.elapsed() < PATIENCE, "still waiting");
    }
    let asked = Instant::now();
    assert!(!deposit("last", "wait=30").await);
    assert!(asked.elapsed() < PATIENCE / 2, "it waited all the same");
}

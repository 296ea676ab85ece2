//! Acts on one dead letter and on one transfer: who may, what is wrong with a request,
//! and what the answers show. No worker runs, so a parked transfer is stuck at its first step.

use domain::operator::OperatorRole;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Api};

const NOBODY: &str = "01a1fbb4-2655-75eb-986a-09c3fb00afa6";
const REASON: &str = r#"{"reason":"as agreed"}"#;
const RESOLVE: &str = r#"{"outcome":"settled","evidence":"booking 4711","reason":"as agreed"}"#;
const ACTS: [&str; 5] = ["redrive", "compensate", "retry-compensation", "force-forward", "discard"];

struct Desk {
    api: Api,
    operator: String,
    approver: String,
}

impl Desk {
    async fn open() -> Self {
        let api = Api::start().await;
        let operator = api.token("olga", OperatorRole::Operator).await;
        let approver = api.token("anna", OperatorRole::Approver).await;
        Self { api, operator, approver }
    }

    async fn get(&self, path: &str) -> Answer {
        self.api.as_operator(&self.operator, Method::GET, path, "").await
    }

    async fn act(&self, token: &str, path: &str, body: &str) -> Answer {
        self.api.as_operator(token, Method::POST, path, body).await
    }

    /// A transfer that has not begun.
    async fn transfer(&self) -> String {
        let (from, to) =
            (self.api.wallet("alice", "EUR").await, self.api.wallet("bob", "EUR").await);
        let answer = self.api.transfer(&from, &to, 300).await;
        format!("/admin/v1/transfers/{}", answer.text("/id"))
    }

    /// A transfer that was parked, and its dead letter.
    async fn parked(&self) -> (String, String) {
        let transfer = self.transfer().await;
        let answer = self.act(&self.operator, &format!("{transfer}/park"), REASON).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let letter = format!("/admin/v1/dead-letters/{}", answer.text("/dead_letters/0/id"));
        (transfer, letter)
    }
}

#[tokio::test]
async fn a_transfer_shows_its_timeline_its_open_row_and_its_dead_letters() {
    let desk = Desk::open().await;
    let transfer = desk.transfer().await;
    let fresh = desk.get(&transfer).await;
    assert_eq!(fresh.status, 200, "{fresh:?}");
    assert_eq!(fresh.text("/transfer/status"), "accepted");
    assert_eq!(fresh.text("/open/step"), "place_hold");
    assert_eq!(fresh.body["open"]["parked_reason"], Value::Null);
    assert_eq!(fresh.body["dead_letters"], json!([]));

    let parked = desk.act(&desk.operator, &format!("{transfer}/park"), REASON).await;
    assert_eq!(parked.text("/transfer/status"), "stuck");
    assert_eq!(parked.text("/transfer/steps/0/failure/code"), "parked_by_operator");
    assert_eq!(parked.text("/open/parked_reason"), "parked_by_operator");
    assert_eq!(parked.text("/dead_letters/0/status"), "open");
    let unparked = desk.act(&desk.operator, &format!("{transfer}/unpark"), REASON).await;
    assert_eq!(unparked.text("/transfer/status"), "accepted");
    assert_eq!(unparked.text("/dead_letters/0/status"), "redriven");
    assert_eq!(unparked.text("/dead_letters/0/closed_by"), "olga");
    assert_eq!(unparked.text("/dead_letters/0/closed_reason"), "as agreed");
    let unknown = desk.get(&format!("/admin/v1/transfers/{NOBODY}")).await;
    unknown.assert_problem(404, "transfer_not_found");
}

#[tokio::test]
async fn a_transfer_is_parked_unparked_and_retried_only_where_it_can_be() {
    let desk = Desk::open().await;
    let viewer = desk.api.token("vera", OperatorRole::Viewer).await;
    let (transfer, letter) = desk.parked().await;
    for act in ["park", "unpark", "retry-now"] {
        let path = format!("{transfer}/{act}");
        desk.act(&viewer, &path, REASON).await.assert_problem(403, "operator_not_allowed");
        desk.act(&desk.operator, &path, "{}").await.assert_problem(422, "invalid_body");
        let nobody = format!("/admin/v1/transfers/{NOBODY}/{act}");
        let unknown = desk.act(&desk.operator, &nobody, REASON).await;
        unknown.assert_problem(404, "transfer_not_found");
    }
    let act =
        async |act: &str| desk.act(&desk.operator, &format!("{transfer}/{act}"), REASON).await;
    act("retry-now").await.assert_problem(409, "transfer_parked");
    assert_eq!(act("park").await.status, 200, "it is parked already");
    assert_eq!(act("unpark").await.status, 200);
    assert_eq!(act("unpark").await.status, 200, "it was sent on already");
    assert_eq!(act("retry-now").await.status, 200, "it is due already");
    assert_eq!(act("park").await.status, 200);
    desk.act(&desk.operator, &format!("{letter}/discard"), REASON)
        .await
        .assert_problem(409, "dead_letter_closed");
    let again = act("park").await;
    let letter = format!("/admin/v1/dead-letters/{}", again.text("/dead_letters/0/id"));
    assert_eq!(desk.act(&desk.operator, &format!("{letter}/discard"), REASON).await.status, 200);
    act("park").await.assert_problem(409, "transfer_final");
    act("retry-now").await.assert_problem(409, "transfer_final");
    act("unpark").await.assert_problem(409, "transfer_not_parked");
}

#[tokio::test]
async fn what_no_step_proves_takes_an_approver() {
    let desk = Desk::open().await;
    let (_, letter) = desk.parked().await;
    for (act, body) in [("resolve", RESOLVE), ("force-forward", REASON)] {
        let answer = desk.act(&desk.operator, &format!("{letter}/{act}"), body).await;
        answer.assert_problem(403, "operator_not_allowed");
        assert!(answer.text("/detail").contains("role approver"), "{answer:?}");
    }
    let forced = desk.act(&desk.approver, &format!("{letter}/force-forward"), REASON).await;
    forced.assert_problem(409, "not_past_pivot");
    let path = format!("{letter}/resolve");
    for _ in 0..2 {
        let resolved = desk.act(&desk.approver, &path, RESOLVE).await;
        assert_eq!(resolved.status, 200, "{resolved:?}");
        assert_eq!(resolved.text("/status"), "resolved");
        assert_eq!(resolved.text("/closed_by"), "anna");
        assert_eq!(resolved.text("/evidence"), "booking 4711");
    }
    let other = RESOLVE.replace("settled", "failed");
    let refused = desk.act(&desk.approver, &path, &other).await;
    refused.assert_problem(409, "dead_letter_closed");
    assert!(refused.text("/detail").contains("resolved"), "{refused:?}");
    assert_eq!(desk.api.count("operator_audit").await, 2, "parked, and resolved once");
}

#[tokio::test]
async fn a_resolution_needs_an_outcome_and_evidence() {
    let desk = Desk::open().await;
    let (_, letter) = desk.parked().await;
    let long = "x".repeat(1_025);
    for (body, field) in [
        (json!({"outcome": "moved", "evidence": "e", "reason": "r"}), "outcome"),
        (json!({"outcome": "settled", "evidence": " ", "reason": "r"}), "evidence"),
        (json!({"outcome": "settled", "evidence": long, "reason": "r"}), "evidence"),
        (json!({"outcome": "settled", "evidence": "e", "reason": ""}), "reason"),
    ] {
        let path = format!("{letter}/resolve");
        let answer = desk.act(&desk.approver, &path, &body.to_string()).await;
        answer.assert_problem(422, "invalid_body");
        assert_eq!(answer.text("/errors/0/field"), field, "{answer:?}");
    }
    let body = json!({"outcome": "failed", "evidence": "x".repeat(1_024), "reason": "r"});
    let answer = desk.act(&desk.approver, &format!("{letter}/resolve"), &body.to_string()).await;
    assert_eq!((answer.status, answer.text("/status")), (200, "resolved"), "{answer:?}");
}

#[tokio::test]
async fn an_act_that_the_saga_does_not_allow_says_why() {
    let desk = Desk::open().await;
    let (_, letter) = desk.parked().await;
    let path = format!("{letter}/retry-compensation");
    desk.act(&desk.operator, &path, REASON).await.assert_problem(409, "not_compensating");
    for act in ACTS {
        let nobody = format!("/admin/v1/dead-letters/{NOBODY}/{act}");
        let answer = desk.act(&desk.approver, &nobody, REASON).await;
        answer.assert_problem(404, "dead_letter_not_found");
    }
    assert_eq!(desk.get(&letter).await.text("/status"), "open");
    let discarded = desk.act(&desk.operator, &format!("{letter}/discard"), REASON).await;
    assert_eq!(discarded.text("/status"), "discarded");
    let late = desk.act(&desk.operator, &format!("{letter}/redrive"), REASON).await;
    late.assert_problem(409, "dead_letter_closed");
    assert!(late.text("/detail").contains("discarded"), "{late:?}");
}

#[tokio::test]
async fn options_show_what_each_act_leads_to_and_a_viewer_may_look() {
    let desk = Desk::open().await;
    let viewer = desk.api.token("vera", OperatorRole::Viewer).await;
    let (_, letter) = desk.parked().await;
    let path = format!("{letter}/options");
    let shown = desk.api.as_operator(&viewer, Method::GET, &path, "").await;
    assert_eq!(shown.status, 200, "{shown:?}");
    let acts = shown.body["acts"].as_array().unwrap();
    let brief: Vec<_> = acts
        .iter()
        .map(|act| (&act["act"], &act["role"], &act["possible"], &act["outlook"], &act["code"]))
        .map(|(act, role, possible, outlook, code)| json!([act, role, possible, outlook, code]))
        .collect();
    // The source wallet is empty.
    let expected = json!([
        ["redrive", "operator", true, "would_be_rejected", "insufficient_funds"],
        ["compensate", "operator", true, "would_fail", "compensated_by_operator"],
        ["retry_compensation", "operator", false, null, null],
        ["force_forward", "approver", false, null, null],
        ["discard", "operator", true, "would_fail", "discarded_by_operator"],
        ["resolve_settled", "approver", true, "would_settle", null],
        ["resolve_failed", "approver", true, "would_fail", "resolved_by_operator"],
    ]);
    assert_eq!(Value::from(brief), expected);
    assert_eq!(
        acts[0]["resume"],
        json!({"step": "place_hold", "undo": false, "reused": [],
            "executed": [{"step": "place_hold", "undo": false}]})
    );
    let zero = json!({"ledger_minor": 0, "available_minor": 0, "held_minor": 0});
    assert_eq!(acts[0]["wallets"][0]["before"], zero);
    assert_eq!(acts[0]["wallets"][0]["after"], zero);
    let unknown = format!("/admin/v1/dead-letters/{NOBODY}/options");
    desk.get(&unknown).await.assert_problem(404, "dead_letter_not_found");
}

#[tokio::test]
async fn each_filter_of_dead_letters_is_read_or_refused_by_its_name() {
    let desk = Desk::open().await;
    let (_, letter) = desk.parked().await;
    let id = letter.rsplit('/').next().unwrap();
    for (fits, found) in [
        ("status=open&saga=transfer&step=place_hold&failure_class=permanent", true),
        ("reason=parked_by_operator&currency=EUR&amount_min=300&amount_max=300", true),
        ("opened_from=2020-01-01T00:00:00Z&opened_to=2120-01-01T00:00:00Z", true),
        ("fingerprint=place_hold/permanent/parked_by_operator", true),
        ("status=discarded", false),
        ("saga=deposit", false),
        ("amount_min=301", false),
        ("opened_to=2020-01-01T00:00:00Z", false),
    ] {
        let answer = desk.get(&format!("/admin/v1/dead-letters?{fits}")).await;
        let items = answer.body["items"].as_array().unwrap();
        let ids: Vec<_> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
        assert_eq!(ids, if found { vec![id] } else { vec![] }, "{fits}: {answer:?}");
    }
    for wrong in [
        "status=shut",
        "saga=loan",
        "step=sing",
        "failure_class=odd",
        "wallet_id=7",
        "reason=none",
        "opened_from=yesterday",
        "opened_to=2020-01-01",
        "amount_min=-1",
        "amount_max=1.5",
        "currency=EURO",
        "colour=red",
    ] {
        let answer = desk.get(&format!("/admin/v1/dead-letters?{wrong}")).await;
        answer.assert_problem(400, "invalid_parameter");
        let name = wrong.split('=').next().unwrap();
        assert_eq!(answer.text("/errors/0/field"), name, "{answer:?}");
    }
}

//! What is large takes two.

use api::{Config, FourEyes};
use domain::operator::OperatorRole::{Approver, Operator};
use embedded::testing::TestDatabase;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Api, config};

const PLANS: &str = "/admin/v1/redrive-plans";
/// The one that is stuck, of 500 minor units.
const LETTER: &str = "/admin/v1/dead-letters/01a1fbb4-2655-75eb-986a-09c3fb00afa7";

async fn start(four_eyes: FourEyes) -> Api {
    let db = TestDatabase::create().await.unwrap();
    let api = Api::start_with(Config { four_eyes, ..config(db.url()) }).await;
    api.stuck().await;
    api
}

async fn post(api: &Api, token: &str, path: &str, body: &Value) -> Answer {
    api.as_operator(token, Method::POST, path, &body.to_string()).await
}

#[tokio::test]
async fn a_large_plan_is_applied_after_somebody_else_has_agreed_to_its_hash() {
    let api = start(FourEyes { plan_items: Some(1), amount_minor: None }).await;
    let (olga, ann, ben) = (
        api.token("olga", Operator).await,
        api.token("ann", Approver).await,
        api.token("ben", Approver).await,
    );
    let made = post(&api, &ann, PLANS, &json!({"filter": {}})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = format!("{PLANS}/{}", made.text("/id"));
    let (apply, approve) = (format!("{path}/apply"), format!("{path}/approve"));
    let body = json!({ "hash": made.text("/hash"), "reason": "mended" });
    post(&api, &ann, &apply, &body).await.assert_problem(409, "approval_needed");

    let other = json!({ "hash": "0".repeat(64), "reason": "looks good" });
    post(&api, &ben, &approve, &other).await.assert_problem(409, "plan_hash_differs");
    post(&api, &olga, &approve, &body).await.assert_problem(403, "operator_not_allowed");
    // One's own agreement is not another's.
    let own = post(&api, &ann, &approve, &body).await;
    assert_eq!((own.status, own.text("/by")), (200, "ann"), "{own:?}");
    post(&api, &ann, &apply, &body).await.assert_problem(409, "approval_needed");

    let agreed = post(&api, &ben, &approve, &body).await;
    assert_eq!(agreed.status, 200, "{agreed:?}");
    assert_eq!(post(&api, &ben, &approve, &body).await.body, agreed.body, "the same again");
    // What was agreed to is the plan, not a pace that spares nobody.
    for (field, bold) in
        [("canary_count", 0), ("rate_per_second", 5_000), ("failure_percent_max", 100)]
    {
        let mut body = body.clone();
        body[field] = json!(bold);
        let refused = post(&api, &ann, &apply, &body).await;
        refused.assert_problem(422, "invalid_body");
        assert_eq!(refused.text("/errors/0/field"), field);
    }
    for _ in 0..2 {
        let applied = post(&api, &ann, &apply, &body).await;
        assert_eq!(applied.body["status"], "running", "{applied:?}");
    }
    post(&api, &ben, &approve, &body).await.assert_problem(409, "plan_cannot");
    let audit = api.as_operator(&ann, Method::GET, "/admin/v1/audit", "").await;
    let acts = audit.body["items"].as_array().unwrap();
    let approvals = acts.iter().filter(|act| act["action"] == "redrive_plan.approve");
    assert_eq!(approvals.count(), 2);
}

#[tokio::test]
async fn a_small_plan_needs_nobody_else() {
    let api = start(FourEyes { plan_items: Some(2), amount_minor: None }).await;
    let olga = api.token("olga", Operator).await;
    let made = post(&api, &olga, PLANS, &json!({"filter": {}})).await;
    let apply = format!("{PLANS}/{}/apply", made.text("/id"));
    let body = json!({ "hash": made.text("/hash"), "reason": "mended" });
    assert_eq!(post(&api, &olga, &apply, &body).await.status, 200);
}

#[tokio::test]
async fn a_large_transfer_is_forced_forward_after_somebody_else_has_agreed() {
    let api = start(FourEyes { plan_items: None, amount_minor: Some(500) }).await;
    let (ann, ben) = (api.token("ann", Approver).await, api.token("ben", Approver).await);
    let reason = json!({ "reason": "the provider has confirmed" });
    let force = format!("{LETTER}/force-forward");
    let approve = format!("{LETTER}/approve-force-forward");
    post(&api, &ann, &force, &reason).await.assert_problem(409, "approval_needed");
    assert_eq!(post(&api, &ann, &approve, &reason).await.status, 200);
    post(&api, &ann, &force, &reason).await.assert_problem(409, "approval_needed");
    assert_eq!(post(&api, &ben, &approve, &reason).await.status, 200);
    // Now only the rules of the saga are in the way.
    post(&api, &ann, &force, &reason).await.assert_problem(409, "not_past_pivot");
}

#[tokio::test]
async fn a_large_transfer_is_resolved_as_somebody_else_has_agreed() {
    let api = start(FourEyes { plan_items: None, amount_minor: Some(500) }).await;
    let (ann, ben) = (api.token("ann", Approver).await, api.token("ben", Approver).await);
    let resolve = format!("{LETTER}/resolve");
    let approve = format!("{LETTER}/approve-resolve");
    let to = |outcome: &str| json!({ "outcome": outcome, "evidence": "statement 7", "reason": "looked" });
    let agree = |outcome: &str| json!({ "outcome": outcome, "reason": "looked, too" });
    post(&api, &ann, &resolve, &to("failed")).await.assert_problem(409, "approval_needed");
    post(&api, &ben, &approve, &agree("perhaps")).await.assert_problem(422, "invalid_body");
    for (by, outcome) in [(&ann, "failed"), (&ben, "settled")] {
        assert_eq!(post(&api, by, &approve, &agree(outcome)).await.status, 200);
        // One's own agreement is not another's, and another outcome is another thing.
        post(&api, &ann, &resolve, &to("failed")).await.assert_problem(409, "approval_needed");
    }
    assert_eq!(post(&api, &ben, &approve, &agree("failed")).await.status, 200);
    let resolved = post(&api, &ann, &resolve, &to("failed")).await;
    assert_eq!(resolved.status, 200, "{resolved:?}");
    post(&api, &ben, &approve, &agree("failed")).await.assert_problem(409, "dead_letter_closed");
}

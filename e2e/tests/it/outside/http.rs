//! The same sagas as clients and operators see them: asked for, decided and read over HTTP.

use api::Config;
use domain::operator::OperatorRole;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::support::admin::Admin;

/// A world with two wallets of 1,000 each, and an API that asks a screening service about `screened`.
struct Desk {
    world: World,
    admin: Admin,
    a: WalletId,
    b: WalletId,
}

impl Desk {
    async fn new(screened: &[TransferKind]) -> Self {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        let config = Config { screened_outside: screened.to_vec(), ..Config::new(&world.url) };
        let admin = Admin::start_with(&world, "ada", OperatorRole::Operator, config).await;
        Self { a: wallets[0], b: wallets[1], world, admin }
    }

    /// Status and body of what a client asks.
    async fn ask(&self, method: Method, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let request = self.admin.http.request(method, format!("{}{path}", self.admin.public));
        let request =
            request.header("content-type", "application/json").header("idempotency-key", key);
        let answer = request.body(body.to_string()).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.ask(Method::POST, path, &Uuid::now_v7().to_string(), body).await
    }

    /// Asks for something new and gives its id.
    async fn accepted(&self, path: &str, body: &Value) -> TransferId {
        let (status, body) = self.post(path, body).await;
        assert_eq!(status, 202, "{body:#}");
        serde_json::from_value(body["id"].clone()).expect("an id")
    }

    async fn refused(&self, path: &str, body: &Value, status: u16, code: &str) {
        let (found, problem) = self.post(path, body).await;
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{path} {body}: {problem:#}");
    }

    async fn drive(&self, id: TransferId) -> Value {
        self.world.drive_to_wait(&rules(BOTH_MODES[0], NoFaults), &[id]).await;
        let (status, body) =
            self.ask(Method::GET, &format!("/v1/transfers/{id}"), "-", &Value::Null).await;
        assert_eq!(status, 200, "{body:#}");
        body
    }

    fn to_be_captured(&self) -> Value {
        json!({
            "source_wallet_id": self.a, "destination_wallet_id": self.b, "amount_minor": 600,
            "currency": "EUR", "capture": "manual", "hold_seconds": 3600,
        })
    }

    fn payout(&self, name: &str) -> Value {
        json!({
            "wallet_id": self.a, "amount_minor": 40, "currency": "EUR",
            "beneficiary": {"name": name, "account": "DE02120300000000202051"},
        })
    }
}

#[tokio::test]
async fn a_part_of_a_hold_is_captured_once() {
    let desk = Desk::new(&[]).await;
    let id = desk.accepted("/v1/transfers", &desk.to_be_captured()).await;
    let held = desk.drive(id).await;
    assert_eq!((&held["status"], &held["hold"]["captured_minor"]), (&json!("held"), &Value::Null));
    let (capture, void) =
        (format!("/v1/transfers/{id}/capture"), format!("/v1/transfers/{id}/void"));
    for amount in [0, -1, 601] {
        let body = json!({"amount_minor": amount});
        desk.refused(&capture, &body, 422, "amount_out_of_range").await;
    }
    let (status, _) = desk.post(&capture, &json!({"amount_minor": 400})).await;
    assert_eq!(status, 202);
    // Before the lane comes to it, and after.
    assert_eq!(desk.post(&capture, &json!({"amount_minor": 400})).await.0, 202);
    desk.refused(&void, &json!({"reason": "late"}), 409, "hold_not_open").await;
    let settled = desk.drive(id).await;
    assert_eq!(
        (&settled["status"], &settled["hold"]["captured_minor"]),
        (&json!("settled"), &json!(400))
    );
    assert_eq!(desk.post(&capture, &json!({"amount_minor": 400})).await.0, 200);
    desk.refused(&capture, &json!({}), 409, "hold_not_open").await;
    assert_eq!(
        (desk.world.available(desk.a).await, desk.world.available(desk.b).await),
        (600, 1_400)
    );
    desk.world.assert_clean_slate().await;
}

#[tokio::test]
async fn a_hold_is_voided_once_and_only_holds_are() {
    let desk = Desk::new(&[]).await;
    let id = desk.accepted("/v1/transfers", &desk.to_be_captured()).await;
    desk.drive(id).await;
    let (capture, void) =
        (format!("/v1/transfers/{id}/capture"), format!("/v1/transfers/{id}/void"));
    desk.refused(&void, &json!({"reason": ""}), 422, "invalid_body").await;
    assert_eq!(desk.post(&void, &json!({"reason": "out of stock"})).await.0, 202);
    let voided = desk.drive(id).await;
    assert_eq!(
        (&voided["status"], &voided["failure"]["code"]),
        (&json!("voided"), &json!("voided"))
    );
    assert_eq!(desk.post(&void, &json!({"reason": "again"})).await.0, 200);
    desk.refused(&capture, &json!({}), 409, "hold_not_open").await;

    let mut plain = desk.to_be_captured();
    plain["capture"] = json!("automatic");
    desk.refused("/v1/transfers", &plain, 422, "invalid_body").await;
    plain["hold_seconds"] = Value::Null;
    let plain = desk.accepted("/v1/transfers", &plain).await;
    desk.refused(&format!("/v1/transfers/{plain}/capture"), &json!({}), 409, "hold_not_open").await;
    let nobody = Uuid::now_v7();
    desk.refused(
        &format!("/v1/transfers/{nobody}/void"),
        &json!({"reason": "x"}),
        404,
        "transfer_not_found",
    )
    .await;
    desk.drive(plain).await;
    desk.world.assert_clean_slate().await;
}

#[tokio::test]
async fn a_payout_is_the_same_one_however_often_it_is_asked_for() {
    let desk = Desk::new(&[]).await;
    for number in 0..20 {
        let key = format!("payout-{number}");
        let body = desk.payout("Ada");
        let (_, first) = desk.ask(Method::POST, "/v1/payouts", &key, &body).await;
        let (status, again) = desk.ask(Method::POST, "/v1/payouts", &key, &body).await;
        assert_eq!((status, &again["id"]), (202, &first["id"]), "{again:#}");
        let (status, other) =
            desk.ask(Method::POST, "/v1/payouts", &key, &desk.payout("Bob")).await;
        assert_eq!((status, &other["code"]), (422, &json!("idempotency_key_reused")));
    }
    for (field, value) in [("name", ""), ("account", ""), ("bank", "")] {
        let mut body = desk.payout("Ada");
        body["beneficiary"][field] = json!(value);
        let (_, problem) = desk.post("/v1/payouts", &body).await;
        assert_eq!(problem["errors"][0]["field"], format!("beneficiary.{field}"), "{problem:#}");
    }
}

#[tokio::test]
async fn a_payout_ends_paid_or_with_its_hold_given_back() {
    let desk = Desk::new(&[]).await;
    let reference = || Some("po_1".to_owned());
    let paid = desk.accepted("/v1/payouts", &desk.payout("Ada")).await;
    let rules = rules(BOTH_MODES[0], NoFaults);
    let answers = [
        Answer::Accepted { provider_reference: reference() },
        Answer::Paid { provider_reference: reference() },
    ];
    desk.world.play(&rules, paid, &answers).await;
    let settled = desk.drive(paid).await;
    assert_eq!((&settled["status"], &settled["kind"]), (&json!("settled"), &json!("payout")));
    assert_eq!(settled["payout"]["provider_reference"], "po_1");
    assert_eq!(settled["payout"]["beneficiary"]["name"], "Ada");
    desk.refused(&format!("/v1/transfers/{paid}/reverse"), &json!({}), 409, "not_reversible").await;

    let declined = desk.accepted("/v1/payouts", &desk.payout("Ada")).await;
    let no = Answer::Declined { code: "account_closed".into(), detail: "It is closed.".into() };
    desk.world.play(&rules, declined, &[no]).await;
    let declined = desk.drive(declined).await;
    assert_eq!(
        (&declined["status"], &declined["failure"]["code"]),
        (&json!("failed"), &json!("payout_declined"))
    );
    assert_eq!(desk.world.available(desk.a).await, 960);
    desk.world.assert_clean_slate().await;
}

#[tokio::test]
async fn reversals_take_back_no_more_than_was_moved() {
    let desk = Desk::new(&[]).await;
    let mut body = desk.to_be_captured();
    body["capture"] = json!("automatic");
    body["hold_seconds"] = Value::Null;
    let id = desk.accepted("/v1/transfers", &body).await;
    let reverse = format!("/v1/transfers/{id}/reverse");
    desk.refused(&reverse, &json!({}), 409, "not_reversible").await;
    desk.drive(id).await;
    for amount in [0, 601] {
        let body = json!({"amount_minor": amount});
        desk.refused(&reverse, &body, 422, "amount_out_of_range").await;
    }
    let first =
        desk.accepted(&reverse, &json!({"amount_minor": 500, "reference": "damaged"})).await;
    let settled = desk.drive(first).await;
    assert_eq!((&settled["status"], &settled["reverses_id"]), (&json!("settled"), &json!(id)));
    let much = desk.accepted(&reverse, &json!({"amount_minor": 101})).await;
    let rejected = desk.drive(much).await;
    assert_eq!(rejected["failure"]["code"], "reversal_too_large", "{rejected:#}");
    let rest = desk.accepted(&reverse, &json!({"amount_minor": 100})).await;
    assert_eq!(desk.drive(rest).await["status"], "settled");
    desk.refused(&format!("/v1/transfers/{rest}/reverse"), &json!({}), 409, "not_reversible").await;
    assert_eq!(
        (desk.world.available(desk.a).await, desk.world.available(desk.b).await),
        (1_000, 1_000)
    );
    desk.world.assert_clean_slate().await;
}

#[tokio::test]
async fn an_operator_decides_where_the_screening_service_is_not_sure() {
    let desk = Desk::new(&[TransferKind::Payout]).await;
    let rules = rules(BOTH_MODES[0], NoFaults);
    let mut ids = Vec::new();
    for _ in 0..2 {
        let id = desk.accepted("/v1/payouts", &desk.payout("Ada")).await;
        desk.world.play(&rules, id, &[Answer::Review { detail: "A name like that.".into() }]).await;
        ids.push(id);
    }
    let listed = desk.admin.get("/transfers?waiting_for=review").await;
    let listed: Vec<&Value> =
        listed["items"].as_array().expect("items").iter().map(|one| &one["id"]).collect();
    assert_eq!(listed, [&json!(ids[1]), &json!(ids[0])], "newest first");

    let verdict = async |id: TransferId, verdict: &str| -> (u16, Value) {
        let body = json!({"verdict": verdict, "reason": "looked at"});
        desk.admin.ask(Method::POST, &format!("/transfers/{id}/review"), &body).await
    };
    let (status, problem) = verdict(ids[0], "perhaps").await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("verdict")));
    for (id, word, other) in [(ids[0], "allow", "deny"), (ids[1], "deny", "allow")] {
        assert_eq!(verdict(id, word).await.0, 200);
        assert_eq!(verdict(id, word).await.0, 200, "the same again");
        let (status, problem) = verdict(id, other).await;
        assert_eq!((status, &problem["code"]), (409, &json!("review_not_open")));
    }
    let paid = Answer::Paid { provider_reference: None };
    desk.world.play(&rules, ids[0], &[paid]).await;
    assert_eq!(desk.drive(ids[0]).await["status"], "settled");
    let denied = desk.drive(ids[1]).await;
    assert_eq!(denied["status"], "rejected");
    assert_eq!(denied["failure"]["code"], "screening_denied_by_operator");
    assert_eq!(desk.admin.get("/transfers?waiting_for=review").await["items"], json!([]));
    let audit = desk.admin.get("/audit").await;
    assert_eq!(audit["items"][0]["action"], "transfer.review", "{audit:#}");
    desk.world.assert_clean_slate().await;
}

//! `POST /v1/providers/{provider}/notices`: what a payout provider tells by itself.

use std::time::{Duration, Instant};

use api::{Config, Webhook};
use chrono::Utc;
use embedded::testing::TestDatabase;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use store::notices;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;
use wire::signature::Secret;

use crate::support::{Answer, Api, config};

const PATH: &str = "/v1/providers/payouts/notices";
const NEW: &str = "the secret that is being introduced";
const OLD: &str = "the secret that is going away";

async fn start() -> Api {
    let database = TestDatabase::create().await.unwrap();
    let secrets = [NEW, OLD].map(|text| Secret::new(text).unwrap()).to_vec();
    let webhook = Some(Webhook { provider: "payouts".to_owned(), secrets });
    Api::start_with(Config { webhook, ..config(database.url()) }).await
}

/// A payout that waits at a step for something.
async fn payout(api: &Api, step: &str, waiting_for: &str) -> String {
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    let id = api.transfer(&alice, &bob, 500).await.text("/id").to_owned();
    api.sql(&format!(
        "UPDATE transfer SET kind = 'payout' WHERE id = '{id}';
         UPDATE saga_open SET kind = 'payout' WHERE transfer_id = '{id}'"
    ))
    .await;
    goes_to(api, &id, step, waiting_for).await;
    id
}

async fn goes_to(api: &Api, id: &str, step: &str, waiting_for: &str) {
    api.sql(&format!(
        "UPDATE saga_open SET step = '{step}', waiting_for = '{waiting_for}'
         WHERE transfer_id = '{id}'"
    ))
    .await;
}

fn paid(id: &str) -> Value {
    json!({ "payout_id": id, "status": "paid", "provider_reference": "po_1", "at": Utc::now() })
}

fn declined(id: &str) -> Value {
    json!({
        "payout_id": id, "status": "declined", "provider_reference": "po_1",
        "code": "account_closed", "detail": "The account is closed.", "at": Utc::now(),
    })
}

async fn send(api: &Api, path: &str, signature: Option<&str>, body: &str) -> Answer {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(signature.map(|value| ("holdfast-signature", value)));
    api.send(Method::POST, path, &headers, body.to_owned()).await
}

/// Sends a notice, signed as it should be.
async fn tell(api: &Api, notice: &Value) -> Answer {
    let body = notice.to_string();
    let signature = Secret::new(NEW).unwrap().sign(Utc::now().timestamp(), body.as_bytes());
    send(api, PATH, Some(&signature), &body).await
}

async fn sweep(api: &Api) -> usize {
    let mut connection = api.pool.acquire().await.unwrap();
    notices::sweep(&mut connection).await.unwrap()
}

/// The answer that the saga has got.
async fn answer(api: &Api, id: &str) -> Option<Value> {
    let sql = "SELECT answer FROM saga_open WHERE transfer_id = $1 AND waiting_for IS NULL";
    let id: Uuid = id.parse().unwrap();
    let row: Option<Option<Value>> =
        sqlx::query_scalar(sql).bind(id).fetch_optional(&api.pool).await.unwrap();
    row.flatten()
}

async fn unapplied(api: &Api) -> i64 {
    api.count("provider_notice WHERE applied_at IS NULL").await
}

#[tokio::test]
async fn a_notice_is_the_answer_that_a_payout_waits_for_and_again_it_does_nothing() {
    let api = start().await;
    for waiting_for in ["confirmation", "call"] {
        let id = payout(&api, "confirm_payout", waiting_for).await;
        let jobs = api.count("apalis.jobs").await;
        let taken = tell(&api, &paid(&id)).await;
        assert_eq!(taken.status, 200, "{taken:?}");
        assert_eq!(taken.body, json!({ "payout_id": id, "applied": true }));
        assert_eq!(
            answer(&api, &id).await,
            Some(json!({ "kind": "paid", "provider_reference": "po_1" }))
        );
        assert_eq!(api.count("apalis.jobs").await, jobs + 1, "a lane is to look");
        let again = tell(&api, &paid(&id)).await;
        assert_eq!((again.status, &again.body["applied"]), (200, &json!(false)));
        assert_eq!(api.count("apalis.jobs").await, jobs + 1);
    }
    assert_eq!((api.count("provider_notice").await, unapplied(&api).await), (2, 0));
}

#[tokio::test]
async fn a_notice_that_comes_before_its_time_waits_for_the_saga() {
    let api = start().await;
    let id = payout(&api, "submit_payout", "call").await;
    let taken = tell(&api, &declined(&id)).await;
    assert_eq!((taken.status, &taken.body["applied"]), (200, &json!(false)));
    assert_eq!((answer(&api, &id).await, sweep(&api).await), (None, 0));
    goes_to(&api, &id, "confirm_payout", "confirmation").await;
    assert_eq!(sweep(&api).await, 1);
    let expected = json!({
        "kind": "declined", "code": "account_closed", "detail": "The account is closed.",
    });
    assert_eq!(answer(&api, &id).await, Some(expected));
    assert_eq!((sweep(&api).await, unapplied(&api).await), (0, 0));
}

#[tokio::test]
async fn a_notice_about_a_parked_payout_waits_for_a_person_and_a_late_one_for_nobody() {
    let api = start().await;
    let id = payout(&api, "confirm_payout", "confirmation").await;
    api.sql("UPDATE saga_open SET parked_reason = 'outcome_unknown'").await;
    assert_eq!(tell(&api, &paid(&id)).await.body["applied"], false);
    assert_eq!((sweep(&api).await, unapplied(&api).await), (0, 1));
    api.sql("UPDATE saga_open SET parked_reason = NULL").await;
    assert_eq!(sweep(&api).await, 1);
    api.sql("DELETE FROM saga_open").await;
    let late = tell(&api, &declined(&id)).await;
    assert_eq!((late.status, &late.body["applied"]), (200, &json!(false)));
    assert_eq!((api.count("provider_notice").await, unapplied(&api).await), (2, 0));
}

#[tokio::test]
async fn notices_that_contradict_each_other_are_left_to_a_question() {
    let api = start().await;
    let id = payout(&api, "submit_payout", "call").await;
    tell(&api, &paid(&id)).await;
    tell(&api, &declined(&id)).await;
    goes_to(&api, &id, "confirm_payout", "confirmation").await;
    assert_eq!((sweep(&api).await, answer(&api, &id).await), (0, None));
    assert_eq!(unapplied(&api).await, 2);
    let mut connection = api.pool.acquire().await.unwrap();
    let found = notices::find(&mut connection, id.parse().unwrap()).await.unwrap();
    assert_eq!(found, None);
}

#[tokio::test]
async fn of_many_notices_at_once_one_is_applied() {
    let api = start().await;
    let id = payout(&api, "confirm_payout", "confirmation").await;
    let notice = paid(&id);
    let answers = join_all((0..24).map(|_| tell(&api, &notice))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:#?}");
    let applied = answers.iter().filter(|answer| answer.body["applied"] == true).count();
    assert_eq!((applied, api.count("provider_notice").await), (1, 1));
}

#[tokio::test]
async fn what_is_not_signed_by_the_provider_now_is_refused_and_not_written() {
    let api = start().await;
    let id = payout(&api, "confirm_payout", "confirmation").await;
    let body = paid(&id).to_string();
    let now = Utc::now().timestamp();
    let secret = Secret::new(NEW).unwrap();
    let good = secret.sign(now, body.as_bytes());
    let forged = Secret::new("a secret of somebody else").unwrap().sign(now, body.as_bytes());
    for wrong in [
        None,
        Some(String::new()),
        Some("t=1,v1=abc".to_owned()),
        Some(forged.clone()),
        Some(secret.sign(now - 301, body.as_bytes())),
        Some(secret.sign(now + 360, body.as_bytes())),
        Some(secret.sign(now, b"{}")),
        Some(good.replace("v1=", "v2=")),
    ] {
        let answer = send(&api, PATH, wrong.as_deref(), &body).await;
        answer.assert_problem(401, "signature_invalid");
        assert_eq!(answer.header("www-authenticate"), Some("Holdfast-Signature"), "{wrong:?}");
    }
    // Not even whether a body makes sense is told to strangers.
    send(&api, PATH, Some(&forged), "{").await.assert_problem(401, "signature_invalid");
    assert_eq!((api.count("provider_notice").await, answer(&api, &id).await), (0, None));
    let old = Secret::new(OLD).unwrap().sign(now, body.as_bytes());
    assert_eq!(send(&api, PATH, Some(&old), &body).await.status, 200);
}

#[tokio::test]
async fn a_notice_about_nothing_that_is_here_is_not_found() {
    let api = start().await;
    let nothing = paid(&Uuid::now_v7().to_string());
    tell(&api, &nothing).await.assert_problem(404, "transfer_not_found");
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    let plain = api.transfer(&alice, &bob, 500).await.text("/id").to_owned();
    tell(&api, &paid(&plain)).await.assert_problem(404, "transfer_not_found");
    let body = nothing.to_string();
    let signature = Secret::new(NEW).unwrap().sign(Utc::now().timestamp(), body.as_bytes());
    let elsewhere = send(&api, "/v1/providers/other/notices", Some(&signature), &body).await;
    elsewhere.assert_problem(404, "provider_not_found");
    assert_eq!(api.count("provider_notice").await, 0);
}

#[tokio::test]
async fn a_notice_that_says_nothing_useful_is_told_what_is_wrong() {
    let api = start().await;
    let id = payout(&api, "confirm_payout", "confirmation").await;
    for (field, value, named) in [
        ("status", json!("done"), "status"),
        ("provider_reference", json!(" "), "provider_reference"),
        ("provider_reference", json!("a\u{0}b"), "provider_reference"),
        ("code", json!("Account closed"), "code"),
        ("detail", json!("x".repeat(256)), "detail"),
        ("at", json!("yesterday"), "at"),
        ("payout_id", json!(7), "payout_id"),
    ] {
        let mut notice = declined(&id);
        notice[field] = value;
        let answer = tell(&api, &notice).await;
        answer.assert_problem(422, "invalid_body");
        assert_eq!(answer.text("/errors/0/field"), named);
    }
    let mut more = paid(&id);
    more["batch"] = json!(7);
    assert_eq!(tell(&api, &more).await.status, 200, "providers add fields");
    let raw: String =
        sqlx::query_scalar("SELECT raw FROM provider_notice").fetch_one(&api.pool).await.unwrap();
    assert_eq!(raw, more.to_string());
}

#[tokio::test]
async fn bodies_that_do_not_come_keep_others_out_of_nothing_else() {
    let api = start().await;
    let address = api.public.trim_start_matches("http://").to_owned();
    let slow = |path: &'static str| {
        let address = address.clone();
        async move {
            let mut stream = TcpStream::connect(&address).await.unwrap();
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
                 holdfast-signature: t=1,v1=00\r\ncontent-length: 100\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            stream
        }
    };
    // Nobody of that name is waited for.
    let mut stream = slow("/v1/providers/somebody/notices").await;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 404");
    let _slow = join_all((0..64).map(|_| slow(PATH))).await;
    let id = Uuid::now_v7().to_string();
    let began = Instant::now();
    loop {
        let answer = send(&api, PATH, Some("t=1,v1=00"), &paid(&id).to_string()).await;
        if answer.status == 503 {
            break answer.assert_problem(503, "overloaded");
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{answer:?}");
    }
    assert_eq!(api.get("/v1/wallets").await.status, 200);
}

//! What is asked of the sandbox, and what it answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::behavior::{Behavior, Decision, Mishap, Notices, Settles};
use super::book::{Book, Record, Status, Taken};
use super::notify::Notifier;
use super::serve::HangUp;

/// Why the sandbox declines.
pub(super) const DECLINED_CODE: &str = "account_closed";
/// The same, for people.
pub(super) const DECLINED_DETAIL: &str = "The account of the receiver is closed.";

/// How long a request without an answer is kept: longer than anybody waits.
const HANG: Duration = Duration::from_mins(10);

/// Bytes of an answer that is far too large.
const HUGE: usize = 1024 * 1024;

/// How all requests are treated, whatever they ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// As they ask.
    #[default]
    Normal,
    /// They get no answer, and nothing is done.
    Hang,
    /// They get 500, and nothing is done.
    Error,
    /// Their connections break off, and nothing is done.
    Drop,
}

/// What all requests share. Cheap to clone.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) book: Arc<Book>,
    pub(super) notifier: Notifier,
    mode: Arc<Mutex<Mode>>,
}

impl Desk {
    pub(super) fn new(book: Arc<Book>, notifier: Notifier) -> Self {
        Self { book, notifier, mode: Arc::default() }
    }

    pub(super) fn set_mode(&self, mode: Mode) {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }

    fn mode(&self) -> Mode {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings to their end the payouts that a restart found pending.
    pub(super) fn resume(&self) {
        for record in self.book.all() {
            let body = record.body.as_ref().filter(|_| record.status == Status::Pending);
            if let Some(Ok(behavior)) = body.map(behavior_of) {
                self.settle_later(record.key.clone(), behavior);
            }
        }
    }

    /// Takes a payout. An error is the answer to a request that cannot be taken.
    fn take(&self, key: &str, body: &Value, behavior: Behavior) -> Result<Record, Box<Response>> {
        match self.book.take(key, body, behavior.settles) {
            Taken::New(record) => {
                // With `early` its end comes before the answer, and whoever answers sees to it.
                if record.status == Status::Pending && !behavior.early {
                    self.settle_later(key.to_owned(), behavior);
                }
                Ok(record)
            }
            Taken::Known(record) => Ok(record),
            Taken::Conflict => {
                let detail = "The key was used for another payout.";
                Err(Box::new(objection(StatusCode::CONFLICT, "key_reused", detail)))
            }
        }
    }

    fn settle_later(&self, key: String, behavior: Behavior) {
        if behavior.settles == Settles::Never {
            return;
        }
        let desk = self.clone();
        tokio::spawn(async move {
            sleep(behavior.delay).await;
            desk.settle(&key, behavior).await;
        });
    }

    async fn settle(&self, key: &str, behavior: Behavior) {
        let paid = behavior.settles != Settles::DeclinedLater;
        let Some(record) = self.book.settle(key, paid) else { return };
        match behavior.notices {
            Notices::Once => self.notifier.tell(&record).await,
            Notices::Thrice => {
                for _ in 0..3 {
                    self.notifier.tell(&record).await;
                }
            }
            Notices::Forged => self.notifier.lie(&record).await,
            Notices::Silent => {}
        }
    }
}

pub(super) fn router(desk: Desk) -> Router {
    Router::new()
        .route("/payouts", post(submit))
        .route("/payouts/{key}", get(probe))
        .route("/screenings", post(screen))
        .route("/sandbox/payouts", get(payouts))
        .route("/sandbox/notices", get(notices))
        .route("/sandbox/mode", put(set_mode))
        .with_state(desk)
}

async fn submit(State(desk): State<Desk>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if let Some(answer) = by_mode(desk.mode()).await {
        return answer;
    }
    let Some(key) = headers.get("idempotency-key").and_then(|key| key.to_str().ok()) else {
        let detail = "The header Idempotency-Key must be there.";
        return objection(StatusCode::BAD_REQUEST, "key_missing", detail);
    };
    let requests = desk.book.count_submit(key);
    let behavior = match behavior_of(&body) {
        Ok(behavior) => behavior,
        Err(detail) => {
            return objection(StatusCode::UNPROCESSABLE_ENTITY, "reference_not_known", &detail);
        }
    };
    let goes_wrong = requests <= behavior.times;
    if let Some(mishap) = behavior.before.filter(|_| goes_wrong) {
        if mishap == Mishap::Late {
            act_late(&desk, key.to_owned(), body, behavior);
        }
        return go_wrong(mishap).await;
    }
    sleep(behavior.think).await;
    let record = match desk.take(key, &body, behavior) {
        Ok(record) => record,
        Err(answer) => return *answer,
    };
    if behavior.early {
        desk.settle(key, behavior).await;
    }
    match behavior.after.filter(|_| goes_wrong) {
        Some(mishap) => go_wrong(mishap).await,
        // As it was taken, also when it has come to its end meanwhile.
        None => Json(view(&record)).into_response(),
    }
}

/// Acts although nobody waits for the answer any more.
fn act_late(desk: &Desk, key: String, body: Value, behavior: Behavior) {
    let desk = desk.clone();
    tokio::spawn(async move {
        sleep(behavior.delay).await;
        // It may have been asked for again meanwhile, and is then there.
        desk.take(&key, &body, behavior).ok();
    });
}

async fn probe(State(desk): State<Desk>, Path(key): Path<String>) -> Response {
    if let Some(answer) = by_mode(desk.mode()).await {
        return answer;
    }
    let (requests, record) = desk.book.count_probe(&key);
    let Some(record) = record else {
        let detail = "There is no payout with this key.";
        return objection(StatusCode::NOT_FOUND, "payout_not_found", detail);
    };
    let behavior = record.body.as_ref().and_then(|body| behavior_of(body).ok());
    let mishap = behavior.filter(|one| requests <= one.times).and_then(|one| one.after);
    match mishap {
        Some(mishap) => go_wrong(mishap).await,
        None => Json(view(&record)).into_response(),
    }
}

async fn screen(State(desk): State<Desk>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if let Some(answer) = by_mode(desk.mode()).await {
        return answer;
    }
    let behavior = match behavior_of(&body) {
        Ok(behavior) => behavior,
        Err(detail) => {
            return objection(StatusCode::UNPROCESSABLE_ENTITY, "reference_not_known", &detail);
        }
    };
    // Counted beside the payout of the same transfer, not with it.
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or("none");
    let requests = desk.book.count_submit(&format!("screening-{key}"));
    if let Some(mishap) = behavior.screening.filter(|_| requests <= behavior.times) {
        return go_wrong(mishap).await;
    }
    sleep(behavior.think).await;
    let answer = match behavior.decision {
        Decision::Allow => json!({ "decision": "allow" }),
        Decision::Deny => json!({
            "decision": "deny", "code": "on_a_list", "detail": "The receiver is on a list.",
        }),
        Decision::Review => json!({
            "decision": "review", "detail": "The receiver's name is like one on a list.",
        }),
    };
    Json(answer).into_response()
}

async fn payouts(State(desk): State<Desk>) -> Json<Value> {
    Json(json!({ "items": desk.book.all() }))
}

async fn notices(State(desk): State<Desk>) -> Json<Value> {
    Json(json!({ "items": desk.notifier.sent() }))
}

#[derive(Deserialize)]
struct SetMode {
    mode: Mode,
}

async fn set_mode(State(desk): State<Desk>, Json(body): Json<SetMode>) -> Json<Value> {
    desk.set_mode(body.mode);
    Json(json!({ "mode": body.mode }))
}

/// A payout as those who ask see it.
fn view(record: &Record) -> Value {
    let reference = &record.provider_reference;
    match record.status {
        Status::Paid => json!({ "status": "paid", "provider_reference": reference }),
        Status::Declined => json!({
            "status": "declined", "provider_reference": reference,
            "code": DECLINED_CODE, "detail": DECLINED_DETAIL,
        }),
        Status::Pending | Status::Unknown => {
            json!({ "status": "pending", "provider_reference": reference })
        }
    }
}

fn behavior_of(body: &Value) -> Result<Behavior, String> {
    let amount = body["amount_minor"].as_i64().unwrap_or_default();
    Behavior::of(body["reference"].as_str(), amount)
}

async fn by_mode(mode: Mode) -> Option<Response> {
    let mishap = match mode {
        Mode::Normal => return None,
        Mode::Hang => Mishap::Hang,
        Mode::Error => Mishap::Error,
        Mode::Drop => Mishap::Drop,
    };
    Some(go_wrong(mishap).await)
}

async fn go_wrong(mishap: Mishap) -> Response {
    match mishap {
        Mishap::Hang | Mishap::Late => {
            sleep(HANG).await;
            hang_up()
        }
        Mishap::Drop => hang_up(),
        Mishap::Error => {
            objection(StatusCode::INTERNAL_SERVER_ERROR, "sandbox", "Something went wrong.")
        }
        Mishap::Garbage => "{\"status\": \"pa".into_response(),
        Mishap::Huge => "x".repeat(HUGE).into_response(),
        Mishap::Busy => objection(StatusCode::TOO_MANY_REQUESTS, "busy", "Come back later."),
    }
}

/// An answer that is not sent: the connection breaks off instead.
fn hang_up() -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(HangUp);
    response
}

fn objection(status: StatusCode, code: &str, detail: &str) -> Response {
    (status, Json(json!({ "code": code, "detail": detail }))).into_response()
}

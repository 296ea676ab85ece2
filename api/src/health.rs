//! `/health`: whether the process runs, and whether it can do its work; and `/metrics`.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde_json::{Value, json};
use wire::ProblemCode;

use crate::error::ApiError;
use crate::state::App;

/// `GET /health/live`: the process answers. It asks nobody else, so that an outage
/// of the database does not restart every process.
pub(crate) async fn live() -> Json<Value> {
    Json(json!({ "status": "live" }))
}

/// `GET /health/started`: the database has answered once and has our schema.
pub(crate) async fn started(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    if app.health.is_started() {
        return Ok(Json(json!({ "status": "started" })));
    }
    Err(ApiError::new(ProblemCode::NotReady, "The process is starting."))
}

/// `GET /health/ready`: the database answers and is migrated, jobs included, and the process is not
/// about to end.
pub(crate) async fn ready(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let not = match app.health.ready().await {
        Ok(()) => return Ok(Json(json!({ "status": "ready" }))),
        Err(not) => not,
    };
    let error = ApiError::new(ProblemCode::NotReady, not.detail);
    Err(match not.cause {
        Some(cause) => error.because(cause),
        None => error,
    })
}

/// `GET /metrics`, for operators: what this process counts.
pub(crate) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    telemetry::listener::exposition(&app.looks)
}

//! `/health`: whether the process runs, and whether it can do its work.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use store::describe;
use store::health::{NEWEST_MIGRATION, Readiness, readiness};
use wire::ProblemCode;

use crate::error::ApiError;
use crate::state::App;

/// `GET /health/live`: the process answers. It asks nobody else, so that an outage
/// of the database does not restart every process.
pub(crate) async fn live() -> Json<Value> {
    Json(json!({ "status": "live" }))
}

/// `GET /health/ready`: the database answers and is migrated.
pub(crate) async fn ready(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    match readiness(app.readers.writer()).await {
        Ok(Readiness::Ready) => Ok(Json(json!({ "status": "ready" }))),
        Ok(Readiness::NotMigrated) => {
            let detail = format!("The database lacks the migration {NEWEST_MIGRATION}.");
            Err(ApiError::new(ProblemCode::NotReady, detail))
        }
        Err(error) => {
            let detail = "The database does not answer.";
            Err(ApiError::new(ProblemCode::NotReady, detail).because(describe(&error)))
        }
    }
}

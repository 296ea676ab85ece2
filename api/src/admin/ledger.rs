use axum::Json;
use axum::extract::State;
use store::ledger::{LedgerReport, Mode};

use super::operator::Viewer;
use crate::error::ApiError;
use crate::extract::Params;
use crate::state::App;

/// `GET /admin/v1/ledger/check?mode=quick|full`; quick when it does not say. Who asks for quick ones at about
/// the same time gets the same.
pub(crate) async fn check(
    State(app): State<App>,
    _: Viewer,
    mut params: Params,
) -> Result<Json<LedgerReport>, ApiError> {
    let mode = params.read("mode", "must be quick or full", |text| match text {
        "quick" => Some(Mode::Quick),
        "full" => Some(Mode::Full),
        _ => None,
    });
    params.finish()?;
    let report = app.ledger_checks.check(mode.unwrap_or(Mode::Quick)).await?;
    Ok(Json(report))
}

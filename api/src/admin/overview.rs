use axum::Json;
use axum::extract::State;
use wire::Overview;

use super::operator::Viewer;
use crate::error::ApiError;
use crate::extract::Params;
use crate::overview::POINTS_MAX;
use crate::state::App;

/// Seconds of history for who does not say how many.
const POINTS_DEFAULT: u64 = 120;

/// `GET /admin/v1/overview?points=`: from memory, but for the first to look after a while, who
/// waits for a sample.
pub(crate) async fn get(
    State(app): State<App>,
    _: Viewer,
    mut params: Params,
) -> Result<Json<Overview>, ApiError> {
    let wanted = format!("must be a whole number from 1 to {POINTS_MAX}");
    let points = params.read("points", &wanted, |text| {
        text.parse().ok().filter(|count| (1..=POINTS_MAX).contains(count))
    });
    params.finish()?;
    let overview = app.overview.read(points.unwrap_or(POINTS_DEFAULT)).await;
    overview.map(Json).ok_or_else(ApiError::database_away)
}

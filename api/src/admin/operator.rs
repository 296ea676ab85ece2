use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use domain::operator::OperatorRole;
use store::operators::{Operator, authenticate};
use wire::{Me, ProblemCode};

use crate::error::ApiError;
use crate::extract::NoParams;
use crate::state::App;

/// Whoever has a token.
pub(crate) struct Viewer(pub Operator);

/// Whoever may change something.
pub(crate) struct Changer(pub Operator);

impl FromRequestParts<App> for Viewer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let unknown = || {
            ApiError::field(
                ProblemCode::OperatorUnknown,
                "Authorization",
                "must be `Bearer` and the token of an operator",
            )
        };
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) = header.and_then(|value| value.split_once(' ')).ok_or_else(unknown)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(unknown());
        }
        let operator = authenticate(app.readers.writer(), token.trim()).await?;
        operator.map(Self).ok_or_else(unknown)
    }
}

impl FromRequestParts<App> for Changer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Viewer(operator) = Viewer::from_request_parts(parts, app).await?;
        require(&operator, OperatorRole::Operator)?;
        Ok(Self(operator))
    }
}

/// Says no to whoever has a lesser role.
pub(crate) fn require(operator: &Operator, least: OperatorRole) -> Result<(), ApiError> {
    if operator.role >= least {
        return Ok(());
    }
    let enough = OperatorRole::ALL.iter().filter(|role| **role >= least);
    let enough: Vec<&str> = enough.map(|role| role.as_str()).collect();
    let (name, role, enough) = (&operator.name, operator.role, enough.join(" or "));
    let detail = format!("{name} has the role {role}; this needs the role {enough}.");
    Err(ApiError::new(ProblemCode::OperatorNotAllowed, detail))
}

/// `GET /admin/v1/me`
pub(crate) async fn me(Viewer(operator): Viewer, _: NoParams) -> Json<Me> {
    Json(Me { name: operator.name, role: operator.role })
}

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::operator::OperatorRole;
use store::operators::{Operator, is_operator_token};
use wire::{Me, ProblemCode};

use crate::auth::bearer;
use crate::error::ApiError;
use crate::extract::NoParams;
use crate::state::App;

/// Whoever has a token of their own, or one of the issuer that gives a role.
pub(crate) struct Viewer(pub Operator);

/// Whoever may change something.
pub(crate) struct Changer(pub Operator);

impl FromRequestParts<App> for Viewer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = credential(parts)?;
        if !is_operator_token(token) {
            return app.auth.operator(token).await.map(Self);
        }
        let operator = app.operators.look(token).await?;
        operator.map(Self).ok_or_else(ApiError::operator_unknown)
    }
}

impl FromRequestParts<App> for Changer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = credential(parts)?;
        let operator = if is_operator_token(token) {
            app.operators.find(token).await?.ok_or_else(ApiError::operator_unknown)?
        } else {
            app.auth.operator(token).await?
        };
        require(&operator, OperatorRole::Operator)?;
        Ok(Self(operator))
    }
}

fn credential(parts: &Parts) -> Result<&str, ApiError> {
    bearer(&parts.headers).map_err(|_| ApiError::operator_unknown())
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

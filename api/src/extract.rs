//! Extractors: each reads one thing from a request and answers with a problem that
//! names it when it is not valid.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use domain::ids::{TransferId, WalletId};
use uuid::Uuid;
use wire::ProblemCode;

use crate::error::ApiError;

mod body;
mod headers;
mod params;

pub(crate) use body::Body;
pub(crate) use headers::{
    Caller, CorrelationId, MoneyKey, OptionalKey, Trace, WaitPreference, header_once,
};
pub(crate) use params::{NoParams, Params};

/// The id in the path.
pub(crate) struct Id<T>(pub T);

impl<S: Send + Sync, T: From<Uuid>> FromRequestParts<S> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let invalid =
            |name: &str| ApiError::field(ProblemCode::InvalidParameter, name, "must be a UUID");
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| invalid("path"))?;
        let Some((name, text)) = params.iter().next() else {
            return Err(ApiError::internal("a route with an id has no parameter in its path"));
        };
        Uuid::try_parse(text).map(|id| Self(id.into())).map_err(|_| invalid(name))
    }
}

/// A text in the path, such as an id that others have made.
pub(crate) struct PathText(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let invalid = |name: &str, what: &str| {
            Err(ApiError::field(ProblemCode::InvalidParameter, name, what))
        };
        let Ok(params) = RawPathParams::from_request_parts(parts, state).await else {
            return invalid("path", "must be UTF-8");
        };
        match params.iter().next() {
            Some((name, text)) if text.contains('\0') => invalid(name, "must not contain U+0000"),
            Some((_, text)) => Ok(Self(text.to_owned())),
            None => Err(ApiError::internal("a route with a text has no parameter in its path")),
        }
    }
}

/// The wallet in the path.
pub(crate) type WalletPath = Id<WalletId>;

/// The transfer in the path.
pub(crate) type TransferPath = Id<TransferId>;

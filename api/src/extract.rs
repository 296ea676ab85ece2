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

pub(crate) use body::{Body, RawBody, is_media_type, read_object};
pub(crate) use headers::{
    CorrelationId, MoneyKey, OptionalKey, Trace, TraceContext, WaitPreference, header_once,
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

/// The words in the path, as many as the route has.
pub(crate) struct Words<const N: usize>(pub [String; N]);

impl<S: Send + Sync, const N: usize> FromRequestParts<S> for Words<N> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let invalid = |detail: &str| ApiError::field(ProblemCode::InvalidParameter, "path", detail);
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| invalid("must be UTF-8"))?;
        let words: Vec<String> = params.iter().map(|(_, text)| text.to_owned()).collect();
        if words.iter().any(|word| word.contains('\0')) {
            return Err(invalid("must not contain U+0000"));
        }
        let count = words.len();
        let words = words.try_into().map(Self);
        words.map_err(|_| ApiError::internal(format!("a route with {count} words in its path")))
    }
}

/// The wallet in the path.
pub(crate) type WalletPath = Id<WalletId>;

/// The transfer in the path.
pub(crate) type TransferPath = Id<TransferId>;

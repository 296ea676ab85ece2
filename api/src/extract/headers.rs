use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use domain::idempotency::{IdempotencyKey, KEY_CHARS_MAX};
use wire::ProblemCode;
use wire::limits::WAIT_SECONDS_MAX;

use crate::error::ApiError;

/// Name of the header as clients read it.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The request's correlation id, found or made before any handler runs.
#[derive(Debug, Clone)]
pub(crate) struct CorrelationId(pub String);

/// The W3C trace context of the request, found or made before any handler runs; none when the client
/// sent none and there is no collector.
#[derive(Debug, Clone)]
pub(crate) struct TraceContext(pub Option<String>);

/// What ties together everything that this request causes.
pub(crate) struct Trace {
    pub correlation_id: Option<String>,
    /// W3C trace context; none when absent or not valid.
    pub traceparent: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Trace {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let correlation_id = parts.extensions.get::<CorrelationId>().map(|id| id.0.clone());
        let context = parts.extensions.get::<TraceContext>();
        let traceparent = context.and_then(|context| context.0.clone());
        Ok(Self { correlation_id, traceparent })
    }
}

impl From<Trace> for store::wallets::Origin {
    fn from(trace: Trace) -> Self {
        Self { correlation_id: trace.correlation_id, traceparent: trace.traceparent }
    }
}

/// The `Idempotency-Key` that a request that moves money must have.
pub(crate) struct MoneyKey(pub IdempotencyKey);

/// The `Idempotency-Key` of a request that may have one.
pub(crate) struct OptionalKey(pub Option<IdempotencyKey>);

impl<S: Send + Sync> FromRequestParts<S> for OptionalKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let invalid = || {
            ApiError::field(
                ProblemCode::IdempotencyKeyInvalid,
                IDEMPOTENCY_KEY,
                format!("must be 1 to {KEY_CHARS_MAX} visible ASCII characters, sent once"),
            )
        };
        let text = header_once(&parts.headers, IDEMPOTENCY_KEY).map_err(|_| invalid())?;
        let key = text.map(IdempotencyKey::new).transpose().map_err(|_| invalid())?;
        Ok(Self(key))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MoneyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let OptionalKey(key) = OptionalKey::from_request_parts(parts, state).await?;
        key.map(Self).ok_or_else(|| {
            ApiError::field(
                ProblemCode::IdempotencyKeyMissing,
                IDEMPOTENCY_KEY,
                "is required: it makes it safe to send the request again",
            )
        })
    }
}

/// `Prefer: wait=N`: how long the client would wait for the outcome, capped.
pub(crate) struct WaitPreference(pub Option<Duration>);

impl<S: Send + Sync> FromRequestParts<S> for WaitPreference {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(wait_seconds(&parts.headers).map(Duration::from_secs)))
    }
}

/// The first `wait` among the preferences. One that is not valid is ignored, as RFC 7240 has it.
fn wait_seconds(headers: &HeaderMap) -> Option<u64> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut preferences = values.flat_map(|value| value.split(','));
    let wait = preferences.find_map(|preference| {
        let (name, rest) = preference.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then_some(rest)
    })?;
    let seconds = wait.split(';').next().unwrap_or_default().trim().trim_matches('"');
    let seconds: u64 = seconds.parse().ok()?;
    (seconds > 0).then_some(seconds.min(WAIT_SECONDS_MAX))
}

/// A header was sent more than once, or is not ASCII.
pub(crate) struct NotOne;

/// The text of a header that may be sent once.
pub(crate) fn header_once<'a>(
    headers: &'a HeaderMap,
    name: &str,
) -> Result<Option<&'a str>, NotOne> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(NotOne);
    }
    value.to_str().map(Some).map_err(|_| NotOne)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_to_wait_is_found_among_others_and_capped() {
        for (value, seconds) in [
            ("wait=5", Some(5)),
            ("respond-async, wait=10", Some(10)),
            ("Wait = 7; foo", Some(7)),
            ("wait=\"3\"", Some(3)),
            ("wait=3600", Some(WAIT_SECONDS_MAX)),
            ("wait=0", None),
            ("wait=-1", None),
            ("wait=soon", None),
            ("return=minimal", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", value.parse().unwrap());
            assert_eq!(wait_seconds(&headers), seconds, "{value}");
        }
    }
}

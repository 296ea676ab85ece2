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
        let traceparent = match header_once(&parts.headers, "traceparent") {
            Ok(Some(text)) if is_traceparent(text) => Some(text.to_owned()),
            // Its specification wants a broken one ignored, not refused.
            _ => None,
        };
        Ok(Self { correlation_id, traceparent })
    }
}

impl From<Trace> for store::wallets::Origin {
    fn from(trace: Trace) -> Self {
        Self { correlation_id: trace.correlation_id, traceparent: trace.traceparent }
    }
}

/// `version-trace_id-parent_id-flags` in lower case hexadecimal digits; a version
/// above 00 may have more behind another dash. No id is all zeros.
fn is_traceparent(text: &str) -> bool {
    let is_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let is_zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    let mut parts = text.splitn(5, '-');
    let known = ["version", "trace_id", "parent_id", "flags"].map(|_| parts.next().unwrap_or(""));
    let rest = parts.next();
    let [version, trace_id, parent_id, flags] = known;
    known.iter().all(|part| is_hex(part))
        && known.map(str::len) == [2, 32, 16, 2]
        && version != "ff"
        && !is_zero(trace_id)
        && !is_zero(parent_id)
        && flags.len() == 2
        && (version != "00" || rest.is_none())
        // It is stored and sent on; nobody needs kilobytes of a version to come.
        && text.len() <= 128
        && text.is_ascii()
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
    fn a_traceparent_is_what_w3c_says() {
        let ids = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";
        let zeros = "0".repeat(32);
        for (text, valid) in [
            (format!("00-{ids}-01"), true),
            (format!("cc-{ids}-01-what-comes"), true),
            (format!("00-{ids}-01-more"), false),
            (format!("ff-{ids}-01"), false),
            (format!("00-{ids}-1"), false),
            (format!("00-{}-01", ids.to_uppercase()), false),
            (format!("00-{zeros}-b7ad6b7169203331-01"), false),
            (format!("00-0af7651916cd43dd8448eb211c80319c-{}-01", &zeros[..16]), false),
            (String::new(), false),
            (format!("01-{ids}-01-{}", "x".repeat(100)), false),
        ] {
            assert_eq!(is_traceparent(&text), valid, "{text}");
        }
    }

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

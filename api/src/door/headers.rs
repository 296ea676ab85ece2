//! Headers for browsers.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::CorsLayer;

/// How long a browser remembers what it may ask for.
const PREFLIGHT_MAX: Duration = Duration::from_mins(10);

/// A year: whoever came by TLS once is to come by it always.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What every answer says, unless it says something else already. Answers are for programs: no
/// browser is to show, frame, guess at or keep them.
const ALWAYS: [(HeaderName, HeaderValue); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
];

/// Adds them.
pub(super) fn secure<B>(response: &mut axum::http::Response<B>, by_tls: bool) {
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(value);
    }
    if by_tls {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(TLS_ONLY);
    }
}

/// What pages of these origins may do: all that other clients may, with a token that they send
/// themselves. No cookies, because there are none.
pub(crate) fn cors(origins: Vec<HeaderValue>) -> CorsLayer {
    let named = |names: &[&'static str]| -> Vec<HeaderName> {
        names.iter().map(|name| HeaderName::from_static(name)).collect()
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(named(&[
            "authorization",
            "content-type",
            "idempotency-key",
            "last-event-id",
            "prefer",
            "traceparent",
            "x-correlation-id",
        ]))
        .expose_headers(named(&[
            "holdfast-as-of",
            "idempotent-replayed",
            "location",
            "preference-applied",
            "retry-after",
            "x-correlation-id",
        ]))
        .max_age(PREFLIGHT_MAX)
}

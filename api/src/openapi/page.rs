//! `/docs`: a page that shows the document. It asks no other host for anything.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// Only what this host serves, and nothing inline.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

/// `GET /docs`
pub(crate) async fn page() -> Response {
    served("text/html; charset=utf-8", include_str!("page/page.html"))
}

/// `GET /docs/page.js`
pub(crate) async fn script() -> Response {
    served("text/javascript; charset=utf-8", include_str!("page/page.js"))
}

/// `GET /docs/page.css`
pub(crate) async fn style() -> Response {
    served("text/css; charset=utf-8", include_str!("page/page.css"))
}

fn served(media_type: &'static str, text: &'static str) -> Response {
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, text).into_response()
}

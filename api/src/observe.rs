//! Around every request: its correlation id and its trace, its problem document, its log line and
//! its figures, and the net below a handler that panics.

use std::panic::AssertUnwindSafe;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tracing::Instrument;
use uuid::Uuid;
use wire::limits::CORRELATION_ID_CHARS_MAX;
use wire::{PROBLEM_MEDIA_TYPE, Problem, ProblemCode};

use crate::error::{ApiError, Draft};
use crate::extract::{CorrelationId, TraceContext, header_once};

mod seen;

use seen::Seen;

static CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// The middleware; it is the outermost, so that no answer gets around it.
pub(crate) async fn observe(mut request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    // The pattern, not the path: lines and figures are grouped by it.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let (correlation_id, valid) = correlation_id(request.headers());
    let mut seen = Seen::begin(&method, route, &path, &correlation_id, request.headers());
    request.extensions_mut().insert(CorrelationId(correlation_id.clone()));
    request.extensions_mut().insert(TraceContext(seen.traceparent()));

    let response = if valid {
        answer(request, next).instrument(seen.lines()).await
    } else {
        let detail =
            format!("must be 1 to {CORRELATION_ID_CHARS_MAX} visible ASCII characters, sent once");
        ApiError::field(ProblemCode::InvalidHeader, CORRELATION_ID.as_str(), detail).into_response()
    };
    let (mut response, draft) = finish(response, &path, &correlation_id);
    if let Ok(value) = HeaderValue::from_str(&correlation_id) {
        response.headers_mut().insert(&CORRELATION_ID, value);
    }
    seen.answered(&response, draft.as_ref());
    response
}

/// The handler's answer, or that of a handler that panicked.
async fn answer(request: Request, next: Next) -> Response {
    // The panic ends this one request; what it shares with others is behind locks
    // that recover and a database that rolls back.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let text = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned());
            let text = text.unwrap_or_else(|| "without a message".to_owned());
            ApiError::internal(format!("a handler panicked: {text}")).into_response()
        }
    }
}

/// The client's correlation id or a new one, and whether what the client sent was valid.
fn correlation_id(headers: &HeaderMap) -> (String, bool) {
    match header_once(headers, CORRELATION_ID.as_str()) {
        Ok(Some(text)) if is_correlation_id(text) => (text.to_owned(), true),
        Ok(None) => (Uuid::now_v7().to_string(), true),
        _ => (Uuid::now_v7().to_string(), false),
    }
}

fn is_correlation_id(text: &str) -> bool {
    (1..=CORRELATION_ID_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Writes the problem document of an answer that has one.
fn finish(mut response: Response, path: &str, correlation_id: &str) -> (Response, Option<Draft>) {
    let status = response.status();
    let mut draft = response.extensions_mut().remove::<Draft>();
    if draft.is_none() && (status.is_client_error() || status.is_server_error()) {
        // Said by the framework, in plain text: no path of ours leads here, but a new
        // version of it may.
        let cause = format!("the framework answered {status}");
        let code = if status.is_server_error() {
            ProblemCode::InternalError
        } else {
            ProblemCode::BodyUnreadable
        };
        let problem = Problem::new(code, status.canonical_reason().unwrap_or("Not understood."));
        draft = Some(Draft { problem, cause: Some(cause) });
    }
    let Some(mut draft) = draft else {
        return (response, None);
    };
    draft.problem.instance = Some(path.to_owned());
    correlation_id.clone_into(&mut draft.problem.correlation_id);
    let text = serde_json::to_vec(&draft.problem).unwrap_or_default();
    *response.status_mut() = StatusCode::from_u16(draft.problem.status).unwrap_or(status);
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_MEDIA_TYPE));
    *response.body_mut() = Body::from(text);
    (response, Some(draft))
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::to_bytes;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn answer_of(router: Router) -> (StatusCode, Problem) {
        let router = router.layer(from_fn(observe));
        let request = Request::builder().uri("/x").header("x-correlation-id", "c-1");
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        assert_eq!(head.headers[header::CONTENT_TYPE], PROBLEM_MEDIA_TYPE);
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        (head.status, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_that_shows_no_inside() {
        let router = Router::new().route("/x", get(|| async { panic!("secret") as &str }));
        let (status, problem) = answer_of(router).await;
        assert_eq!((status.as_u16(), problem.code), (500, ProblemCode::InternalError));
        assert_eq!(problem.correlation_id, "c-1");
        assert!(!problem.detail.contains("secret"));
    }

    #[tokio::test]
    async fn a_plain_text_error_becomes_a_problem() {
        let plain = || async { (StatusCode::PAYLOAD_TOO_LARGE, "length limit exceeded") };
        let (status, problem) = answer_of(Router::new().route("/x", get(plain))).await;
        assert_eq!((status.as_u16(), problem.code), (400, ProblemCode::BodyUnreadable));
    }
}

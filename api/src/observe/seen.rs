//! One request as others see it: a log line, figures, and a span where there is a collector.

use std::time::{Instant, SystemTime};

use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use domain::trace::{TraceParent, trace_id};
use telemetry::metrics::metrics;
use telemetry::traces::{self, Kind, Live};
use wire::ProblemCode;

use crate::error::Draft;
use crate::extract::header_once;

/// A request under way. Dropped without an answer, its client has gone away.
pub(super) struct Seen {
    began: Instant,
    method: Method,
    route: String,
    path: String,
    /// What the client sent, if it is a trace context.
    came_with: Option<String>,
    span: Option<Live>,
    /// Every line that is written while the request is worked on has its fields.
    lines: tracing::Span,
    _in_flight: InFlight,
}

impl Seen {
    pub(super) fn begin(
        method: &Method,
        route: &str,
        path: &str,
        correlation_id: &str,
        headers: &HeaderMap,
    ) -> Self {
        // A broken one is ignored, not refused, as its specification wants it.
        let text = header_once(headers, "traceparent").ok().flatten();
        let parent = text.and_then(TraceParent::parse);
        let came_with = parent.and(text).map(ToOwned::to_owned);
        let span = begin_span(method, route, path, correlation_id, parent.as_ref());
        let context = span.as_ref().map(|span| span.context().to_string());
        let lines =
            tracing::error_span!("request", correlation_id, trace_id = tracing::field::Empty);
        let trace = trace_id(context.as_deref().or(came_with.as_deref()));
        if !trace.is_empty() {
            lines.record("trace_id", trace);
        }
        Self {
            began: Instant::now(),
            method: method.clone(),
            route: route.to_owned(),
            path: path.to_owned(),
            came_with,
            span,
            lines,
            _in_flight: InFlight::begin(),
        }
    }

    /// What all that comes of this request has as its trace context: its own span, or what it came
    /// with where there is none.
    pub(super) fn traceparent(&self) -> Option<String> {
        let own = self.span.as_ref().map(|span| span.context().to_string());
        own.or_else(|| self.came_with.clone())
    }

    pub(super) fn lines(&self) -> tracing::Span {
        self.lines.clone()
    }

    /// The head of the answer is there.
    pub(super) fn answered(&mut self, response: &Response, draft: Option<&Draft>) {
        let status = response.status();
        self.count(status);
        self.lines.in_scope(|| self.log(response, draft));
        let Some(mut span) = self.span.take() else { return };
        span.set("http.response.status_code", i64::from(status.as_u16()));
        if let Some(draft) = draft {
            span.set("problem.code", draft.problem.code.as_str());
        }
        if status.is_server_error() {
            span.fail(status.to_string());
        }
        span.end(SystemTime::now());
    }

    fn count(&self, status: StatusCode) {
        let to = &metrics().http;
        let (method, route) = (verb(&self.method), self.route.clone());
        to.requests.one([method.into(), route.clone().into(), class(status).into()]);
        to.duration.since([method.into(), route.into()], self.began);
    }

    /// One line a request; for what is our fault with its cause, and louder. Who only asks how the
    /// process is, is not worth one.
    fn log(&self, response: &Response, draft: Option<&Draft>) {
        let Self { method, route, path, .. } = self;
        let status = response.status().as_u16();
        let duration_us = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let Some(Draft { problem, cause }) = draft else {
            if is_probe(route) {
                tracing::debug!(
                    http.route = route,
                    http.status = status,
                    duration_us,
                    "{method} {path}"
                );
                return;
            }
            let location = response.headers().get(header::LOCATION);
            let location = location.and_then(|value| value.to_str().ok());
            tracing::info!(
                http.method = %method, http.route = route, http.status = status, duration_us,
                http.location = location, "{method} {path} was answered with {status}"
            );
            return;
        };
        let (code, cause) = (problem.code.as_str(), cause.as_deref());
        if status == StatusCode::INTERNAL_SERVER_ERROR.as_u16() {
            tracing::error!(
                http.method = %method, http.route = route, http.status = status, duration_us,
                problem.code = code, cause, "{method} {path} failed: {code}"
            );
        } else if cause.is_some() {
            tracing::warn!(
                http.method = %method, http.route = route, http.status = status, duration_us,
                problem.code = code, cause, "{method} {path} failed: {code}"
            );
        } else if matches!(problem.code, ProblemCode::RateLimited | ProblemCode::Overloaded) {
            // A flood is to fill nothing. The door tells once a second how many they were, and figures count all.
            tracing::debug!(
                http.method = %method, http.route = route, http.status = status, duration_us,
                problem.code = code, "{method} {path} was refused: {code}"
            );
        } else {
            tracing::info!(
                http.method = %method, http.route = route, http.status = status, duration_us,
                problem.code = code, detail = problem.detail, "{method} {path} was refused: {code}"
            );
        }
    }
}

fn begin_span(
    method: &Method,
    route: &str,
    path: &str,
    correlation_id: &str,
    parent: Option<&TraceParent>,
) -> Option<Live> {
    if !traces::is_on() || is_probe(route) {
        return None;
    }
    let name = format!("{} {route}", verb(method));
    let span = traces::begin(name, Kind::Server, parent, SystemTime::now())?;
    Some(
        span.with("http.request.method", verb(method))
            .with("http.route", route.to_owned())
            .with("url.path", path.to_owned())
            .with("correlation.id", correlation_id.to_owned()),
    )
}

/// Asked every few seconds by machines that only want to know how the process is.
fn is_probe(route: &str) -> bool {
    route.starts_with("/health") || route == "/metrics"
}

/// One of few words, whatever a client sends.
fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

/// Counted until it is dropped, also when the client goes away first.
struct InFlight;

impl InFlight {
    fn begin() -> Self {
        metrics().http.in_flight.add([], 1.0);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        metrics().http.in_flight.add([], -1.0);
    }
}

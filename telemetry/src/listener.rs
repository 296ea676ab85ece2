//! The address where metrics and health are asked for.

use std::net::SocketAddr;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::health::Health;
use crate::metrics;
use crate::sampler::Looks;

/// What scrapers ask for: the text format with one `# EOF` at its end.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The address is taken, or not of this machine.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {addr} (HOLDFAST_METRICS_ADDR)")]
pub struct ListenError {
    addr: SocketAddr,
    #[source]
    source: std::io::Error,
}

/// A listener that serves until it is dropped.
#[derive(Debug)]
pub struct Listener {
    addr: SocketAddr,
    serving: JoinHandle<()>,
}

impl Listener {
    /// Takes the address and serves `/metrics` and `/health`.
    pub async fn start(
        addr: SocketAddr,
        health: Health,
        looks: Looks,
    ) -> Result<Self, ListenError> {
        let failed = |source| ListenError { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        tracing::info!("metrics and health are at {addr}");
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router(health, looks)).await {
                tracing::error!(error = %error, "metrics and health are not served any more");
            }
        });
        Ok(Self { addr, serving })
    }

    /// Where it listens; with the port that was taken when 0 was asked for.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn router(health: Health, looks: Looks) -> Router {
    Router::new()
        .route("/health/live", get(async || Json(json!({ "status": "live" }))))
        .route("/health/ready", get(ready))
        .route("/health/started", get(started))
        .with_state(health)
        .merge(Router::new().route("/metrics", get(show)).with_state(looks))
}

async fn ready(State(health): State<Health>) -> Response {
    match health.ready().await {
        Ok(()) => Json(json!({ "status": "ready" })).into_response(),
        Err(not) => {
            let body = Json(json!({ "status": "not_ready", "detail": not.detail }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}

async fn started(State(health): State<Health>) -> Response {
    if health.is_started() {
        Json(json!({ "status": "started" })).into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "starting" }))).into_response()
    }
}

async fn show(State(looks): State<Looks>) -> impl IntoResponse {
    exposition(&looks)
}

/// The answer to a scrape, which it takes note of.
pub fn exposition(looks: &Looks) -> impl IntoResponse + use<> {
    looks.note();
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], metrics::render())
}

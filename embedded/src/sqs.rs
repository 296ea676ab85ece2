//! An SQS endpoint within this process: no port to choose, no container, nothing to install.
//!
//! Engine and protocol are rustack's. It keeps everything in memory, so the queues and what is in them end with the
//! process, and [`Endpoint::lose_state`] makes them end sooner. What it does differently from AWS is written down in
//! `docs/decisions/0011-embedded-sqs.md`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use rustack_sqs_core::config::SqsConfig;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_http::service::{SqsHttpConfig, SqsHttpService};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

/// Region of its queues, which are part of their ARNs.
pub const REGION: &str = "us-east-1";

/// The endpoint cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot open an SQS endpoint on 127.0.0.1:{port}")]
pub struct SqsEndpointError {
    /// The port asked for; 0 for any.
    port: u16,
    /// Why.
    #[source]
    source: std::io::Error,
}

/// An SQS endpoint on the loopback interface. It ends with the runtime that it was started on, or when dropped.
#[derive(Debug)]
pub struct Endpoint {
    addr: SocketAddr,
    engine: Arc<RustackSqs>,
    /// None while stopped.
    serving: Option<JoinHandle<()>>,
}

impl Endpoint {
    /// Opens an endpoint without queues on `port`, or on a free one.
    pub async fn start(port: Option<u16>) -> Result<Self, SqsEndpointError> {
        let listener = listen(port.unwrap_or(0)).await?;
        let addr = listener
            .local_addr()
            .map_err(|source| SqsEndpointError { port: port.unwrap_or(0), source })?;
        let engine = engine(addr);
        let serving = Some(tokio::spawn(serve(listener, engine.clone())));
        Ok(Self { addr, engine, serving })
    }

    /// What `SQS_ENDPOINT_URL` would hold.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Its port; the same after every restart.
    pub fn port(&self) -> u16 {
        self.addr.port()
    }

    /// Breaks all connections and refuses new ones, as SQS does for a client behind a broken network. Queues and
    /// messages stay for [`Self::resume`].
    pub async fn stop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            // The port is free only after the task has let go of it.
            let _ = serving.await;
        }
    }

    /// Listens again on the same port, with the queues and messages of before.
    pub async fn resume(&mut self) -> Result<(), SqsEndpointError> {
        self.stop().await;
        let listener = listen(self.addr.port()).await?;
        self.serving = Some(tokio::spawn(serve(listener, self.engine.clone())));
        Ok(())
    }

    /// Stops, and forgets all queues and messages.
    pub async fn lose_state(&mut self) {
        self.stop().await;
        self.engine.shutdown_all().await;
        self.engine = engine(self.addr);
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
        }
    }
}

fn engine(addr: SocketAddr) -> Arc<RustackSqs> {
    Arc::new(RustackSqs::new(SqsConfig {
        skip_signature_validation: true,
        default_region: REGION.to_owned(),
        host: addr.ip().to_string(),
        port: addr.port(),
        ..SqsConfig::default()
    }))
}

async fn listen(port: u16) -> Result<TcpListener, SqsEndpointError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    listener.map_err(|source| SqsEndpointError { port, source })
}

/// Serves until aborted; the connections end with it.
async fn serve(listener: TcpListener, engine: Arc<RustackSqs>) {
    let config = SqsHttpConfig { region: REGION.to_owned(), ..SqsHttpConfig::default() };
    let service = SqsHttpService::new(Arc::new(RustackSqsHandler::new(engine)), config);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // An answer is one small packet that must not wait for the next one.
                    stream.set_nodelay(true).ok();
                    let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
                    connections.spawn(serving);
                }
                Err(error) => {
                    tracing::warn!(error = %error, "the SQS endpoint cannot accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

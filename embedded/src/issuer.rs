//! An issuer of tokens within this process, for development and tests: it signs whatever it is asked to.
//!
//! It publishes its keys as every OpenID issuer does, so the API that believes it runs the same code as in production.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

mod signer;
pub use signer::{Algorithm, Claims, Signer, SignerError, encode, message};

/// Whom its tokens are for, unless they say otherwise.
pub const AUDIENCE: &str = "holdfast";

/// After a connection that could not be taken.
const PAUSE: Duration = Duration::from_millis(50);

/// The issuer cannot start.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// The port is taken.
    #[error("cannot open an issuer of tokens on 127.0.0.1:{port}")]
    Listen {
        /// The port asked for; 0 for any.
        port: u16,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No key.
    #[error(transparent)]
    Signer(#[from] SignerError),
}

/// An issuer on the loopback interface. It ends with the runtime that it was started on, or when dropped.
pub struct Issuer {
    addr: SocketAddr,
    signer: Shared,
    /// None while stopped.
    serving: Option<JoinHandle<()>>,
}

impl Issuer {
    /// Opens an issuer with a new key on `port`, or on a free one.
    pub async fn start(port: Option<u16>) -> Result<Self, IssuerError> {
        let listener = listen(port.unwrap_or(0)).await?;
        let failed = |source| IssuerError::Listen { port: port.unwrap_or(0), source };
        let addr = listener.local_addr().map_err(failed)?;
        let signer = Signer::new(url(addr), Algorithm::EdDsa)?;
        let signer = Arc::new(RwLock::new(Arc::new(signer)));
        let serving = Some(tokio::spawn(serve(listener, addr, signer.clone())));
        Ok(Self { addr, signer, serving })
    }

    /// Its name, which is where it is found, too.
    pub fn url(&self) -> String {
        url(self.addr)
    }

    /// Its key.
    pub fn signer(&self) -> Arc<Signer> {
        Arc::clone(&self.signer.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A token with these claims.
    pub fn token(&self, claims: &Claims) -> String {
        self.signer().token(claims)
    }

    /// Takes a new key and publishes no other.
    pub fn rotate(&self, algorithm: Algorithm) -> Result<(), IssuerError> {
        let signer = Arc::new(Signer::new(self.url(), algorithm)?);
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = signer;
        Ok(())
    }

    /// Is away, as a real one may be, until [`Self::resume`].
    pub async fn stop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            // The port is free only after the task has let go of it.
            let _ = serving.await;
        }
    }

    /// Listens again on the same port.
    pub async fn resume(&mut self) -> Result<(), IssuerError> {
        self.stop().await;
        let listener = listen(self.addr.port()).await?;
        self.serving = Some(tokio::spawn(serve(listener, self.addr, self.signer.clone())));
        Ok(())
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
        }
    }
}

fn url(addr: SocketAddr) -> String {
    format!("http://{addr}")
}

async fn listen(port: u16) -> Result<TcpListener, IssuerError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    listener.map_err(|source| IssuerError::Listen { port, source })
}

type Shared = Arc<RwLock<Arc<Signer>>>;

/// Serves until aborted; the connections end with it.
async fn serve(listener: TcpListener, addr: SocketAddr, signer: Shared) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, perhaps: that does not end by asking again at once.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let signer = signer.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = answer(request.uri().path(), addr, &signer);
            async move { answer }
        });
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn answer(
    path: &str,
    addr: SocketAddr,
    signer: &Shared,
) -> Result<Response<String>, hyper::http::Error> {
    let url = url(addr);
    let body = match path {
        "/.well-known/openid-configuration" => {
            json!({ "issuer": url, "jwks_uri": format!("{url}/jwks.json") })
        }
        "/jwks.json" => {
            let signer = signer.read().unwrap_or_else(PoisonError::into_inner);
            json!({ "keys": [signer.jwk()] })
        }
        _ => return Response::builder().status(StatusCode::NOT_FOUND).body(String::new()),
    };
    Response::builder().header(CONTENT_TYPE, "application/json").body(body.to_string())
}

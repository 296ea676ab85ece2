//! An issuer of tokens within this process, for development and tests: it signs whatever it is asked to.
//!
//! It publishes its keys as every OpenID issuer does, so the API that believes it runs the same code as in production.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use http_body_util::{BodyExt, Collected};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, LOCATION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

mod logins;
mod signer;
use logins::{Answer, Form, Logins};
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
    shared: Shared,
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
        let shared = Arc::new(State {
            url: url(addr),
            signer: RwLock::new(Arc::new(signer)),
            logins: Mutex::default(),
        });
        let serving = Some(tokio::spawn(serve(listener, shared.clone())));
        Ok(Self { addr, shared, serving })
    }

    /// Its name, which is where it is found, too.
    pub fn url(&self) -> String {
        url(self.addr)
    }

    /// Its key.
    pub fn signer(&self) -> Arc<Signer> {
        self.shared.signer()
    }

    /// A token with these claims.
    pub fn token(&self, claims: &Claims) -> String {
        self.signer().token(claims)
    }

    /// Takes a new key and publishes no other.
    pub fn rotate(&self, algorithm: Algorithm) -> Result<(), IssuerError> {
        let signer = Arc::new(Signer::new(self.url(), algorithm)?);
        *self.shared.signer.write().unwrap_or_else(PoisonError::into_inner) = signer;
        Ok(())
    }

    /// Whoever logs in from now on is this one; none for nobody, as long as the person has not confirmed.
    pub fn admit(&self, person: Option<Claims>) {
        self.shared.logins().person = person;
    }

    /// How often a login was renewed.
    pub fn renewed(&self) -> usize {
        self.shared.logins().renewed
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
        self.serving = Some(tokio::spawn(serve(listener, self.shared.clone())));
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

type Shared = Arc<State>;

/// What all connections share.
struct State {
    url: String,
    signer: RwLock<Arc<Signer>>,
    logins: Mutex<Logins>,
}

impl State {
    fn signer(&self) -> Arc<Signer> {
        Arc::clone(&self.signer.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn logins(&self) -> MutexGuard<'_, Logins> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until aborted; the connections end with it.
async fn serve(listener: TcpListener, state: Shared) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, perhaps: that does not end by asking again at once.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let state = state.clone();
        let service = service_fn(move |request| answer(state.clone(), request));
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    state: Shared,
    request: Request<Incoming>,
) -> Result<Response<String>, hyper::http::Error> {
    let path = request.uri().path().to_owned();
    let answer = match path.as_str() {
        "/.well-known/openid-configuration" => Answer::Json(StatusCode::OK, discovery(&state.url)),
        "/jwks.json" => Answer::Json(StatusCode::OK, json!({ "keys": [state.signer().jwk()] })),
        "/device" => {
            let form = form(request).await;
            state.logins().device(&state.url, &form)
        }
        "/authorize" => {
            let form = form(request).await;
            state.logins().authorize(&form)
        }
        "/token" => {
            let form = form(request).await;
            state.logins().token(&state.signer(), &form)
        }
        _ => Answer::Json(StatusCode::NOT_FOUND, json!({})),
    };
    match answer {
        Answer::Json(status, body) => {
            let response = Response::builder().status(status);
            response.header(CONTENT_TYPE, "application/json").body(body.to_string())
        }
        Answer::Redirect(url) => {
            let response = Response::builder().status(StatusCode::FOUND);
            response.header(LOCATION, url).body(String::new())
        }
    }
}

fn discovery(url: &str) -> serde_json::Value {
    json!({
        "issuer": url,
        "jwks_uri": format!("{url}/jwks.json"),
        "token_endpoint": format!("{url}/token"),
        "authorization_endpoint": format!("{url}/authorize"),
        "device_authorization_endpoint": format!("{url}/device"),
    })
}

/// The parameters of the address and of the body, whichever there are.
async fn form(request: Request<Incoming>) -> Form {
    let query = request.uri().query().unwrap_or_default().to_owned();
    // A client that breaks off gets no answer in any case.
    let body = request.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    let pairs = |bytes: &[u8]| url::form_urlencoded::parse(bytes).into_owned().collect::<Vec<_>>();
    pairs(query.as_bytes()).into_iter().chain(pairs(&body)).collect()
}

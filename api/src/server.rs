use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::HeaderValue;
use store::StoreError;
use store::health::WrongSchema;
use telemetry::Lights;
use telemetry::listener::ListenError;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::auth::AuthConfig;
use crate::config::Config;
use crate::door::{self, Certificate, Listener, TlsError, TlsFiles};
use crate::router::{admin_router, router};
use crate::state::App;

/// How long requests under way may take after the stop was asked for. Orchestrators
/// kill after 30 seconds.
const DRAIN_MAX: Duration = Duration::from_secs(25);

/// What this process is called in figures and traces.
pub const SERVICE: &str = "holdfast-api";

/// How long the start waits for the database's word about its schema. After that requests are taken, and
/// those that need the database fail, until it answers; then the schema is judged all the same.
const SCHEMA_WAIT: Duration = Duration::from_secs(1);

/// Why the API cannot start or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum ApiStartError {
    /// An address of a database cannot be understood.
    #[error("cannot open the database pools")]
    Store(#[from] StoreError),
    /// No HTTP client, often because the machine has no certificates that it trusts.
    #[error("cannot make a client for the issuer of tokens")]
    Issuer(#[source] reqwest::Error),
    /// Others could reach an API that lets everybody do everything.
    #[error(
        "{variable} is {addr}, which others can reach, and HOLDFAST_AUTH is off; name an issuer"
    )]
    Open {
        /// The address.
        addr: SocketAddr,
        /// The variable that names it.
        variable: &'static str,
    },
    /// A port is taken, or the address is not of this machine.
    #[error("cannot listen on {addr} ({variable})")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// The variable that names it.
        variable: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// There is no TLS with the files that were given.
    #[error("cannot speak TLS ({variable})")]
    Tls {
        /// The variable that names the certificate.
        variable: &'static str,
        /// What is wrong with them.
        #[source]
        source: TlsError,
    },
    /// The schema is not the one that this version was made for.
    #[error(transparent)]
    Schema(#[from] WrongSchema),
    /// The address for metrics and health is taken.
    #[error(transparent)]
    Metrics(#[from] ListenError),
    /// A listener failed.
    #[error("cannot serve")]
    Serve(#[source] std::io::Error),
}

/// The API with both of its addresses taken, but not yet serving.
pub struct Server {
    app: App,
    public: Listener,
    admin: Listener,
    cors_origins: Vec<HeaderValue>,
    public_addr: SocketAddr,
    admin_addr: SocketAddr,
    lights: Lights,
}

impl Server {
    /// Takes the addresses, reads the switches and starts the background tasks. Goes on
    /// without the database: `/health/ready` tells when it answers. A database with a schema that this
    /// version does not know is an error.
    pub async fn bind(config: &Config) -> Result<Self, ApiStartError> {
        if matches!(config.auth, AuthConfig::Off) {
            stay_home(config)?;
        }
        let app = App::new(config).await?;
        if let Ok(judged) = tokio::time::timeout(SCHEMA_WAIT, app.health.schema()).await {
            judged?;
            app.health.running();
        }
        let (public, public_addr) = listen(config.public_addr, "HOLDFAST_API_ADDR").await?;
        let (admin, admin_addr) = listen(config.admin_addr, "HOLDFAST_ADMIN_ADDR").await?;
        let door = &config.door;
        let tls = certificate(door.tls.as_ref(), "HOLDFAST_TLS_CERT_FILE")?;
        let admin_tls = certificate(door.admin_tls.as_ref(), "HOLDFAST_ADMIN_TLS_CERT_FILE")?;
        let public = Listener::new(public, tls, door);
        let admin = Listener::new(admin, admin_tls, door);
        let cors_origins = door.cors_origins.clone();
        let (health, looks) = (app.health.clone(), app.looks.clone());
        let database = &config.database;
        let lights = Lights::start(&config.telemetry, SERVICE, database, health, looks).await?;
        Ok(Self { app, public, admin, cors_origins, public_addr, admin_addr, lights })
    }

    /// Where clients connect; with the port that was taken when 0 was asked for.
    pub fn public_addr(&self) -> SocketAddr {
        self.public_addr
    }

    /// Where operators connect.
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin_addr
    }

    /// Serves until `shutdown` is done, then finishes the requests under way. Those
    /// that wait for an outcome are answered at once with what there is; those that watch
    /// or stream end and say so.
    pub async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), ApiStartError> {
        let Self { app, public, admin, cors_origins, lights: _lights, .. } = self;
        let (stop, stopped) = watch::channel(false);
        let mut clients = router(app.clone());
        if !cors_origins.is_empty() {
            clients = clients.layer(door::cors(cors_origins));
        }
        let serving = async {
            tokio::join!(
                door::serve(public, clients, stopped.clone()),
                door::serve(admin, admin_router(app.clone()), stopped.clone()),
            )
        };
        tokio::pin!(serving);
        // Neither ends before it is told to.
        tokio::select! {
            _ = &mut serving => return Ok(()),
            wrong = wrong_schema(&app) => return Err(wrong.into()),
            () = shutdown => {}
        }
        app.health.draining();
        tracing::info!("draining; at most {DRAIN_MAX:?}");
        stop.send_replace(true);
        app.send_home();
        let drained = tokio::time::timeout(DRAIN_MAX, serving).await;
        app.close().await;
        if drained.is_err() {
            tracing::warn!("requests were still under way after {DRAIN_MAX:?}");
        }
        Ok(())
    }
}

/// Takes the addresses and serves until `shutdown` is done.
pub async fn run(
    config: Config,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ApiStartError> {
    let server = Server::bind(&config).await?;
    tracing::info!(public = %server.public_addr(), admin = %server.admin_addr(), "listening");
    server.serve(shutdown).await
}

/// Comes back only when the database answers with a schema that is not ours.
async fn wrong_schema(app: &App) -> WrongSchema {
    if !app.health.is_started() {
        if let Err(wrong) = app.health.schema().await {
            return wrong;
        }
        app.health.running();
    }
    std::future::pending().await
}

/// Nobody is asked who they are, so nobody else may come.
fn stay_home(config: &Config) -> Result<(), ApiStartError> {
    let addresses =
        [(config.public_addr, "HOLDFAST_API_ADDR"), (config.admin_addr, "HOLDFAST_ADMIN_ADDR")];
    for (addr, variable) in addresses {
        if !addr.ip().is_loopback() {
            return Err(ApiStartError::Open { addr, variable });
        }
    }
    tracing::warn!(
        "HOLDFAST_AUTH is off: everybody on this machine may move everybody's money. \
         This is for tests and measurements only."
    );
    Ok(())
}

async fn listen(
    addr: SocketAddr,
    variable: &'static str,
) -> Result<(TcpListener, SocketAddr), ApiStartError> {
    let failed = |source| ApiStartError::Listen { addr, variable, source };
    let listener = TcpListener::bind(addr).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn certificate(
    files: Option<&TlsFiles>,
    variable: &'static str,
) -> Result<Option<Certificate>, ApiStartError> {
    let started = files.map(|files| Certificate::start(files.clone())).transpose();
    started.map_err(|source| ApiStartError::Tls { variable, source })
}

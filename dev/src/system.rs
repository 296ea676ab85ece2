//! Start and stop of the parts.
//!
//! Who is needed starts first and stops last: PostgreSQL, then the API that writes commands down and the workers that
//! carry them out. At a stop the API goes first, so that the workers drain what was accepted and no more comes.

use std::future::pending;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use embedded::issuer::{AUDIENCE, Issuer};
use embedded::postgres::Server;
use embedded::sqs::Endpoint;
use tokio::sync::Mutex;
use uuid::Uuid;
use wire::signature::Secret;

use crate::args::Options;
use crate::console::Console;
use crate::error::DevError;
use crate::failures::{SharedEndpoint, WORKER_DEFAULTS};
use crate::issuer::Tokens;
use crate::part::Part;
use crate::provider::{Launch, Provider};
use crate::sandbox::program::SECRET;
use crate::settings::Settings;
use crate::{database, issuer, ports};

/// Names the queues of the user's own.
const SQS_ENDPOINT: &str = "SQS_ENDPOINT_URL";
/// Name a payout provider and a screening service of the user's own.
const PROVIDERS: [&str; 2] = ["HOLDFAST_PAYOUT_PROVIDER_URL", "HOLDFAST_SCREENING_URL"];
/// The payout provider's name when none is given.
const PROVIDER_NAME: &str = "payouts";

/// What runs. Filled while it starts, so that an end in the middle of the start finds what there is to stop.
#[derive(Default)]
pub(crate) struct System {
    /// None when the database is the user's own.
    postgres: Option<Server>,
    /// None when the queues are elsewhere.
    sqs: Option<SharedEndpoint>,
    issuer: Option<Issuer>,
    api: Option<Part>,
    /// None when payouts and screenings are asked for elsewhere.
    provider: Option<Provider>,
    workers: Option<Part>,
}

/// Where the parts are found.
pub(crate) struct Places {
    /// For clients.
    pub(crate) public: SocketAddr,
    /// For operators.
    pub(crate) admin: SocketAddr,
    /// Usual ports that others have taken.
    pub(crate) passed_over: Vec<u16>,
    /// With the password.
    pub(crate) database_url: String,
    /// Endpoint of the queues.
    pub(crate) sqs_url: String,
    /// The sandbox provider; none when there is none.
    pub(crate) provider_url: Option<String>,
    /// Data of the private PostgreSQL; none when the database is the user's own.
    pub(crate) data_dir: Option<PathBuf>,
    /// The issuer of tokens.
    pub(crate) issuer_url: String,
    /// Tokens for the banner.
    pub(crate) tokens: Tokens,
    /// The token of this process.
    pub(crate) own_token: String,
}

impl Places {
    /// Address of the API as a client on this machine writes it.
    pub(crate) fn api_url(&self) -> String {
        url(self.public)
    }

    /// The same for operators.
    pub(crate) fn admin_url(&self) -> String {
        url(self.admin)
    }
}

/// "All addresses" is no address to connect to; the loopback is one of them.
fn url(mut addr: SocketAddr) -> String {
    match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => addr.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => addr.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{addr}")
}

impl System {
    /// Brings the parts up one after the other.
    pub(crate) async fn start(
        &mut self,
        options: Options,
        settings: &Settings,
        hooks: jobs::Hooks,
        console: &Console,
    ) -> Result<Places, DevError> {
        if options.failures && variable(SQS_ENDPOINT).is_some() {
            return Err(DevError::FailuresOnForeign);
        }
        let database_url = self.start_database(options.fresh, settings, console).await?;
        console.step("migrations");
        migration::up(&database_url).await?;
        console.step("API and workers");
        let secret = webhook_secret();
        let issuer = issuer::start().await?;
        let (own_token, tokens) = (issuer::own(&issuer), issuer::tokens(&issuer));
        let issuer_url = self.issuer.insert(issuer).url();
        let for_api = (database_url.as_str(), issuer_url.as_str());
        let (public, admin) = self.start_api(settings, for_api, &secret).await?;
        let passed_over = [
            (settings.public_addr, public, ports::PUBLIC_PORT),
            (settings.admin_addr, admin, ports::ADMIN_PORT),
        ]
        .into_iter()
        .filter(|(asked_for, taken, usual)| asked_for.is_none() && taken.port() != *usual)
        .map(|(_, _, usual)| usual)
        .collect();
        let sqs_url = self.start_sqs().await?;
        let provider_url = self.start_provider(public, &secret, options.fresh).await?;
        let provider = provider_url.as_deref();
        self.start_workers(&database_url, &sqs_url, provider, hooks, options.failures)?;
        let data_dir = self.postgres.as_ref().map(|server| server.data_dir().to_owned());
        Ok(Places {
            public,
            admin,
            passed_over,
            database_url,
            sqs_url,
            provider_url,
            data_dir,
            issuer_url,
            tokens,
            own_token,
        })
    }

    /// The sandbox provider, unless the user has somebody to ask.
    async fn start_provider(
        &mut self,
        api: SocketAddr,
        secret: &str,
        fresh: bool,
    ) -> Result<Option<String>, DevError> {
        if PROVIDERS.iter().any(|name| variable(name).is_some()) {
            return Ok(None);
        }
        let launch = Launch {
            notices: format!("{}/v1/providers/{}/notices", url(api), provider_name()),
            secret,
            // It remembers as long as the data do that know of it.
            journal: self.postgres.is_some(),
            fresh,
        };
        let provider = Provider::start(launch).await.map_err(DevError::Provider)?;
        Ok(Some(self.provider.insert(provider).url().to_owned()))
    }

    async fn start_database(
        &mut self,
        fresh: bool,
        settings: &Settings,
        console: &Console,
    ) -> Result<String, DevError> {
        match &settings.database_url {
            Some(_) if fresh => Err(DevError::FreshOnForeign),
            Some(url) => {
                console.step("PostgreSQL, the one that DATABASE_URL names");
                database::reach(url).await?;
                Ok(url.clone())
            }
            None => {
                let what = if fresh { "new data" } else { "data" };
                console.step(&format!("PostgreSQL, {what} in {}", database::DATA_DIR));
                let server = database::start(fresh).await?;
                Ok(database::url(self.postgres.insert(server)))
            }
        }
    }

    async fn start_api(
        &mut self,
        settings: &Settings,
        (database_url, issuer_url): (&str, &str),
        secret: &str,
    ) -> Result<(SocketAddr, SocketAddr), DevError> {
        let mut config = api::Config::new(database_url);
        // One's own machine, and `--load` comes from one address.
        config.door = api::door::DoorConfig::without_rates();
        config.auth =
            api::AuthConfig::Issuer(Box::new(api::IssuerConfig::new(issuer_url, AUDIENCE)));
        let secret = Secret::new(secret).map_err(DevError::WebhookSecret)?;
        config.webhook = Some(api::Webhook { provider: provider_name(), secrets: vec![secret] });
        (config.public_addr, config.admin_addr) =
            ports::choose(settings.public_addr, settings.admin_addr);
        let server = api::Server::bind(&config).await?;
        let addresses = (server.public_addr(), server.admin_addr());
        self.api = Some(Part::spawn("the API", async move |stop| Ok(server.serve(stop).await?)));
        Ok(addresses)
    }

    /// The queues that `SQS_ENDPOINT_URL` names, or an endpoint brought along. What is in that one ends with the
    /// process; the event log stays, and `holdfast-jobs replay` sends from it again.
    async fn start_sqs(&mut self) -> Result<String, DevError> {
        if let Some(url) = variable(SQS_ENDPOINT) {
            return Ok(url);
        }
        let endpoint = Endpoint::start(None).await?;
        let url = endpoint.url();
        self.sqs = Some(Arc::new(Mutex::new(endpoint)));
        Ok(url)
    }

    /// The endpoint brought along; none when the queues are elsewhere.
    pub(crate) fn endpoint(&self) -> Option<SharedEndpoint> {
        self.sqs.clone()
    }

    fn start_workers(
        &mut self,
        database_url: &str,
        sqs_url: &str,
        provider_url: Option<&str>,
        hooks: jobs::Hooks,
        failures: bool,
    ) -> Result<(), DevError> {
        let defaults: &[(&str, &str)] = if failures { &WORKER_DEFAULTS } else { &[] };
        let config = jobs::Config::from_lookup(|name| match name {
            "DATABASE_URL" => Some(database_url.to_owned()),
            name if name.starts_with("DATABASE_") => None,
            SQS_ENDPOINT => Some(sqs_url.to_owned()),
            name if PROVIDERS.contains(&name) => {
                variable(name).or_else(|| provider_url.map(str::to_owned))
            }
            // The report looks at the queues under their usual names, and nobody else may have roles here.
            "HOLDFAST_ROLES" | "HOLDFAST_QUEUE_AUDIT_URL" | "HOLDFAST_QUEUE_METRICS_URL"
                if failures =>
            {
                None
            }
            // Nobody else makes the queues here. A value of the user's own still counts.
            "HOLDFAST_CREATE_QUEUES" => variable(name).or(Some("true".to_owned())),
            _ => variable(name).or_else(|| {
                let default = defaults.iter().find(|(one, _)| *one == name);
                default.map(|(_, value)| (*value).to_owned())
            }),
        })?;
        self.workers = Some(Part::spawn("the workers", async move |stop| {
            jobs::run(config, hooks, stop).await.map_err(DevError::Workers)
        }));
        Ok(())
    }

    /// Waits until a part ends although nobody told it to.
    pub(crate) async fn failure(&mut self) -> DevError {
        let Self { postgres, api, provider, workers, .. } = self;
        tokio::select! {
            // First, because without it the others fail as well, with less to say.
            biased;
            error = postgres_ended(postgres.as_ref()) => error,
            error = part_ended(api.as_mut()) => error,
            error = part_ended(workers.as_mut()) => error,
            error = provider_ended(provider.as_mut()) => error,
        }
    }

    /// Stops all parts, each after it has finished what it has in hand. One that fails to does not keep the others up.
    pub(crate) async fn stop(&mut self) -> Result<(), DevError> {
        let mut results = Vec::new();
        for part in [self.api.take(), self.workers.take()].into_iter().flatten() {
            results.push(part.stop().await);
        }
        self.sqs = None;
        self.issuer = None;
        if let Some(provider) = self.provider.take() {
            provider.stop().await;
        }
        if let Some(server) = self.postgres.take() {
            results.push(server.stop().await.map_err(DevError::from));
        }
        results.into_iter().collect()
    }

    /// Ends all parts after an error, without waiting for work that may need what is gone. Nothing is lost: what was
    /// accepted is in the database.
    pub(crate) async fn abandon(&mut self) {
        [self.api.take(), self.workers.take()].into_iter().flatten().for_each(Part::abandon);
        self.provider = None;
        self.issuer = None;
        if let Some(server) = self.postgres.take() {
            // The error that brought us here is the one to tell.
            let _ = server.stop().await;
        }
    }
}

/// A variable that is set to nothing counts as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

async fn postgres_ended(server: Option<&Server>) -> DevError {
    let Some(server) = server else { return pending().await };
    server.exited().await;
    DevError::PostgresEnded { log: server.log_tail() }
}

/// As the workers read it, too.
fn provider_name() -> String {
    variable("HOLDFAST_PAYOUT_PROVIDER_NAME").unwrap_or_else(|| PROVIDER_NAME.to_owned())
}

/// How notices are signed: as the user says, or with a secret for this start only.
fn webhook_secret() -> String {
    variable(SECRET).unwrap_or_else(|| format!("{}{}", Uuid::new_v4(), Uuid::new_v4()))
}

async fn provider_ended(provider: Option<&mut Provider>) -> DevError {
    match provider {
        Some(provider) => provider.ended().await,
        None => pending().await,
    }
    DevError::Ended("the sandbox provider")
}

async fn part_ended(part: Option<&mut Part>) -> DevError {
    match part {
        Some(part) => part.ended().await,
        None => pending().await,
    }
}

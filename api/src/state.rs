use std::sync::Arc;

use domain::transfer::TransferKind;
use store::incidents::Incident;
use store::pool::{self, Purpose};
use store::readers::Readers;
use store::switches::Switches;
use store::wake::{Channel, Waker};
use store::writer::Watch;
use telemetry::health::Health;
use telemetry::metrics::watch_pool;
use telemetry::sampler::Looks;
use tokio::sync::Semaphore;

use crate::admin::approvals::FourEyes;
use crate::auth::{Auth, Operators};
use crate::config::{Config, Webhook};
use crate::door::Door;
use crate::facts::Facts;
use crate::intake::Intake;
use crate::ledger_checks::LedgerChecks;
use crate::notices;
use crate::overview::{Overview, SharedRead};
use crate::server::ApiStartError;
use crate::transfers::Streams;
use crate::waiters::Waiters;
use crate::watchers::Watchers;

/// The overview checks the ledger once at a time.
const BADGE_CONNECTIONS: u32 = 1;

/// Wake-ups go one after the other.
const WAKER_CONNECTIONS: u32 = 1;

/// What all requests share. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Shared>);

pub struct Shared {
    /// Who may ask.
    pub(crate) auth: Auth,
    /// Who may look after it.
    pub(crate) operators: Operators,
    pub(crate) readers: Readers,
    pub(crate) facts: Facts,
    pub(crate) intake: Intake,
    pub(crate) waiters: Waiters,
    pub(crate) watchers: Watchers,
    /// Commands that come line by line.
    pub(crate) streams: Streams,
    /// What one operator may not do alone.
    pub(crate) four_eyes: FourEyes,
    /// What operators have stopped.
    pub(crate) switches: Switches,
    /// What kinds of transfers a screening service is asked about.
    pub(crate) screened_outside: Vec<TransferKind>,
    /// Wakes workers: there is a new job.
    pub(crate) waker: Waker,
    /// Wakes relays: there is a new event.
    pub(crate) news: Waker,
    /// Wakes the desk: an operator has decided something.
    pub(crate) desk: Waker,
    /// Who may send notices about payouts; none when nobody may.
    pub(crate) webhook: Option<Webhook>,
    /// One permit for each notice that is being received.
    pub(crate) notices: Semaphore,
    /// What every request has to pass first.
    pub(crate) door: Door,
    /// How Holdfast stands, sampled for all consoles together.
    pub(crate) overview: Overview,
    /// What is dead, read for all consoles together.
    pub(crate) incidents: SharedRead<Vec<Incident>>,
    /// Looks who the writer is, as long as anybody asks it.
    _watch: Watch,
    pub(crate) ledger_checks: LedgerChecks,
    /// How the process is.
    pub(crate) health: Health,
    /// Who looks at its figures.
    pub(crate) looks: Looks,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// Opens the pools, without waiting for the database, and starts the tasks of the
    /// intake, the waiters and the watchers on the current tokio runtime. The switches are read first,
    /// so that none is overlooked in the first moment; a database that is away costs two seconds.
    pub async fn new(config: &Config) -> Result<Self, ApiStartError> {
        let database = &config.database;
        let watch = Watch::start(database)?;
        let readers =
            Readers::open(database, config.replica.as_ref(), config.read_connections_max)?;
        let open = |purpose, size| pool::open(database, purpose, size);
        let wakers = open(Purpose::Reads, WAKER_CONNECTIONS)?;
        let waker = Waker::start(wakers.clone(), Channel::Saga);
        let news = Waker::start(wakers.clone(), Channel::Outbox);
        let desk = Waker::start(wakers, Channel::Desk);
        let intake = Intake::start(database, readers.writer().clone(), &waker, config.limits)?;
        // Half of the room: while nothing settles, who does not wait still gets in.
        let waiters = Waiters::start(readers.clone(), config.door.requests_max.div_ceil(2));
        let watchers = Watchers::start(readers.clone(), config.watchers_max);
        let streams = Streams::new(config.streams_max, config.stream_wait_max);
        let switches = Switches::start(database).await?;
        let ledger_checks = LedgerChecks::open(database)?;
        let facts = Facts::start(readers.writer());
        // Not the pool of the checks that operators ask for: neither is to wait for the other.
        let badge = open(Purpose::Maintenance, BADGE_CONNECTIONS)?;
        let overview = Overview::start(readers.writer(), badge);
        let auth = Auth::start(&config.auth, readers.writer()).map_err(ApiStartError::Issuer)?;
        let writer = readers.writer().clone();
        let operators = Operators::new(writer.clone());
        watch_pool("reads", &writer);
        let health = Health::new(move || writer.clone(), config.telemetry.newer_schema);
        Ok(Self(Arc::new(Shared {
            auth,
            operators,
            readers,
            facts,
            intake,
            waiters,
            watchers,
            streams,
            four_eyes: config.four_eyes,
            switches,
            screened_outside: config.screened_outside.clone(),
            waker,
            news,
            desk,
            webhook: config.webhook.clone(),
            notices: Semaphore::new(notices::RECEIVED_MAX),
            door: Door::new(&config.door),
            overview,
            incidents: SharedRead::default(),
            _watch: watch,
            ledger_checks,
            health,
            looks: Looks::default(),
        })))
    }

    /// Ends what would otherwise go on for long: requests that wait, watch or stream.
    pub(crate) fn send_home(&self) {
        self.waiters.close();
        self.watchers.close();
        self.streams.close();
    }

    /// Closes the pools, after the last request.
    pub(crate) async fn close(&self) {
        self.overview.stop();
        self.readers.close().await;
        self.ledger_checks.close().await;
    }
}

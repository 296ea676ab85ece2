//! The workers: apalis takes jobs, a lane advances their transfers, and the
//! keeper looks after what was lost or is finished. The relay sends the events that
//! this makes to SQS, and consumers receive them. What a transfer needs from others is
//! asked for outside of any lane.
//!
//! Invariant: apalis is the wake-up, never the truth. A lost job costs seconds
//! (the keeper finds its transfers), a job run twice costs one look at rows that
//! are gone.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use domain::group::{Faults, NoFaults};
use sqlx::PgPool;
use store::StoreError;
use store::health::WrongSchema;
use store::lane::{LaneRules, NoProbe, Probe};
use store::pool::{self, Database, Purpose, Single};
use store::switches::Switches;
use store::wake::{Channel, Waker};
use store::writer::{Watch, anew};
use telemetry::Lights;
use telemetry::health::Health;
use telemetry::listener::ListenError;
use telemetry::metrics::watch_pool;
use telemetry::sampler::Looks;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

pub mod archive;
mod config;
mod consumers;
pub mod database_token;
mod desk;
mod drain;
mod events;
mod keeper;
mod lane;
pub mod outside;
mod relay;
pub mod replay;
mod role;
mod sqs;
mod steady;
mod worker;

pub use config::{Config, ConfigError};
pub use consumers::{Consumer, ConsumerError, ConsumerFaults, NoConsumerFaults};
pub use outside::OutsideConfig;
pub use role::Role;
pub use sqs::{QueueAt, SqsConfig, SqsError};

use events::Events;
use outside::{CallProbe, Calls, NoCallProbe, OutsideError};
use relay::Bell;

/// How long a drain may take before the process ends anyway. What is cut off is
/// rolled back and taken up by another worker.
const DRAIN_MAX: Duration = Duration::from_secs(20);

/// What this process is called in figures and traces.
const SERVICE: &str = "holdfast-jobs";

/// Calls take and answer in milliseconds, so a few connections serve many of them.
const CALL_CONNECTIONS: u32 = 4;

/// What tests put in the place of nothing.
pub struct Hooks {
    /// Failures to inject into steps.
    pub faults: Box<dyn Faults>,
    /// Watches the transactions of the lane.
    pub probe: Box<dyn Probe>,
    /// Messages that consumers fail to handle.
    pub consumers: Arc<dyn ConsumerFaults>,
    /// Watches the calls outside.
    pub calls: Arc<dyn CallProbe>,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            faults: Box::new(NoFaults),
            probe: Box::new(NoProbe),
            consumers: Arc::new(NoConsumerFaults),
            calls: Arc::new(NoCallProbe),
        }
    }
}

/// The process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The database's address is wrong.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A queue is missing.
    #[error(transparent)]
    Sqs(#[from] SqsError),
    /// A queue does not suit its consumer.
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
    /// Whoever is to be asked cannot be.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// The schema is not the one that this version was made for.
    #[error(transparent)]
    Schema(#[from] WrongSchema),
    /// The address for metrics and health is taken.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The role of calls without anybody to call.
    #[error(
        "role calls needs somebody to ask; set HOLDFAST_PAYOUT_PROVIDER_URL or HOLDFAST_SCREENING_URL"
    )]
    NoProvider,
    /// A role was asked for that needs what is not configured.
    #[error(
        "role {0} needs SQS; set SQS_ENDPOINT_URL, or the addresses of both queues in \
         HOLDFAST_QUEUE_AUDIT_URL and HOLDFAST_QUEUE_METRICS_URL"
    )]
    NoSqs(&'static str),
}

/// Runs the roles of this process until `shutdown` completes, then drains: no new
/// jobs, those in hand are finished and acknowledged.
pub async fn run(
    config: Config,
    hooks: Hooks,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), RunError> {
    let roles = config.roles()?;
    let _watch = Watch::start(&config.database)?;
    let pools = Arc::new(Pools::open(&config.database)?);
    let (health, looks) = (pools.health(&config), Looks::default());
    let _lights =
        Lights::start(&config.telemetry, SERVICE, &config.database, health.clone(), looks).await?;
    tokio::pin!(shutdown);
    // A statement of another version could do anything, so nothing runs before this is known.
    tokio::select! {
        judged = health.schema() => judged?,
        () = &mut shutdown => return Ok(()),
    }
    let switches = Switches::start(&config.database).await?;
    let (stop, stopping) = watch::channel(false);
    let news = Arc::new(Notify::new());
    let mut tasks = Vec::new();
    if let Some(sqs) = config.sqs.clone().filter(|_| roles.iter().any(|role| role.uses_sqs())) {
        let events = Events {
            config: sqs,
            roles: roles.clone(),
            pools: pools.clone(),
            audit: Some(Single::new(&config.database, Purpose::Consumer)?),
            metrics: Some(Single::new(&config.database, Purpose::Consumer)?),
            news: news.clone(),
            switches: switches.clone(),
            faults: hooks.consumers.clone(),
            health: health.clone(),
            stopping: stopping.clone(),
        };
        let queues = events.find().await?;
        health.queues_missing(queues.is_none());
        tasks.push(tokio::spawn(events.run(queues)));
    }
    if roles.contains(&Role::Calls) {
        tasks.push(start_calls(
            &config,
            hooks.calls.clone(),
            &pools,
            switches.clone(),
            stopping.clone(),
        )?);
    }
    if roles.contains(&Role::Sagas) {
        tasks.extend(start_sagas(&config, hooks, &pools, news, switches, stopping.clone())?);
    }
    if roles.contains(&Role::Desk) {
        tasks.extend(start_desk(&pools, &stopping));
    }
    let names: Vec<&str> = roles.into_iter().map(Role::name).collect();
    health.running();
    tracing::info!("started as {}", names.join(", "));

    shutdown.await;
    health.draining();
    tracing::info!("draining; at most {DRAIN_MAX:?}");
    stop.send_replace(true);
    let drained = async {
        let ends = futures::future::join_all(tasks).await;
        ends.into_iter().filter_map(Result::err).for_each(|error| {
            tracing::error!(error = %error, "a task ended badly");
        });
    };
    if tokio::time::timeout(DRAIN_MAX, drained).await.is_err() {
        tracing::warn!("the drain took too long; what is left is taken up by another process");
    }
    pools.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Starts lane, worker and keeper. At a stop the worker lets go of the lane when its
/// jobs are done, and then the lane ends.
fn start_sagas(
    config: &Config,
    hooks: Hooks,
    pools: &Arc<Pools>,
    news: Arc<Notify>,
    switches: Switches,
    stopping: watch::Receiver<bool>,
) -> Result<[JoinHandle<()>; 3], StoreError> {
    let rules = LaneRules {
        schedule: config.schedule,
        patience: config.patience,
        boundaries: config.boundaries,
        shard: config.shard,
        faults: hooks.faults,
        probe: hooks.probe,
        switches,
    };
    let connection = Single::new(&config.database, Purpose::Hot)?;
    let bell = Bell::new(pools.listen.clone(), news);
    let wakers = Wakers {
        sagas: Waker::start(pools.listen.clone(), Channel::Saga),
        calls: Waker::start(pools.listen.clone(), Channel::Calls),
    };
    let calls = wakers.calls.clone();
    let (lane, lane_task) = lane::start(connection, rules, bell, calls, stopping.clone());
    let draining = drain::supervise(pools.clone(), worker::SAGAS, lane, stopping.clone());
    let worker = tokio::spawn(draining);
    let (database, keep, how) = (config.database.clone(), pools.keep.clone(), config.keeper);
    let keeper = tokio::spawn(async move {
        let run = || keeper::run(keep.clone(), how, wakers.clone(), stopping.clone());
        anew(&database, run).await;
    });
    tracing::info!(lane.shard = config.shard, "worker started");
    Ok([worker, lane_task, keeper])
}

/// Starts what asks others. At a stop the calls under way are brought to their end.
fn start_calls(
    config: &Config,
    probe: Arc<dyn CallProbe>,
    pools: &Arc<Pools>,
    switches: Switches,
    stopping: watch::Receiver<bool>,
) -> Result<JoinHandle<()>, OutsideError> {
    let waker = Waker::start(pools.listen.clone(), Channel::Saga);
    let calls = Calls::new(pools.calls.clone(), waker, &config.outside, switches, probe)?;
    let draining =
        drain::supervise(pools.clone(), outside::drain(&config.outside), calls, stopping);
    tracing::info!("calls are made");
    Ok(tokio::spawn(draining))
}

/// Starts what carries out the decisions of operators that need no queue.
fn start_desk(pools: &Pools, stopping: &watch::Receiver<bool>) -> [JoinHandle<()>; 2] {
    let news = Arc::new(Notify::new());
    let hearing = relay::hear(pools, Channel::Desk, news.clone(), stopping.clone());
    let waker = Waker::start(pools.listen.clone(), Channel::Saga);
    let (database, desk, stop) = (pools.database.clone(), pools.desk.clone(), stopping.clone());
    let plans = async move {
        let run = || desk::plans::run(desk.clone(), waker.clone(), news.clone(), stop.clone());
        anew(&database, run).await;
    };
    [tokio::spawn(hearing), tokio::spawn(plans)]
}

/// Wakes those who do what the keeper has found.
#[derive(Clone)]
struct Wakers {
    /// Lanes: transfers go on.
    sagas: Waker,
    /// Whoever makes calls.
    calls: Waker,
}

/// Connections, by purpose, so that none of them can starve another.
struct Pools {
    /// Where they lead to.
    database: Database,
    /// apalis: fetch, acknowledge, heartbeat.
    queue: PgPool,
    /// Wake-ups: five kinds are listened for, and whoever sends one needs a connection for a moment.
    listen: PgPool,
    /// Sweeps and purges.
    keep: PgPool,
    /// Claims of the relay.
    relay: PgPool,
    /// Plans and commands of operators.
    desk: PgPool,
    /// Leases and answers of calls outside.
    calls: PgPool,
}

impl Pools {
    /// Opens them all, without a connection yet: one that no role uses costs nothing.
    fn open(database: &Database) -> Result<Self, StoreError> {
        let open = |purpose, size| pool::open(database, purpose, size);
        Ok(Self {
            database: database.clone(),
            queue: open(Purpose::Queue, 4)?,
            listen: open(Purpose::Maintenance, 8)?,
            keep: open(Purpose::Maintenance, 2)?,
            relay: open(Purpose::Relay, relay::CONNECTIONS)?,
            desk: open(Purpose::Maintenance, 4)?,
            calls: open(Purpose::Hot, CALL_CONNECTIONS)?,
        })
    }

    /// Shows how many of them are in use, and asks one of them how the process is.
    fn health(&self, config: &Config) -> Health {
        let Self { database: _, queue, listen, keep, relay, desk, calls } = self;
        for (name, pool) in [
            ("queue", queue),
            ("listen", listen),
            ("keep", keep),
            ("relay", relay),
            ("desk", desk),
            ("calls", calls),
        ] {
            watch_pool(name, pool);
        }
        let pool = keep.clone();
        Health::new(move || pool.clone(), config.telemetry.newer_schema)
    }

    async fn close(&self) {
        let Self { database: _, queue, listen, keep, relay, desk, calls } = self;
        // One that still waits for a hung connection ends with the process.
        let closing = [queue, listen, keep, relay, desk, calls]
            .map(|pool| tokio::time::timeout(Duration::from_secs(1), pool.close()));
        futures::future::join_all(closing).await;
    }
}

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
use store::lane::{LaneRules, NoProbe, Probe};
use store::pool::{self, Purpose, Single};
use store::switches::Switches;
use store::wake::{Channel, Waker};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

pub mod archive;
mod config;
mod consumers;
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
    let pools = Arc::new(Pools::open(&config.database_url)?);
    let switches = Switches::start(&config.database_url).await?;
    let (stop, stopping) = watch::channel(false);
    let news = Arc::new(Notify::new());
    let mut tasks = Vec::new();
    if let Some(sqs) = config.sqs.clone().filter(|_| roles.iter().any(|role| role.uses_sqs())) {
        let events = Events {
            config: sqs,
            roles: roles.clone(),
            pools: pools.clone(),
            audit: Some(Single::new(&config.database_url, Purpose::Consumer)?),
            metrics: Some(Single::new(&config.database_url, Purpose::Consumer)?),
            news: news.clone(),
            switches: switches.clone(),
            faults: hooks.consumers.clone(),
            stopping: stopping.clone(),
        };
        let queues = events.find().await?;
        tasks.push(tokio::spawn(events.run(queues)));
    }
    if roles.contains(&Role::Calls) {
        tasks.push(start_calls(&config, hooks.calls.clone(), &pools, stopping.clone())?);
    }
    if roles.contains(&Role::Sagas) {
        tasks.extend(start_sagas(&config, hooks, &pools, news, switches, stopping.clone())?);
    }
    if roles.contains(&Role::Desk) {
        tasks.extend(start_desk(&pools, &stopping));
    }
    let names: Vec<&str> = roles.into_iter().map(Role::name).collect();
    tracing::info!("started as {}", names.join(", "));

    shutdown.await;
    tracing::info!("draining");
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
    let connection = Single::new(&config.database_url, Purpose::Hot)?;
    let bell = Bell::new(pools.listen.clone(), news);
    let wakers = Wakers {
        sagas: Waker::start(pools.listen.clone(), Channel::Saga),
        calls: Waker::start(pools.listen.clone(), Channel::Calls),
    };
    let calls = wakers.calls.clone();
    let (lane, lane_task) = lane::start(connection, rules, bell, calls, stopping.clone());
    let draining = drain::supervise(pools.clone(), worker::SAGAS, lane, stopping.clone());
    let worker = tokio::spawn(draining);
    let keeper = tokio::spawn(keeper::run(pools.keep.clone(), config.keeper, wakers, stopping));
    tracing::info!(lane.shard = config.shard, "worker started");
    Ok([worker, lane_task, keeper])
}

/// Starts what asks others. At a stop the calls under way are brought to their end.
fn start_calls(
    config: &Config,
    probe: Arc<dyn CallProbe>,
    pools: &Arc<Pools>,
    stopping: watch::Receiver<bool>,
) -> Result<JoinHandle<()>, OutsideError> {
    let waker = Waker::start(pools.listen.clone(), Channel::Saga);
    let calls = Calls::new(pools.calls.clone(), waker, &config.outside, probe)?;
    let draining =
        drain::supervise(pools.clone(), outside::drain(&config.outside), calls, stopping);
    tracing::info!("calls are made");
    Ok(tokio::spawn(draining))
}

/// Starts what carries out the decisions of operators that need no queue.
fn start_desk(pools: &Pools, stopping: &watch::Receiver<bool>) -> [JoinHandle<()>; 2] {
    let news = Arc::new(Notify::new());
    let (listen, stop) = (pools.listen.clone(), stopping.clone());
    let hearing = relay::listen(listen.clone(), Channel::Desk, news.clone(), stop.clone());
    let plans = desk::plans::run(pools.desk.clone(), listen, news, stop);
    [tokio::spawn(hearing), tokio::spawn(plans)]
}

/// Wakes those who do what the keeper has found.
struct Wakers {
    /// Lanes: transfers go on.
    sagas: Waker,
    /// Whoever makes calls.
    calls: Waker,
}

/// Connections, by purpose, so that none of them can starve another.
struct Pools {
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
    fn open(url: &str) -> Result<Self, StoreError> {
        Ok(Self {
            queue: pool::open(url, Purpose::Queue, 4)?,
            listen: pool::open(url, Purpose::Maintenance, 8)?,
            keep: pool::open(url, Purpose::Maintenance, 2)?,
            relay: pool::open(url, Purpose::Relay, relay::CONNECTIONS)?,
            desk: pool::open(url, Purpose::Maintenance, 4)?,
            calls: pool::open(url, Purpose::Hot, CALL_CONNECTIONS)?,
        })
    }

    async fn close(&self) {
        let Self { queue, listen, keep, relay, desk, calls } = self;
        // One that still waits for a hung connection ends with the process.
        let closing = [queue, listen, keep, relay, desk, calls]
            .map(|pool| tokio::time::timeout(Duration::from_secs(1), pool.close()));
        futures::future::join_all(closing).await;
    }
}

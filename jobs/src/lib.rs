//! The workers: apalis takes jobs, a lane advances their transfers, and the
//! keeper looks after what was lost or is finished. The relay sends the events that
//! this makes to SQS, and consumers receive them.
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
use store::wake::Channel;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

pub mod archive;
mod config;
mod consumers;
mod desk;
mod events;
mod keeper;
mod lane;
mod relay;
pub mod replay;
mod role;
mod sqs;
mod steady;
mod worker;

pub use config::{Config, ConfigError};
pub use consumers::{Consumer, ConsumerError, ConsumerFaults, NoConsumerFaults};
pub use role::Role;
pub use sqs::{QueueAt, SqsConfig, SqsError};

use events::Events;
use relay::Bell;

/// How long a drain may take before the process ends anyway. What is cut off is
/// rolled back and taken up by another worker.
const DRAIN_MAX: Duration = Duration::from_secs(20);

/// What tests put in the place of nothing.
pub struct Hooks {
    /// Failures to inject into steps.
    pub faults: Box<dyn Faults>,
    /// Watches the transactions of the lane.
    pub probe: Box<dyn Probe>,
    /// Messages that consumers fail to handle.
    pub consumers: Arc<dyn ConsumerFaults>,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            faults: Box::new(NoFaults),
            probe: Box::new(NoProbe),
            consumers: Arc::new(NoConsumerFaults),
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
    let (lane, lane_task) = lane::start(connection, rules, bell, stopping.clone());
    let worker = tokio::spawn(worker::supervise(pools.clone(), lane, stopping.clone()));
    let keeper = tokio::spawn(keeper::run(pools.keep.clone(), config.keeper, stopping));
    tracing::info!(lane.shard = config.shard, "worker started");
    Ok([worker, lane_task, keeper])
}

/// Starts what carries out the decisions of operators that need no queue.
fn start_desk(pools: &Pools, stopping: &watch::Receiver<bool>) -> [JoinHandle<()>; 2] {
    let news = Arc::new(Notify::new());
    let (listen, stop) = (pools.listen.clone(), stopping.clone());
    let hearing = relay::listen(listen.clone(), Channel::Desk, news.clone(), stop.clone());
    let plans = desk::plans::run(pools.desk.clone(), listen, news, stop);
    [tokio::spawn(hearing), tokio::spawn(plans)]
}

/// Connections, by purpose, so that none of them can starve another.
struct Pools {
    /// apalis: fetch, acknowledge, heartbeat.
    queue: PgPool,
    /// Wake-ups: four kinds are listened for, two are sent.
    listen: PgPool,
    /// Sweeps and purges.
    keep: PgPool,
    /// Claims of the relay.
    relay: PgPool,
    /// Plans and commands of operators.
    desk: PgPool,
}

impl Pools {
    /// Opens them all, without a connection yet: one that no role uses costs nothing.
    fn open(url: &str) -> Result<Self, StoreError> {
        Ok(Self {
            queue: pool::open(url, Purpose::Queue, 3)?,
            listen: pool::open(url, Purpose::Maintenance, 6)?,
            keep: pool::open(url, Purpose::Maintenance, 2)?,
            relay: pool::open(url, Purpose::Relay, relay::CONNECTIONS)?,
            desk: pool::open(url, Purpose::Maintenance, 4)?,
        })
    }

    async fn close(&self) {
        let Self { queue, listen, keep, relay, desk } = self;
        // One that still waits for a hung connection ends with the process.
        let closing = [queue, listen, keep, relay, desk]
            .map(|pool| tokio::time::timeout(Duration::from_secs(1), pool.close()));
        futures::future::join_all(closing).await;
    }
}

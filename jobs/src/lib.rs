//! The workers: apalis takes jobs, a lane advances their transfers, and the
//! keeper looks after what was lost or is finished.
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
use store::pool::{self, Purpose};
use tokio::sync::watch;

mod config;
mod keeper;
mod lane;
mod steady;
mod worker;

pub use config::{Config, ConfigError};

/// How long a drain may take before the process ends anyway. What is cut off is
/// rolled back and taken up by another worker.
const DRAIN_MAX: Duration = Duration::from_secs(20);

/// What tests put in the place of nothing.
pub struct Hooks {
    /// Failures to inject into steps.
    pub faults: Box<dyn Faults>,
    /// Watches the transactions of the lane.
    pub probe: Box<dyn Probe>,
}

impl Default for Hooks {
    fn default() -> Self {
        Self { faults: Box::new(NoFaults), probe: Box::new(NoProbe) }
    }
}

/// Runs lane, worker and keeper until `shutdown` completes, then drains: no new
/// jobs, those in hand are finished and acknowledged.
pub async fn run(
    config: Config,
    hooks: Hooks,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), StoreError> {
    let url = &config.database_url;
    let pools = Arc::new(Pools {
        hot: pool::open(url, Purpose::Hot, 1)?,
        queue: pool::open(url, Purpose::Queue, 3)?,
        listen: pool::open(url, Purpose::Maintenance, 1)?,
        keep: pool::open(url, Purpose::Maintenance, 2)?,
    });
    let (stop, stopping) = watch::channel(false);
    let rules = LaneRules {
        schedule: config.schedule,
        boundaries: config.boundaries,
        shard: config.shard,
        faults: hooks.faults,
        probe: hooks.probe,
    };
    let (lane, lane_task) = lane::start(pools.hot.clone(), rules, stopping.clone());
    let worker = tokio::spawn(worker::supervise(pools.clone(), lane, stopping.clone()));
    let keeper = tokio::spawn(keeper::run(pools.keep.clone(), config.keeper, stopping));
    tracing::info!(lane.shard = config.shard, "worker started");

    shutdown.await;
    tracing::info!("draining");
    stop.send_replace(true);
    // The worker lets go of the lane when its jobs are done, and then the lane ends.
    let drained = async {
        let (worker, lane, keeper) = (worker.await, lane_task.await, keeper.await);
        [worker, lane, keeper].into_iter().filter_map(Result::err).for_each(|error| {
            tracing::error!(error = %error, "a task of the worker ended badly");
        });
    };
    if tokio::time::timeout(DRAIN_MAX, drained).await.is_err() {
        tracing::warn!("the drain took too long; what is left is taken up by another worker");
    }
    pools.close().await;
    tracing::info!("worker stopped");
    Ok(())
}

/// Connections, by purpose, so that none of them can starve another.
struct Pools {
    /// The lane's one connection.
    hot: PgPool,
    /// apalis: fetch, acknowledge, heartbeat.
    queue: PgPool,
    /// Wake-ups.
    listen: PgPool,
    /// Sweeps and purges.
    keep: PgPool,
}

impl Pools {
    async fn close(&self) {
        for pool in [&self.hot, &self.queue, &self.listen, &self.keep] {
            // One that still waits for a hung connection ends with the process.
            tokio::time::timeout(Duration::from_secs(1), pool.close()).await.ok();
        }
    }
}

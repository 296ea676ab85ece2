//! Keeps the house: finds lost work, lets paused work go on, throws finished work away, makes
//! partitions, and drops old weeks of the logs.
//!
//! Every process runs one. They do not need a leader: each statement skips rows
//! that another has locked.

use std::time::Duration;

use sqlx::PgPool;
use store::retention::{Log, Outcome};
use store::{
    StoreError, describe, inbox, limits, maintenance, notices, retention, switches, timers,
};
use telemetry::metrics::metrics;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::Wakers;

/// When lost and finished work is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// How often the keeper looks.
    pub every: Duration,
    /// An open transfer that was due this long ago has lost its job. Longer than a
    /// dead worker's jobs take to come back by themselves.
    pub overdue_after: Duration,
    /// A job taken this long ago was lost by its worker.
    pub job_lost_after: Duration,
    /// Finished jobs stay this long, for a look.
    pub job_kept: Duration,
    /// Weeks of the event log stay this long after their end; none for ever.
    pub events_kept: Option<Duration>,
    /// Weeks of the step log stay this long after their end; none for ever.
    pub steps_kept: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(1),
            overdue_after: Duration::from_secs(8),
            job_lost_after: Duration::from_mins(1),
            job_kept: Duration::from_secs(30),
            events_kept: Some(LOGS_KEPT),
            steps_kept: Some(LOGS_KEPT),
        }
    }
}

/// Partitions exist this far ahead.
const PARTITIONS_AHEAD: Duration = Duration::from_hours(28 * 24);
/// How often partitions are made.
const PARTITIONS_EVERY: Duration = Duration::from_mins(10);
/// Longer than a queue keeps a message (14 days) and than an idempotency key lives (30 days).
const LOGS_KEPT: Duration = Duration::from_hours(35 * 24);
/// How often old weeks of the logs are looked for. Not sooner after a lock was not had in time, because
/// transfers wait behind each try.
const LOGS_EVERY: Duration = Duration::from_mins(10);
/// How often old idempotency keys are freed: with [`PASSES_MAX`] passes each time,
/// 10,000 keys a second, twice what comes in at the rate that Holdfast is built for.
/// Inbox rows, of which each event has two, go twice as fast.
const KEYS_EVERY: Duration = Duration::from_secs(10);

/// Most passes of one purge in one round; what is left waits for the next round.
const PASSES_MAX: usize = 20;

/// Looks around until told to stop.
pub(crate) async fn run(
    pool: PgPool,
    config: Config,
    wakers: Wakers,
    mut stopping: watch::Receiver<bool>,
) {
    let mut tick = interval(config.every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut partitions_at = Instant::now();
    let (mut keys_at, mut logs_at) = (partitions_at, partitions_at);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        if let Err(error) = quick_round(&pool, config, &wakers).await {
            tracing::warn!(
                error = describe(&error),
                "the keeper's round failed; the next one comes"
            );
            continue;
        }
        let now = Instant::now();
        if now >= keys_at {
            match free_keys(&pool).await {
                Ok(()) => keys_at = now + KEYS_EVERY,
                Err(error) => {
                    tracing::warn!(
                        error = describe(&error),
                        "old keys and inbox rows stay for now"
                    );
                }
            }
        }
        if now >= partitions_at {
            // Also when it fails: each try stops the hot path for a moment, and weeks are made long before.
            partitions_at = now + PARTITIONS_EVERY;
            if let Err(error) = make_partitions(&pool).await {
                tracing::error!(error = describe(&error), "no partitions made ahead");
            }
        }
        if now >= logs_at {
            logs_at = now + LOGS_EVERY;
            for (log, kept) in [(Log::Event, config.events_kept), (Log::Step, config.steps_kept)] {
                let Some(kept) = kept else { continue };
                if let Err(error) = drop_old_weeks(&pool, log, kept).await {
                    tracing::warn!(error = describe(&error), "old weeks of {log:?} stay for now");
                }
            }
            if let Err(error) = forget_usage(&pool).await {
                tracing::warn!(error = describe(&error), "old usage of limits stays for now");
            }
        }
    }
}

async fn quick_round(pool: &PgPool, config: Config, wakers: &Wakers) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    let swept = maintenance::sweep_overdue(&mut connection, config.overdue_after).await?;
    if swept > 0 {
        rescued_some("transfer", u64::try_from(swept).unwrap_or(u64::MAX));
        tracing::warn!("{swept} open transfers had lost their job and have a new one");
    }
    let released = switches::release(&mut connection).await?;
    if released > 0 {
        tracing::info!("{released} transfers go on, because what held them up is over");
    }
    let rung = timers::ring(&mut connection, config.overdue_after).await?;
    if rung.expired > 0 {
        tracing::info!("{} holds were out of time", rung.expired);
    }
    let told = notices::sweep(&mut connection).await?;
    if told > 0 {
        tracing::info!("{told} payouts go on, because their provider had told of them before");
    }
    if swept > 0 || released > 0 || rung.expired > 0 || told > 0 {
        wakers.sagas.wake();
    }
    if rung.calls > 0 {
        wakers.calls.wake();
    }
    let rescued = maintenance::rescue_lost_jobs(&mut connection, config.job_lost_after).await?;
    if rescued > 0 {
        rescued_some("job", rescued);
        tracing::warn!("{rescued} jobs had lost their worker and are free again");
    }
    for _ in 0..PASSES_MAX {
        if maintenance::purge_jobs(&mut connection, config.job_kept).await? == 0 {
            break;
        }
    }
    Ok(())
}

fn rescued_some(what: &'static str, count: u64) {
    metrics().sagas.rescued.add([what.into()], count);
}

async fn make_partitions(pool: &PgPool) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    let made = maintenance::create_partitions(&mut connection, PARTITIONS_AHEAD).await?;
    if made > 0 {
        tracing::info!("{made} partitions made");
    }
    Ok(())
}

async fn drop_old_weeks(pool: &PgPool, log: Log, kept: Duration) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    for _ in 0..PASSES_MAX {
        match retention::drop_oldest_week(&mut connection, log, kept).await? {
            Outcome::Nothing => break,
            Outcome::Dropped(week) => tracing::info!("{week} was old enough and is dropped"),
            Outcome::Held { week, open_count, unsent_count } => {
                tracing::warn!(
                    "{week} is old enough but stays: {open_count} of its transfers are open, \
                     {unsent_count} of its events were not sent"
                );
                break;
            }
        }
    }
    Ok(())
}

async fn forget_usage(pool: &PgPool) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    for _ in 0..PASSES_MAX {
        if limits::purge(&mut connection).await? == 0 {
            break;
        }
    }
    Ok(())
}

async fn free_keys(pool: &PgPool) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    for _ in 0..PASSES_MAX {
        if maintenance::purge_idempotency_keys(&mut connection).await? == 0 {
            break;
        }
    }
    for _ in 0..PASSES_MAX {
        if inbox::purge(&mut connection).await? == 0 {
            break;
        }
    }
    for _ in 0..PASSES_MAX {
        if notices::purge(&mut connection).await? == 0 {
            break;
        }
    }
    Ok(())
}

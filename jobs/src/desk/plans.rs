//! Redrive plans, moved on tick by tick.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::PlanId;
use domain::plan::TICK;
use sqlx::PgPool;
use store::wake::Waker;
use store::{StoreError, describe, plans};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// How often it is looked for plans when none is active. Whoever applies one rings.
const LOOK: Duration = Duration::from_secs(1);
/// How often drafts that nobody applied are looked for.
const PURGE_EVERY: Duration = Duration::from_hours(1);
/// Most ticks of one plan without a pause, so that no other plan waits for long.
const TICKS_MAX: usize = 8;

/// Moves plans on until told to stop.
pub(crate) async fn run(
    pool: PgPool,
    waker: Waker,
    news: Arc<Notify>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut purge_at = Instant::now();
    loop {
        if Instant::now() >= purge_at {
            match plans::run::purge_drafts(&pool).await {
                Ok(()) => purge_at = Instant::now() + PURGE_EVERY,
                Err(error) => tracing::warn!(error = describe(&error), "old drafts stay for now"),
            }
        }
        let pause = match round(&pool, &waker).await {
            Ok(true) => TICK,
            Ok(false) => LOOK,
            Err(error) => {
                tracing::warn!(error = describe(&error), "redrive plans wait for the database");
                LOOK
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = news.notified() => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// One look at every active plan. Says whether there was any that could be moved on. A plan
/// that cannot, such as one with a row that makes no sense, keeps no other from its turn.
async fn round(pool: &PgPool, waker: &Waker) -> Result<bool, StoreError> {
    let mut moved = false;
    for id in plans::run::active(pool).await? {
        match move_on(pool, waker, id).await {
            Ok(()) => moved = true,
            Err(error) => {
                tracing::warn!(plan.id = %id, error = describe(&error), "redrive plan {id} waits");
            }
        }
    }
    Ok(moved)
}

async fn move_on(pool: &PgPool, waker: &Waker, id: PlanId) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    for _ in 0..TICKS_MAX {
        let ticked = plans::run::tick(&mut connection, id).await?;
        if ticked.sent > 0 {
            waker.wake();
        }
        if !ticked.again {
            break;
        }
    }
    Ok(())
}

//! Tells relays that there are new events, in this process and in others.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use store::wake::{self, Channel, Waker};
use store::writer::anew;
use tokio::sync::{Notify, watch};

use crate::Pools;

/// Pause before the connection that listens is made again.
const LISTEN_PAUSE: Duration = Duration::from_secs(1);

/// Rung after a commit that wrote events. It never waits and never fails: a relay that
/// does not hear it looks by itself, within its tick.
#[derive(Debug, Clone)]
pub(crate) struct Bell {
    here: Arc<Notify>,
    elsewhere: Waker,
}

impl Bell {
    /// A bell that relays hear through `here`, and elsewhere through the database.
    pub(crate) fn new(pool: PgPool, here: Arc<Notify>) -> Self {
        Self { here, elsewhere: Waker::start(pool, Channel::Outbox) }
    }

    /// New events are committed.
    pub(crate) fn ring(&self) {
        self.here.notify_one();
        self.elsewhere.wake();
    }
}

/// Passes on what is rung elsewhere, until told to stop.
pub(crate) fn hear(
    pools: &Pools,
    channel: Channel,
    news: Arc<Notify>,
    mut stopping: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send + 'static {
    let (database, pool) = (pools.database.clone(), pools.listen.clone());
    async move {
        tokio::select! {
            () = anew(&database, || hear_on(&pool, channel, &news)) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }
}

async fn hear_on(pool: &PgPool, channel: Channel, news: &Notify) {
    loop {
        if let Ok(mut listener) = wake::listen(pool, channel).await {
            while listener.recv().await.is_ok() {
                news.notify_one();
            }
        }
        tokio::time::sleep(LISTEN_PAUSE).await;
    }
}

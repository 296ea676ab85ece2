//! Wakes workers, relays and the desk after a commit.
//!
//! NOTIFY inside the inserting transaction would hold a database-wide lock until
//! its WAL is flushed and so serialise all commits. Here it is sent afterwards,
//! on a connection of its own, at most once per 2 ms. A lost one costs a
//! worker's tick, never a transfer.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::Notify;

use crate::StoreError;

/// What there is news about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// New saga jobs.
    Saga,
    /// New events to send.
    Outbox,
    /// New decisions of operators to carry out.
    Desk,
    /// New calls to make outside.
    Calls,
}

impl Channel {
    fn name(self) -> &'static str {
        match self {
            Self::Saga => "holdfast_saga",
            Self::Outbox => "holdfast_outbox",
            Self::Desk => "holdfast_desk",
            Self::Calls => "holdfast_calls",
        }
    }
}

/// Wake-ups closer together than this become one.
const PAUSE: Duration = Duration::from_millis(2);

/// A server that takes longer has lost the connection.
const SEND_TIME_MAX: Duration = Duration::from_secs(2);

/// Sends wake-ups; clones share one sender.
#[derive(Debug, Clone)]
pub struct Waker {
    wanted: Arc<Notify>,
}

impl Waker {
    /// Starts the sender on `pool`. It ends with the runtime.
    pub fn start(pool: PgPool, channel: Channel) -> Self {
        let wanted = Arc::new(Notify::new());
        let asked = wanted.clone();
        tokio::spawn(async move {
            loop {
                asked.notified().await;
                let sent =
                    sqlx::query("SELECT pg_notify($1, '')").bind(channel.name()).execute(&pool);
                let sent = tokio::time::timeout(SEND_TIME_MAX, sent).await;
                if let Err(error) = sent.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
                    tracing::debug!(error = %error, "a wake-up was not sent; workers look by themselves");
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { wanted }
    }

    /// Asks for a wake-up, without waiting for it.
    pub fn wake(&self) {
        self.wanted.notify_one();
    }
}

/// Listens for wake-ups on a connection of its own; it reconnects by itself.
pub async fn listen(pool: &PgPool, channel: Channel) -> Result<PgListener, StoreError> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(channel.name()).await?;
    Ok(listener)
}

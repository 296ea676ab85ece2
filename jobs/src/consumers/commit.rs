//! What a consumer does with events, in one transaction.

use std::fmt;

use sqlx::PgConnection;
use store::inbox::IncomingEvent;
use store::{StoreError, audit, metrics};

/// What is done with events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumer {
    /// Chains them in `event_audit`.
    Audit,
    /// Counts them in `business_minute`.
    Metrics,
}

impl Consumer {
    /// In log lines, figures and traces.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Metrics => "metrics",
        }
    }
}

impl fmt::Display for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether the database takes statements.
pub(super) async fn answers(connection: &mut PgConnection) -> bool {
    sqlx::query("SELECT 1").execute(connection).await.is_ok()
}

/// Commits what these events say, in one transaction.
pub(super) async fn write(
    consumer: Consumer,
    connection: &mut PgConnection,
    events: &[IncomingEvent],
) -> Result<(), StoreError> {
    match consumer {
        Consumer::Audit => {
            let done = audit::append(connection, events).await?;
            tracing::debug!("{} events chained, {} known", done.new, done.duplicates);
        }
        Consumer::Metrics => {
            let done = metrics::count(connection, events).await?;
            tracing::debug!("{} events counted, {} known", done.new, done.duplicates);
            if done.too_old > 0 {
                tracing::warn!("{} events are too old to be counted", done.too_old);
            }
        }
    }
    Ok(())
}

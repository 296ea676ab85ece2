//! The pools that reads go to: the writer, and a replica for lists while it is fresh.
//!
//! How old a replica's data are cannot be asked of the replica: it does not know what
//! it has not received. So a sampler reads the writer's log position again and again,
//! keeps the last ones with their times, and asks the replica how far it has replayed.
//! The replica is as of the newest sample that it has passed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::pool::{self, Purpose};
use crate::{StoreError, Temper};

/// Lists come from the replica while it is not further behind than this.
const LAG_MAX: TimeDelta = TimeDelta::seconds(1);
/// Well below [`LAG_MAX`], which it adds to; two cheap statements each time.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(200);
/// Samples kept: a replica further behind than they reach is not fresh anyway.
const SAMPLE_COUNT_MAX: usize = 16;
/// One for the sampler, which must not wait for readers to learn that they are slow.
const SAMPLER_CONNECTIONS: u32 = 1;

/// The writer's pool and, where there is one, the replica's.
#[derive(Debug, Clone)]
pub struct Readers {
    writer: PgPool,
    replica: Option<Arc<Replica>>,
}

#[derive(Debug)]
struct Replica {
    pool: PgPool,
    /// The instant that the replica's data are of; none while that is unknown.
    as_of: watch::Receiver<Option<DateTime<Utc>>>,
    sampler: JoinHandle<()>,
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.sampler.abort();
    }
}

impl Readers {
    /// Opens the pools, each of at most `size_max` connections, and starts the sampler
    /// on the current tokio runtime if there is a replica.
    pub fn open(
        writer_url: &str,
        replica_url: Option<&str>,
        size_max: u32,
    ) -> Result<Self, StoreError> {
        let writer = pool::open(writer_url, Purpose::Reads, size_max)?;
        let replica = match replica_url {
            None => None,
            Some(url) => {
                let pool = pool::open(url, Purpose::Reads, size_max)?;
                let probes = Probes {
                    writer: pool::open(writer_url, Purpose::Reads, SAMPLER_CONNECTIONS)?,
                    replica: pool::open(url, Purpose::Reads, SAMPLER_CONNECTIONS)?,
                };
                let (known, as_of) = watch::channel(None);
                let sampler = tokio::spawn(probes.run(known));
                Some(Arc::new(Replica { pool, as_of, sampler }))
            }
        };
        Ok(Self { writer, replica })
    }

    /// For decisions, reads by id, balances and keys.
    pub fn writer(&self) -> &PgPool {
        &self.writer
    }

    /// For lists and statements: the replica with the instant that its data are of
    /// while it is fresh, else the writer.
    pub fn for_lists(&self) -> (&PgPool, Option<DateTime<Utc>>) {
        let fresh = self.replica.as_ref().and_then(|replica| {
            let as_of = (*replica.as_of.borrow())?;
            (Utc::now() - as_of <= LAG_MAX).then_some((&replica.pool, as_of))
        });
        match fresh {
            Some((pool, as_of)) => (pool, Some(as_of)),
            None => (&self.writer, None),
        }
    }

    /// Closes the pools: waits for statements that run, refuses new ones.
    pub async fn close(&self) {
        self.writer.close().await;
        if let Some(replica) = &self.replica {
            replica.sampler.abort();
            replica.pool.close().await;
        }
    }
}

/// The sampler's own connections.
struct Probes {
    writer: PgPool,
    replica: PgPool,
}

/// The writer's log position at an instant of our clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sample {
    position: i64,
    at: DateTime<Utc>,
}

impl Probes {
    /// Tells the freshness of the replica until nobody listens.
    async fn run(self, known: watch::Sender<Option<DateTime<Utc>>>) {
        let mut samples = VecDeque::with_capacity(SAMPLE_COUNT_MAX);
        let mut was_away = false;
        while !known.is_closed() {
            let as_of = match self.sample(&mut samples).await {
                Ok(as_of) => {
                    was_away = false;
                    as_of
                }
                Err(error) => {
                    if !was_away && error.temper() != Temper::Outage {
                        tracing::warn!(%error, "cannot tell how old the replica's data are");
                    }
                    was_away = true;
                    None
                }
            };
            known.send_replace(as_of);
            tokio::time::sleep(SAMPLE_INTERVAL).await;
        }
    }

    async fn sample(
        &self,
        samples: &mut VecDeque<Sample>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        // The time before the position: the data are at least as new as that.
        let at = Utc::now();
        let position =
            sqlx::query_scalar(include_str!("readers/written.sql")).fetch_one(&self.writer).await?;
        if samples.len() == SAMPLE_COUNT_MAX {
            samples.pop_front();
        }
        samples.push_back(Sample { position, at });
        let replayed = sqlx::query_scalar(include_str!("readers/replayed.sql"))
            .fetch_one(&self.replica)
            .await?;
        Ok(as_of(samples, replayed))
    }
}

/// The instant of the newest sample that the replica has passed.
fn as_of(samples: &VecDeque<Sample>, replayed: i64) -> Option<DateTime<Utc>> {
    samples.iter().rev().find(|sample| sample.position <= replayed).map(|sample| sample.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_as_of_the_newest_sample_that_it_has_passed() {
        let at = |second| DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
        let samples: VecDeque<Sample> = [(10, 1), (20, 2), (20, 3), (30, 4)]
            .map(|(position, s)| Sample { position, at: at(s) })
            .into();
        assert_eq!(as_of(&samples, 9), None);
        assert_eq!(as_of(&samples, 10), Some(at(1)));
        assert_eq!(as_of(&samples, 29), Some(at(3)));
        assert_eq!(as_of(&samples, 31), Some(at(4)));
    }
}

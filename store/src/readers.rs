//! The pools that reads go to: the writer, and a replica for lists while it is fresh.
//!
//! How old a replica's data are cannot be asked of the replica: it does not know what
//! it has not received. So a sampler reads the writer's log position again and again and
//! keeps the last ones with their times (`age`). Each connection to a replica is asked how far
//! its server has replayed, in the moment before it reads: the data are as of the newest sample
//! that it has passed. It is asked every time, because one address may lead to several replicas.
//!
//! When no replica is fresh, or the one that was asked does not answer in time, the writer is
//! asked instead. So a replica that is paused, behind, promoted or away costs a client nothing
//! but, once, the time that it was waited for.

use std::cell::Cell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use database::Locate;
use sqlx::postgres::PgConnection;
use sqlx::{PgPool, Row};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::pool::{self, Database, Purpose};
use crate::{StoreError, Temper, describe};

mod age;

use age::{Samples, Server};

/// Lists come from the replica while it is not further behind than this.
pub const LAG_MAX: TimeDelta = TimeDelta::seconds(1);
/// Well below [`LAG_MAX`], which it adds to; two cheap statements each time.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(200);
/// A sample that takes longer tells nothing any more.
const SAMPLE_TIME_MAX: Duration = Duration::from_secs(1);
/// A replica that has not answered a list by then is left alone with it.
const READ_TIME_MAX: Duration = Duration::from_secs(2);
/// One for the sampler, which must not wait for readers to learn that they are slow.
const SAMPLER_CONNECTIONS: u32 = 1;

tokio::task_local! {
    /// What is known of the data that this task reads just now.
    static AGE: Cell<Age>;
}

/// How old the data are that a list was read from.
#[derive(Clone, Copy)]
enum Age {
    /// None were read yet.
    Unread,
    /// None is older than of this instant.
    AsOf(DateTime<Utc>),
    /// Nobody knows.
    Unknown,
}

impl Age {
    /// What holds for both: a list that takes two connections is as old as the older one.
    fn and(self, as_of: Option<DateTime<Utc>>) -> Self {
        match (self, as_of) {
            (Self::Unread, Some(as_of)) => Self::AsOf(as_of),
            (Self::AsOf(known), Some(as_of)) => Self::AsOf(known.min(as_of)),
            (Self::Unknown, _) | (_, None) => Self::Unknown,
        }
    }

    fn as_of(self) -> Option<DateTime<Utc>> {
        match self {
            Self::AsOf(as_of) => Some(as_of),
            Self::Unread | Self::Unknown => None,
        }
    }
}

/// The writer's pool and, where there is one, the replica's.
#[derive(Debug, Clone)]
pub struct Readers {
    writer: PgPool,
    replica: Option<Arc<Replica>>,
}

#[derive(Debug)]
struct Replica {
    pool: PgPool,
    /// The instant that its data were last seen to be of; none while that is unknown.
    seen: watch::Receiver<Option<DateTime<Utc>>>,
    sampler: JoinHandle<()>,
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.sampler.abort();
    }
}

impl Replica {
    fn open(writer: &Database, replica: &Database, size_max: u32) -> Result<Self, StoreError> {
        let samples = Arc::new(Mutex::new(Samples::default()));
        let task = Sampler {
            writer: pool::open(writer, Purpose::Reads, SAMPLER_CONNECTIONS)?,
            replica: measured(replica, &samples, SAMPLER_CONNECTIONS)?,
            samples: samples.clone(),
        };
        let (known, seen) = watch::channel(None);
        let pool = measured(replica, &samples, size_max)?;
        Ok(Self { pool, seen, sampler: tokio::spawn(task.run(known)) })
    }

    /// Worth asking: when last seen, it was fresh.
    fn is_fresh(&self) -> bool {
        is_fresh(*self.seen.borrow())
    }
}

fn is_fresh(as_of: Option<DateTime<Utc>>) -> bool {
    as_of.is_some_and(|as_of| Utc::now() - as_of <= LAG_MAX)
}

impl Readers {
    /// Opens the pools, each of at most `size_max` connections, and starts the sampler
    /// on the current tokio runtime if there is a replica.
    pub fn open(
        writer: &(impl Locate + ?Sized),
        replica: Option<&Database>,
        size_max: u32,
    ) -> Result<Self, StoreError> {
        let writer = writer.locate();
        let replica =
            replica.map(|replica| Replica::open(&writer, replica, size_max).map(Arc::new));
        Ok(Self {
            writer: pool::open(&writer, Purpose::Reads, size_max)?,
            replica: replica.transpose()?,
        })
    }

    /// For decisions, reads by id, balances and keys.
    pub fn writer(&self) -> &PgPool {
        &self.writer
    }

    /// Reads a list or a statement: from the replica, with the instant that its data are of,
    /// while it is fresh; else from the writer. `read` may be called for both.
    pub async fn list<T, F>(
        &self,
        read: impl Fn(PgPool) -> F,
    ) -> Result<(T, Option<DateTime<Utc>>), StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        if let Some(replica) = self.replica.as_ref().filter(|replica| replica.is_fresh())
            && let Some((found, as_of)) = from_replica(read(replica.pool.clone())).await?
        {
            return Ok((found, Some(as_of)));
        }
        Ok((read(self.writer.clone()).await?, None))
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

/// None when the replica gives no answer, or one that is too old.
async fn from_replica<T>(
    read: impl Future<Output = Result<T, StoreError>>,
) -> Result<Option<(T, DateTime<Utc>)>, StoreError> {
    let read = aged(read);
    match tokio::time::timeout(READ_TIME_MAX, read).await {
        Ok((Ok(found), as_of)) => {
            Ok(as_of.filter(|as_of| is_fresh(Some(*as_of))).map(|as_of| (found, as_of)))
        }
        // It is away, or what the list needs was cleaned away under it.
        Ok((Err(error), _)) if error.temper() == Temper::Outage => Ok(None),
        Ok((Err(error), _)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// A pool to a replica whose connections are measured whenever they are given out.
fn measured(
    replica: &Database,
    samples: &Arc<Mutex<Samples>>,
    size_max: u32,
) -> Result<PgPool, StoreError> {
    let (new, idle) = (samples.clone(), samples.clone());
    let options = pool::bounded(size_max)
        .after_connect(move |connection, _| {
            let samples = new.clone();
            Box::pin(async move { measure(connection, &samples).await.map(drop) })
        })
        .before_acquire(move |connection, _| {
            let samples = idle.clone();
            Box::pin(async move {
                let measuring = measure(connection, &samples);
                Ok(matches!(tokio::time::timeout(SAMPLE_TIME_MAX, measuring).await, Ok(Ok(true))))
            })
        });
    pool::lazily(replica, Purpose::Reads, options)
}

/// Notes how old the data of the server are for the task that will read them. False for a server that was promoted and
/// is not our writer: its data will never be of any use, while a new connection may lead elsewhere.
async fn measure(
    connection: &mut PgConnection,
    samples: &Mutex<Samples>,
) -> Result<bool, sqlx::Error> {
    let row = sqlx::query(include_str!("readers/replayed.sql")).fetch_one(connection).await?;
    let server = Server { started_at: row.try_get(0)?, replayed: row.try_get(1)? };
    let as_of = lock(samples).as_of(server);
    if as_of.is_none() && server.replayed.is_none() {
        return Ok(false);
    }
    // Nobody may ask, such as the pool that makes a connection ahead.
    AGE.try_with(|age| age.set(age.get().and(as_of))).ok();
    Ok(true)
}

/// Does something with connections to a replica, and tells how old their data were.
async fn aged<T>(read: impl Future<Output = T>) -> (T, Option<DateTime<Utc>>) {
    let reading = async {
        let read = read.await;
        (read, AGE.with(Cell::get).as_of())
    };
    AGE.scope(Cell::new(Age::Unread), reading).await
}

fn lock(samples: &Mutex<Samples>) -> MutexGuard<'_, Samples> {
    // Nothing that holds the lock can leave a half-made change.
    samples.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What keeps the samples, on connections of its own.
struct Sampler {
    writer: PgPool,
    replica: PgPool,
    samples: Arc<Mutex<Samples>>,
}

impl Sampler {
    /// Tells the freshness of the replica until nobody listens.
    async fn run(self, known: watch::Sender<Option<DateTime<Utc>>>) {
        let mut was_well = true;
        while !known.is_closed() {
            let sampled = tokio::time::timeout(SAMPLE_TIME_MAX, self.sample()).await;
            let as_of = match sampled {
                Ok(Ok(as_of)) => {
                    was_well = true;
                    as_of
                }
                failed => {
                    let trouble = match failed {
                        Ok(Err(error)) => describe(&error),
                        _ => "no answer in time".to_owned(),
                    };
                    if std::mem::replace(&mut was_well, false) {
                        tracing::warn!(
                            error = trouble,
                            "it is unknown how old the replica's data are; the writer has the lists"
                        );
                    }
                    None
                }
            };
            known.send_replace(as_of);
            tokio::time::sleep(SAMPLE_INTERVAL).await;
        }
    }

    async fn sample(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        // The time before the position: the data are at least as new as that.
        let at = Utc::now();
        let row = sqlx::query(include_str!("readers/written.sql")).fetch_one(&self.writer).await?;
        lock(&self.samples).note(row.try_get(0)?, row.try_get(1)?, at);
        let (asked, as_of) = aged(self.replica.acquire()).await;
        asked?;
        Ok(as_of)
    }
}

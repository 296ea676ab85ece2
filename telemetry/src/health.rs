//! How a process is, for those who start, watch and stop it.
//!
//! * Live: it answers. Asked of nobody else, so that an outage of the database restarts nothing.
//! * Started: it has begun its work.
//! * Ready: it has begun its work, is not about to end, its database answers and has the schema of
//!   this version, and its queues were found.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use store::health::{Readiness, WrongSchema, readiness};
use store::pool::Pool;
use store::{StoreError, describe};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// A database that takes longer to answer is away.
const ANSWER_MAX: Duration = Duration::from_secs(4);
/// What was found is said again for so long: whoever asks often, asks the process and not the database.
const KNOWN_MAX: Duration = Duration::from_millis(500);
/// From one question to the next while the database is away.
const ASK_EVERY: Duration = Duration::from_secs(1);

const STARTING: u8 = 0;
const RUNNING: u8 = 1;
const DRAINING: u8 = 2;

/// What is known of a process; clones know the same.
#[derive(Clone)]
pub struct Health(Arc<Inner>);

struct Inner {
    stage: AtomicU8,
    /// Whether SQS is looked for in vain.
    queues_missing: AtomicBool,
    /// Whether a schema that is ahead of this version will do.
    newer_schema: bool,
    pool: Box<dyn Fn() -> Pool + Send + Sync>,
    /// What the database said last, and when. Held during a question, so that there is one at a time.
    said: Mutex<Option<(Instant, Result<Readiness, String>)>>,
}

/// Why a process is not ready, as a sentence for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReady {
    /// The sentence. Shows no inside of the database.
    pub detail: String,
    /// What lies behind it, for the log.
    pub cause: Option<String>,
}

impl Health {
    /// Of a process that starts. It asks the database through `pool`.
    pub fn new(pool: impl Fn() -> Pool + Send + Sync + 'static, newer_schema: bool) -> Self {
        let (stage, queues_missing) = (AtomicU8::new(STARTING), AtomicBool::new(false));
        Self(Arc::new(Inner {
            stage,
            queues_missing,
            newer_schema,
            pool: Box::new(pool),
            said: Mutex::default(),
        }))
    }

    /// It has begun its work.
    pub fn running(&self) {
        self.0.stage.store(RUNNING, Ordering::Relaxed);
    }

    /// It is about to end.
    pub fn draining(&self) {
        self.0.stage.store(DRAINING, Ordering::Relaxed);
    }

    /// Whether the queues that it needs are still looked for.
    pub fn queues_missing(&self, missing: bool) {
        self.0.queues_missing.store(missing, Ordering::Relaxed);
    }

    /// Whether it has begun its work.
    pub fn is_started(&self) -> bool {
        self.0.stage.load(Ordering::Relaxed) != STARTING
    }

    /// Whether it can do its work now. A schema that became newer while it runs is no reason against it:
    /// migrations come before the processes that need them.
    pub async fn ready(&self) -> Result<(), NotReady> {
        let not = |detail: &str| NotReady { detail: detail.to_owned(), cause: None };
        match self.0.stage.load(Ordering::Relaxed) {
            STARTING => return Err(not("The process is starting.")),
            DRAINING => return Err(not("The process is about to end.")),
            _ => {}
        }
        match self.said().await {
            Ok(Readiness::NotMigrated) => {
                let newest = store::health::NEWEST_MIGRATION;
                return Err(not(&format!("The database lacks the migration {newest}.")));
            }
            Ok(Readiness::Ready | Readiness::Newer(_)) => {}
            Err(cause) => {
                let detail = "The database does not answer.".to_owned();
                return Err(NotReady { detail, cause: Some(cause) });
            }
        }
        if self.0.queues_missing.load(Ordering::Relaxed) {
            return Err(not("SQS does not answer, or its queues are missing."));
        }
        Ok(())
    }

    /// Waits until the database answers, and says whether its schema is one that this version may
    /// work on. While the database is away it goes on asking.
    pub async fn schema(&self) -> Result<(), WrongSchema> {
        let mut said = false;
        loop {
            match self.ask().await {
                Ok(found) => return found.judge(self.0.newer_schema),
                Err(cause) if !said => {
                    tracing::warn!(error = cause, "the database does not answer; the start waits");
                    said = true;
                }
                Err(_) => {}
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// What the database says, or has just said.
    async fn said(&self) -> Result<Readiness, String> {
        let mut said = self.0.said.lock().await;
        if let Some((at, found)) = &*said
            && at.elapsed() < KNOWN_MAX
        {
            return found.clone();
        }
        let found = self.ask().await;
        *said = Some((Instant::now(), found.clone()));
        found
    }

    async fn ask(&self) -> Result<Readiness, String> {
        let pool = (self.0.pool)();
        let asked: Result<Result<_, StoreError>, _> = timeout(ANSWER_MAX, readiness(&pool)).await;
        match asked {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(describe(&error)),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }
}

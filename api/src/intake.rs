//! The intake batcher: commands of many requests become durable in one transaction.
//!
//! A batch is whatever queued up while the last one was committed, at most
//! [`BATCH_MAX`]. At low load a batch is one command, which waits for nothing; as
//! soon as commands come together, each batch waits [`LINGER`] for more: a statement,
//! a job and a commit cost as much as a dozen commands. One bad command never
//! fails its neighbours: a batch that the database refuses is halved until the
//! command at fault is alone. Commands that come in bulk go another way: see `bulk`.

use std::sync::Arc;
use std::time::Duration;

use store::StoreError;
use store::intake::{Manner, NewTransfer, Submitted};
use store::pool::{Database, Pool, Purpose, Single};
use store::wake::Waker;
use tokio::sync::{Mutex, mpsc, oneshot};

mod bulk;
mod gate;
mod write;
pub(crate) use bulk::Pending;
use gate::Gate;
pub use gate::Limits;
use write::write;

/// Most commands of one transaction: past this the cost per command falls no further.
pub(crate) const BATCH_MAX: usize = 256;
/// How long a batch waits for more, when the last one was not alone either.
const LINGER: Duration = Duration::from_millis(3);
/// A batch of this many does not wait: by then the fixed part of its cost is small.
const BATCH_FULL: usize = 64;
/// Batches in flight: while one waits for its commit another is built.
const BATCHER_COUNT: usize = 2;
/// Commands that may wait for a batch; more are turned away at once.
const QUEUE_MAX: usize = 4096;
/// A client hears something by then, whatever hangs.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(8);
/// What a client is told to wait while the database is away, in seconds.
const RETRY_AFTER_S: u32 = 2;

/// Why a command was not written, or not known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// Too much runnable work waits already.
    #[error("too much work is waiting")]
    Overloaded {
        /// Seconds until it is worth trying again.
        retry_after_s: u32,
    },
    /// The database is away, or the fate of the commit is unknown. The same key
    /// then answers with the one transfer.
    #[error("the database is away")]
    Unavailable {
        /// Seconds until it is worth trying again.
        retry_after_s: u32,
    },
    /// The database refuses the data of this one command.
    #[error("the database refuses this command")]
    Refused,
}

pub(crate) type Answer = Result<Submitted, IntakeError>;

struct Request {
    command: NewTransfer,
    answer: oneshot::Sender<Answer>,
}

/// Takes commands; clones share one queue.
#[derive(Debug, Clone)]
pub struct Intake {
    queue: mpsc::Sender<Request>,
    bulk: bulk::Queue,
    gate: Arc<Gate>,
}

impl Intake {
    /// Starts the batchers, those of single commands and that of bulk work, each on a connection
    /// of its own to `database`, and the backlog sampler on `reads`. They end when the last
    /// clone is dropped.
    pub fn start(
        database: &Database,
        reads: Pool,
        waker: &Waker,
        limits: Limits,
    ) -> Result<Self, StoreError> {
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        let inbox = Arc::new(Mutex::new(Inbox { requests, last_count: 0 }));
        for _ in 0..BATCHER_COUNT {
            let connection = Single::new(database, Purpose::Hot)?;
            tokio::spawn(serve(inbox.clone(), connection, waker.clone()));
        }
        let gate = Gate::start(reads, limits);
        let connection = Single::new(database, Purpose::Hot)?;
        let singles = queue.downgrade();
        let bulk = bulk::Queue::start(connection, waker.clone(), gate.clone(), singles);
        Ok(Self { queue, bulk, gate })
    }

    /// Writes one command. Returns after the commit.
    pub async fn submit(&self, command: NewTransfer) -> Answer {
        self.gate.check()?;
        let (answer, outcome) = oneshot::channel();
        let full = || IntakeError::Overloaded { retry_after_s: 1 };
        self.queue.try_send(Request { command, answer }).map_err(|_| full())?;
        // Too late, or never because the process is stopping: written or not, the same key
        // then finds out.
        let answered = tokio::time::timeout(ANSWER_TIME_MAX, outcome).await;
        let unknown = Err(IntakeError::Unavailable { retry_after_s: RETRY_AFTER_S });
        answered.ok().and_then(Result::ok).unwrap_or(unknown)
    }

    /// Queues commands of bulk work, at most [`BATCH_MAX`], each of which stands for itself. What
    /// is queued first is written first.
    pub(crate) async fn submit_bulk(&self, commands: Vec<NewTransfer>) -> Pending {
        self.bulk.enter(commands, Manner::Bulk).await
    }

    /// Queues commands of which all are written, or none. With a [`Submitted::KeyReused`] among the
    /// answers nothing was. An error is the answer for each of them.
    pub(crate) async fn submit_together(&self, commands: Vec<NewTransfer>) -> Pending {
        self.bulk.enter(commands, Manner::Together).await
    }
}

/// What waits for a batch.
struct Inbox {
    requests: mpsc::Receiver<Request>,
    /// Size of the last batch.
    last_count: usize,
}

impl Inbox {
    /// The next batch; empty when there will be none.
    async fn batch(&mut self) -> Vec<Request> {
        let mut batch = Vec::new();
        self.requests.recv_many(&mut batch, BATCH_MAX).await;
        if self.last_count > 1 && batch.len() < BATCH_FULL {
            tokio::time::sleep(LINGER).await;
            while batch.len() < BATCH_MAX
                && let Ok(request) = self.requests.try_recv()
            {
                batch.push(request);
            }
        }
        self.last_count = batch.len();
        batch
    }
}

async fn serve(inbox: Arc<Mutex<Inbox>>, mut connection: Single, waker: Waker) {
    loop {
        // Held while waiting for commands, so the batchers take turns.
        let batch = inbox.lock().await.batch().await;
        if batch.is_empty() {
            return;
        }
        let (commands, clients): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|request| (request.command, request.answer)).unzip();
        let answers = write(&mut connection, &commands, Manner::Soon).await;
        if answers.iter().any(|answer| matches!(answer, Ok(Submitted::Accepted(_)))) {
            waker.wake();
        }
        for (client, answer) in clients.into_iter().zip(answers) {
            // A client that is gone can ask again with the same key.
            client.send(answer).ok();
        }
    }
}

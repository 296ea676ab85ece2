//! The intake batcher: commands of many requests become durable in one transaction.
//!
//! A batch is whatever queued up while the last one was committed, at most
//! [`BATCH_MAX`]. At low load a batch is one command, which waits for nothing; as
//! soon as commands come together, each batch waits [`LINGER`] for more: a statement,
//! a job and a commit cost as much as a dozen commands. One bad command never
//! fails its neighbours: a batch that the database refuses is halved until the
//! command at fault is alone.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use store::intake::{NewTransfer, Submitted, write_batch};
use store::pool::{Pool, Purpose, Single};
use store::wake::Waker;
use store::{StoreError, Temper, describe};
use tokio::sync::{Mutex, mpsc, oneshot};

mod gate;
use gate::Gate;
pub use gate::Limits;

/// Most commands of one transaction: past this the cost per command falls no further.
const BATCH_MAX: usize = 256;
/// How long a batch waits for more, when the last one was not alone either.
const LINGER: Duration = Duration::from_millis(3);
/// A batch of this many does not wait: by then the fixed part of its cost is small.
const BATCH_FULL: usize = 64;
/// Batches in flight: while one waits for its commit another is built.
const BATCHER_COUNT: usize = 2;
/// Commands that may wait for a batch; more are turned away at once.
const QUEUE_MAX: usize = 4096;
/// Pauses between the tries of a batch while the database is away.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(20), Duration::from_millis(100), Duration::from_millis(400)];
/// A try that takes longer has lost its connection. Longer than a batch waits for
/// another one with the same keys.
const TRY_TIME_MAX: Duration = Duration::from_secs(6);
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

type Answer = Result<Submitted, IntakeError>;

struct Request {
    command: NewTransfer,
    answer: oneshot::Sender<Answer>,
}

/// Takes commands; clones share one queue.
#[derive(Debug, Clone)]
pub struct Intake {
    queue: mpsc::Sender<Request>,
    gate: Arc<Gate>,
}

impl Intake {
    /// Starts the batchers, each on a connection of its own to `database_url`, and the
    /// backlog sampler on `reads`. They end when the last clone is dropped.
    pub fn start(
        database_url: &str,
        reads: Pool,
        waker: &Waker,
        limits: Limits,
    ) -> Result<Self, StoreError> {
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        let inbox = Arc::new(Mutex::new(Inbox { requests, last_count: 0 }));
        for _ in 0..BATCHER_COUNT {
            let connection = Single::new(database_url, Purpose::Hot)?;
            tokio::spawn(serve(inbox.clone(), connection, waker.clone()));
        }
        Ok(Self { queue, gate: Gate::start(reads, limits) })
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
        let answers = write(&mut connection, &commands).await;
        if answers.iter().any(|answer| matches!(answer, Ok(Submitted::Accepted(_)))) {
            waker.wake();
        }
        for (client, answer) in clients.into_iter().zip(answers) {
            // A client that is gone can ask again with the same key.
            client.send(answer).ok();
        }
    }
}

/// Writes all commands, halving where the database refuses the data.
async fn write(connection: &mut Single, commands: &[NewTransfer]) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(commands.len());
    // Ranges still to be written, the first on top.
    let mut ranges = vec![commands];
    while let Some(range) = ranges.pop() {
        match write_range(connection, range).await {
            Ok(written) => answers.extend(written.into_iter().map(Ok)),
            Err(IntakeError::Refused) if range.len() > 1 => {
                let (left, right) = range.split_at(range.len() / 2);
                ranges.extend([right, left]);
            }
            Err(error) => answers.extend(range.iter().map(|_| Err(error))),
        }
    }
    answers
}

/// Writes a range in one transaction, trying again while the database is away.
/// A batch whose commit is unknown may be written again: its ids and keys are
/// the same, so what was written is found, not doubled.
async fn write_range(
    connection: &mut Single,
    range: &[NewTransfer],
) -> Result<Vec<Submitted>, IntakeError> {
    let mut pauses = PAUSES.iter();
    loop {
        let trouble = match write_once(connection, range).await {
            Ok(written) => return Ok(written),
            Err(Trouble::Refused) => return Err(IntakeError::Refused),
            Err(Trouble::Hangs) => None,
            Err(Trouble::Away(trouble)) => Some(trouble),
        };
        let pause = trouble.as_ref().and_then(|_| pauses.next());
        let Some(pause) = pause else {
            let trouble = trouble.unwrap_or_else(|| "no answer in time".to_owned());
            tracing::warn!(error = trouble, "{} commands were turned away", range.len());
            return Err(IntakeError::Unavailable { retry_after_s: RETRY_AFTER_S });
        };
        tokio::time::sleep(*pause).await;
    }
}

/// Why one try came to nothing.
enum Trouble {
    /// The data itself.
    Refused,
    /// The database is away or busy.
    Away(String),
    /// No answer: whoever waits has waited long enough.
    Hangs,
}

/// The connection is kept only when it has given an answer: one that hangs is
/// closed, and the server rolls back. A panic would end the batcher and with it the
/// intake of this process, so it is caught.
async fn write_once(
    connection: &mut Single,
    range: &[NewTransfer],
) -> Result<Vec<Submitted>, Trouble> {
    let taken = connection.take().await;
    let mut taken = taken.map_err(|error| Trouble::Away(describe(&error)))?;
    let writing = AssertUnwindSafe(write_batch(&mut taken, range)).catch_unwind();
    let error = match tokio::time::timeout(TRY_TIME_MAX, writing).await {
        Ok(Ok(Ok(written))) => {
            connection.keep(taken);
            return Ok(written);
        }
        Ok(Ok(Err(error))) => error,
        Ok(Err(_)) => {
            tracing::error!("a batch of commands panicked");
            return Err(Trouble::Refused);
        }
        Err(_) => return Err(Trouble::Hangs),
    };
    match error.temper() {
        Temper::Data => {
            connection.keep(taken);
            return Err(Trouble::Refused);
        }
        Temper::Outage => {}
        Temper::Bug => {
            tracing::error!(error = describe(&error), "the intake statement is wrong");
        }
    }
    Err(Trouble::Away(describe(&error)))
}

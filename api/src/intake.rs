//! The intake batcher: commands of many requests become durable in one transaction.
//!
//! A batch is whatever queued up while the last one was committed, at most
//! [`BATCH_MAX`]; there is no timer. At low load a batch is one command; under
//! load it grows, and the cost of each command falls. One bad command never
//! fails its neighbours: a batch that the database refuses is halved until the
//! command at fault is alone.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use store::intake::{NewTransfer, Submitted, write_batch};
use store::pool::Pool;
use store::wake::Waker;
use store::{StoreError, Temper, describe};
use tokio::sync::{Mutex, mpsc, oneshot};

mod gate;
use gate::Gate;
pub use gate::Limits;

/// Most commands of one transaction: past this the cost per command falls no further.
const BATCH_MAX: usize = 256;
/// Batches in flight: while one waits for its commit another is built.
const BATCHER_COUNT: usize = 2;
/// Commands that may wait for a batch; more are turned away at once.
const QUEUE_MAX: usize = 4096;
/// Tries of a batch while the database is away; together shorter than a client's patience.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(20), Duration::from_millis(100), Duration::from_millis(400)];
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
    /// Starts the batchers on `hot` (two connections) and the backlog sampler on
    /// `reads`. They end when the last clone is dropped.
    pub fn start(hot: &Pool, reads: Pool, waker: &Waker, limits: Limits) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        let requests = Arc::new(Mutex::new(requests));
        for _ in 0..BATCHER_COUNT {
            tokio::spawn(serve(requests.clone(), hot.clone(), waker.clone()));
        }
        Self { queue, gate: Gate::start(reads, limits) }
    }

    /// Writes one command. Returns after the commit.
    pub async fn submit(&self, command: NewTransfer) -> Answer {
        self.gate.check()?;
        let (answer, outcome) = oneshot::channel();
        let full = || IntakeError::Overloaded { retry_after_s: 1 };
        self.queue.try_send(Request { command, answer }).map_err(|_| full())?;
        // An answer that never comes means that the process is stopping.
        outcome.await.unwrap_or(Err(IntakeError::Unavailable { retry_after_s: RETRY_AFTER_S }))
    }
}

async fn serve(requests: Arc<Mutex<mpsc::Receiver<Request>>>, pool: Pool, waker: Waker) {
    loop {
        let mut batch = Vec::new();
        // Held while waiting for the first command, so the batchers take turns.
        if requests.lock().await.recv_many(&mut batch, BATCH_MAX).await == 0 {
            return;
        }
        let (commands, clients): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|request| (request.command, request.answer)).unzip();
        let answers = write(&pool, &commands).await;
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
async fn write(pool: &Pool, commands: &[NewTransfer]) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(commands.len());
    // Ranges still to be written, the first on top.
    let mut ranges = vec![commands];
    while let Some(range) = ranges.pop() {
        match write_range(pool, range).await {
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
async fn write_range(pool: &Pool, range: &[NewTransfer]) -> Result<Vec<Submitted>, IntakeError> {
    let mut pauses = PAUSES.iter();
    loop {
        let work = async { write_batch(&mut *pool.acquire().await?, range).await };
        let error = match caught(work).await {
            Some(Ok(written)) => return Ok(written),
            Some(Err(error)) => error,
            None => return Err(IntakeError::Refused),
        };
        match error.temper() {
            Temper::Data => return Err(IntakeError::Refused),
            Temper::Outage => {}
            Temper::Bug => {
                tracing::error!(error = describe(&error), "the intake statement is wrong");
            }
        }
        let Some(pause) = pauses.next() else {
            tracing::warn!(error = describe(&error), "{} commands were turned away", range.len());
            return Err(IntakeError::Unavailable { retry_after_s: RETRY_AFTER_S });
        };
        tokio::time::sleep(*pause).await;
    }
}

/// A panic would end the batcher and with it the intake of this process.
async fn caught<T>(
    work: impl Future<Output = Result<T, StoreError>>,
) -> Option<Result<T, StoreError>> {
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.inspect_err(|_| tracing::error!("a batch of commands panicked")).ok()
}

//! Bulk work: commands that many came together, and that may wait behind those that came alone.
//!
//! They have a queue, a batcher and a connection of their own, so that a single command never
//! shares a transaction with them, nor waits for one of theirs. The batcher writes only while few
//! single commands queue up and while the gate has room for bulk work; until then what is queued
//! waits, and those who want to queue more wait, too.

use std::sync::Arc;
use std::time::Duration;

use store::intake::{Manner, NewTransfer, Submitted};
use store::pool::Single;
use store::wake::Waker;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::gate::Gate;
use super::write::write;
use super::{ANSWER_TIME_MAX, Answer, BATCH_FULL, BATCH_MAX, IntakeError, RETRY_AFTER_S};

/// Requests that may wait for the batcher; others wait until they may queue.
const QUEUE_MAX: usize = 16;
/// How long a request waits for room. Less than its client waits for an answer, so that the
/// client learns that nothing was written.
const ROOM_TIME_MAX: Duration = Duration::from_secs(3);
/// Between two looks at the queue of single commands.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// What a client is told to wait when there was no room, in seconds.
const RETRY_AFTER_ROOM_S: u32 = 1;

/// Commands that are answered together.
pub(super) struct Request {
    commands: Vec<NewTransfer>,
    manner: Manner,
    since: Instant,
    answer: oneshot::Sender<Vec<Answer>>,
}

/// Where bulk work queues up; clones share one queue.
#[derive(Debug, Clone)]
pub(super) struct Queue(mpsc::Sender<Request>);

/// Answers that are on their way.
#[derive(Debug)]
pub(crate) struct Pending {
    count: usize,
    answered: oneshot::Receiver<Vec<Answer>>,
}

impl Queue {
    /// Starts the batcher. It ends with the last clone of the queue.
    pub(super) fn start<S: Send + 'static>(
        connection: Single,
        waker: Waker,
        gate: Arc<Gate>,
        singles: mpsc::WeakSender<S>,
    ) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        let batcher = Batcher { requests, held: None, connection, waker, gate, singles };
        tokio::spawn(batcher.serve());
        Self(queue)
    }

    /// Queues commands, in whose order they are written, and waits until there is a place for them.
    pub(super) async fn enter(&self, commands: Vec<NewTransfer>, manner: Manner) -> Pending {
        let (answer, answered) = oneshot::channel();
        let count = commands.len();
        let request = Request { commands, manner, since: Instant::now(), answer };
        // Who finds no place is answered by the end of the request; so are no commands at all.
        if count > 0 {
            timeout(ANSWER_TIME_MAX, self.0.send(request)).await.ok();
        }
        Pending { count, answered }
    }
}

impl Pending {
    /// One answer for each command. What has none in time may have been written or not.
    pub(crate) async fn answers(self) -> Vec<Answer> {
        let answered = timeout(ANSWER_TIME_MAX, self.answered).await;
        let unknown = Err(IntakeError::Unavailable { retry_after_s: RETRY_AFTER_S });
        answered.ok().and_then(Result::ok).unwrap_or_else(|| vec![unknown; self.count])
    }
}

struct Batcher<S> {
    requests: mpsc::Receiver<Request>,
    /// Received, but not for the last batch.
    held: Option<Request>,
    connection: Single,
    waker: Waker,
    gate: Arc<Gate>,
    singles: mpsc::WeakSender<S>,
}

impl<S> Batcher<S> {
    async fn serve(mut self) {
        while let Some(first) = self.next().await {
            // Nobody waits for it, and nothing of it was written.
            if first.answer.is_closed() {
                continue;
            }
            let room = room(&self.gate, &self.singles);
            if timeout_at(first.since + ROOM_TIME_MAX, room).await.is_err() {
                let full = IntakeError::Overloaded { retry_after_s: RETRY_AFTER_ROOM_S };
                let answers = vec![Err(full); first.commands.len()];
                first.answer.send(answers).ok();
                continue;
            }
            let batch = self.merge(first);
            self.write(batch).await;
        }
    }

    async fn next(&mut self) -> Option<Request> {
        match self.held.take() {
            Some(request) => Some(request),
            None => self.requests.recv().await,
        }
    }

    /// Adds what is queued behind `first`, as long as it fits.
    fn merge(&mut self, first: Request) -> Vec<Request> {
        let (manner, mut count) = (first.manner, first.commands.len());
        let mut batch = vec![first];
        while manner == Manner::Bulk
            && let Ok(request) = self.requests.try_recv()
        {
            count += request.commands.len();
            if request.manner != Manner::Bulk || count > BATCH_MAX {
                self.held = Some(request);
                break;
            }
            batch.push(request);
        }
        batch
    }

    async fn write(&mut self, batch: Vec<Request>) {
        let manner = batch.first().map_or(Manner::Bulk, |first| first.manner);
        let mut commands = Vec::new();
        let mut clients = Vec::with_capacity(batch.len());
        for request in batch {
            clients.push((request.commands.len(), request.answer));
            commands.extend(request.commands);
        }
        self.gate.take_room(commands.len());
        let mut answers = write(&mut self.connection, &commands, manner).await;
        self.gate.written(commands.len());
        if answers.iter().any(|answer| matches!(answer, Ok(Submitted::Accepted(_)))) {
            self.waker.wake();
        }
        for (count, client) in clients {
            let rest = answers.split_off(count.min(answers.len()));
            // A client that is gone can ask again with the same keys.
            client.send(answers).ok();
            answers = rest;
        }
    }
}

/// Returns once bulk work may go on.
async fn room<S>(gate: &Gate, singles: &mpsc::WeakSender<S>) {
    loop {
        gate.room_for_bulk().await;
        // So many make a batch by themselves: those who write them are behind.
        let waiting = |queue: mpsc::Sender<S>| queue.max_capacity() - queue.capacity();
        if singles.upgrade().map_or(0, waiting) < BATCH_FULL {
            return;
        }
        sleep(LOOK_AGAIN).await;
    }
}

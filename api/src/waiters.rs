//! `Prefer: wait`: requests that wait for the end of a transfer.
//!
//! One registry a process and one task: while anybody waits, it asks for the status of
//! all transfers waited for in one statement, every few milliseconds. So the cost does
//! not grow with the number of waiters, and nothing runs while there are none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::ids::TransferId;
use domain::transfer::TransferStatus;
use store::StoreError;
use store::readers::Readers;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// Between two statements: short beside the time in which a transfer settles.
const INTERVAL: Duration = Duration::from_millis(5);
/// The same when the database takes longer than [`INTERVAL`] to answer.
const INTERVAL_WHEN_SLOW: Duration = Duration::from_millis(10);
/// After a statement that failed.
const INTERVAL_AFTER_FAILURE: Duration = Duration::from_millis(200);
/// A statement that takes longer has lost its connection.
const READ_TIME_MAX: Duration = Duration::from_secs(2);

/// The registry. Dropping it ends its task.
pub(crate) struct Waiters {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    registry: Mutex<Registry>,
    /// Told when the first waiter comes.
    arrived: Notify,
    /// Beyond this nobody is let in to wait and gets 202 at once, which is always allowed.
    count_max: usize,
}

#[derive(Default)]
struct Registry {
    waiting: HashMap<TransferId, Vec<oneshot::Sender<()>>>,
    count: usize,
    closed: bool,
}

impl Shared {
    fn registry(&self) -> MutexGuard<'_, Registry> {
        // Nothing under this lock can panic half-way through a change.
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether there is nothing more to wait for: the end, or a person who must look.
pub(crate) fn is_outcome(status: TransferStatus) -> bool {
    status.is_final() || status == TransferStatus::Stuck
}

impl Waiters {
    /// Starts the task on the current runtime, for at most so many who wait.
    pub(crate) fn start(readers: Readers, count_max: usize) -> Self {
        let registry = Mutex::new(Registry::default());
        let shared = Arc::new(Shared { registry, arrived: Notify::new(), count_max });
        let task = tokio::spawn(watch(Arc::clone(&shared), readers));
        Self { shared, task }
    }

    /// Waits until the transfer has an outcome, at most for `patience`. Whether it has
    /// is the reader's to see: this may return early, too.
    pub(crate) async fn wait(&self, id: TransferId, patience: Duration) {
        let Some(ended) = self.enter(id) else {
            return;
        };
        // A sender that is dropped ends the wait as one that sends.
        let _ = tokio::time::timeout(patience, ended).await;
    }

    fn enter(&self, id: TransferId) -> Option<oneshot::Receiver<()>> {
        let mut registry = self.shared.registry();
        if registry.closed || registry.count >= self.shared.count_max {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        registry.waiting.entry(id).or_default().push(sender);
        registry.count += 1;
        drop(registry);
        self.shared.arrived.notify_one();
        Some(receiver)
    }

    /// Sends everybody home, now and later: the process is about to stop.
    pub(crate) fn close(&self) {
        let mut registry = self.shared.registry();
        registry.closed = true;
        registry.waiting.clear();
        registry.count = 0;
    }
}

impl Drop for Waiters {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Registry {
    /// Lets go of requests that were given up, and names the transfers still waited for.
    fn awaited(&mut self) -> Vec<TransferId> {
        self.waiting.retain(|_, senders| {
            senders.retain(|sender| !sender.is_closed());
            !senders.is_empty()
        });
        self.count = self.waiting.values().map(Vec::len).sum();
        self.waiting.keys().copied().collect()
    }

    fn tell(&mut self, id: TransferId) {
        for sender in self.waiting.remove(&id).unwrap_or_default() {
            self.count = self.count.saturating_sub(1);
            // The request may just have been given up.
            let _ = sender.send(());
        }
    }
}

/// Asks and tells, until the registry is dropped and this task aborted.
async fn watch(shared: Arc<Shared>, readers: Readers) {
    loop {
        let ids = shared.registry().awaited();
        if ids.is_empty() {
            shared.arrived.notified().await;
            continue;
        }
        let asked = Instant::now();
        let reading = store::transfers::statuses(readers.writer(), &ids);
        let read = tokio::time::timeout(READ_TIME_MAX, reading).await;
        let pause = match read.unwrap_or(Err(StoreError::NoAnswer)) {
            Ok(statuses) => {
                let mut registry = shared.registry();
                for (id, status) in statuses {
                    if is_outcome(status) {
                        registry.tell(id);
                    }
                }
                if asked.elapsed() > INTERVAL { INTERVAL_WHEN_SLOW } else { INTERVAL }
            }
            Err(error) => {
                let cause = store::describe(&error);
                tracing::warn!(cause, waiters = ids.len(), "cannot read the status of transfers");
                INTERVAL_AFTER_FAILURE
            }
        };
        tokio::time::sleep(pause).await;
    }
}

//! Clients that watch transfers change.
//!
//! One registry a process and one task, like that of those who wait for an outcome: while anybody
//! watches, it asks in one statement how all transfers stand whose turn it is, and reads those that
//! have changed in two more, once for all who watch them. A transfer that is being run has its turn
//! every few milliseconds, one that waits for somebody every second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::TransferId;
use domain::transfer::TransferStatus;
use store::StoreError;
use store::readers::Readers;
use store::transfers::{Pulse, Step, Transfer};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::door::{Share, Shares};
use crate::views;

/// Between two looks at a transfer that has just been accepted or has just changed.
const LOOK_SOON: Duration = Duration::from_millis(20);
/// How long after that it is looked at so often.
const SOON: Duration = Duration::from_secs(2);
/// Between two looks at one that waits for a retry, or for its turn.
const LOOK_LATER: Duration = Duration::from_millis(250);
/// Between two looks at one that waits for a person, a provider, or its time.
const LOOK_SELDOM: Duration = Duration::from_secs(1);
/// After a statement that failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(200);
/// A look that takes longer has lost its connection.
const LOOK_TIME_MAX: Duration = Duration::from_secs(5);

/// How a transfer stood at one moment.
#[derive(Debug)]
pub(crate) struct Seen {
    /// The name of this state, for `Last-Event-ID`.
    pub(crate) id: String,
    /// The transfer with its timeline, as JSON.
    json: String,
    /// The same without why it failed; none when there is nothing to leave out.
    json_without_why: Option<String>,
    /// Whether it never changes again.
    pub(crate) is_final: bool,
    /// Grows with each change.
    age: (DateTime<Utc>, usize),
}

impl Seen {
    /// A transfer with its timeline.
    pub(crate) fn of(transfer: Transfer, steps: Vec<Step>) -> Self {
        let (status, age) = (transfer.status, (transfer.updated_at, steps.len()));
        let mut view = views::transfer(transfer);
        view.steps = Some(steps.into_iter().map(views::step).collect());
        let json = serde_json::to_string(&view).unwrap_or_default();
        let json_without_why = views::leave_out_why(&mut view)
            .then(|| serde_json::to_string(&view).unwrap_or_default());
        let id = format!("{}-{status}", age.1);
        Self { id, json, json_without_why, is_final: status.is_final(), age }
    }

    /// The transfer, for whoever is told why it failed, or for others.
    pub(crate) fn json(&self, told_why: bool) -> &str {
        let short = self.json_without_why.as_deref().filter(|_| !told_why);
        short.unwrap_or(&self.json)
    }

    /// Whether this is another state, and a later one: what was read earlier may be told later.
    pub(crate) fn follows(&self, other: &Self) -> bool {
        self.age > other.age && self.id != other.id
    }
}

/// The registry. Dropping it ends its task.
pub(crate) struct Watchers {
    shared: Arc<Shared>,
    shares: Shares,
    task: JoinHandle<()>,
}

struct Shared {
    registry: Mutex<Registry>,
    /// Told when a watcher comes.
    arrived: Notify,
    count_max: usize,
}

#[derive(Default)]
struct Registry {
    watched: HashMap<TransferId, Watched>,
    count: usize,
    closed: bool,
}

/// A transfer with all who watch it.
struct Watched {
    told: watch::Sender<Option<Arc<Seen>>>,
    /// As it was at the last look; none before the first.
    pulse: Option<Pulse>,
    /// When a look last found something new, or a watcher came.
    news_at: Instant,
    next_look: Instant,
}

/// One who watches.
pub(crate) struct Watching {
    told: watch::Receiver<Option<Arc<Seen>>>,
    shared: Arc<Shared>,
    _share: Share,
}

impl Watching {
    /// The next state that a look has found; none when the process is about to stop.
    pub(crate) async fn next(&mut self) -> Option<Arc<Seen>> {
        loop {
            self.told.changed().await.ok()?;
            let seen = self.told.borrow_and_update().clone();
            if seen.is_some() {
                return seen;
            }
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut registry = self.shared.registry();
        registry.count = registry.count.saturating_sub(1);
    }
}

impl Shared {
    fn registry(&self) -> MutexGuard<'_, Registry> {
        // Nothing under this lock can panic half-way through a change.
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watchers {
    /// Starts the task on the current runtime.
    pub(crate) fn start(readers: Readers, count_max: u32) -> Self {
        let count_max = usize::try_from(count_max).unwrap_or(usize::MAX);
        let registry = Mutex::new(Registry::default());
        let shared = Arc::new(Shared { registry, arrived: Notify::new(), count_max });
        let task = tokio::spawn(look_on(Arc::clone(&shared), readers));
        Self { shared, shares: Shares::of(count_max), task }
    }

    /// Watches a transfer from now on; none when as many watch as may, this caller or all together, or the
    /// process is about to stop.
    pub(crate) fn enter(&self, id: TransferId, caller: &str) -> Option<Watching> {
        let share = self.shares.take(caller)?;
        let mut registry = self.shared.registry();
        if registry.closed || registry.count >= self.shared.count_max {
            return None;
        }
        registry.count += 1;
        let now = Instant::now();
        let fresh = || Watched {
            told: watch::Sender::new(None),
            pulse: None,
            news_at: now,
            next_look: now,
        };
        let watched = registry.watched.entry(id).or_insert_with(fresh);
        (watched.news_at, watched.next_look) = (now, now);
        let told = watched.told.subscribe();
        drop(registry);
        self.shared.arrived.notify_one();
        Some(Watching { told, shared: Arc::clone(&self.shared), _share: share })
    }

    /// Sends everybody home, now and later.
    pub(crate) fn close(&self) {
        let mut registry = self.shared.registry();
        registry.closed = true;
        registry.watched.clear();
    }
}

impl Drop for Watchers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Registry {
    /// Forgets what nobody watches any more. Returns the transfers whose turn it is, and when
    /// the next one has its turn.
    fn due(&mut self, now: Instant) -> (Vec<TransferId>, Option<Instant>) {
        self.watched.retain(|_, watched| watched.told.receiver_count() > 0);
        let turns = || self.watched.iter().map(|(id, watched)| (*id, watched.next_look));
        let due = turns().filter(|turn| turn.1 <= now).map(|turn| turn.0).collect();
        (due, turns().map(|turn| turn.1).filter(|at| *at > now).min())
    }

    /// Notes how transfers stand, and returns those that have changed.
    fn note(&mut self, pulses: &[(TransferId, Pulse)], now: Instant) -> Vec<TransferId> {
        let mut changed = Vec::new();
        for (id, pulse) in pulses {
            let Some(watched) = self.watched.get_mut(id) else { continue };
            if watched.pulse != Some(*pulse) {
                watched.news_at = now;
                changed.push(*id);
            }
            watched.next_look = now + pause(pulse.status, now - watched.news_at);
        }
        changed
    }
}

/// When a transfer has its turn again.
fn pause(status: TransferStatus, quiet: Duration) -> Duration {
    match status {
        TransferStatus::Accepted if quiet < SOON => LOOK_SOON,
        TransferStatus::Accepted => LOOK_LATER,
        _ if quiet < SOON => LOOK_LATER,
        _ => LOOK_SELDOM,
    }
}

/// Looks and tells, until the registry is dropped and this task aborted.
async fn look_on(shared: Arc<Shared>, readers: Readers) {
    loop {
        let (due, next) = shared.registry().due(Instant::now());
        if due.is_empty() {
            let turn = async {
                match next {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = shared.arrived.notified() => {}
                () = turn => {}
            }
            continue;
        }
        let began = Instant::now();
        let looked = timeout(LOOK_TIME_MAX, look(&shared, &readers, &due)).await;
        let rest = match looked.unwrap_or(Err(StoreError::NoAnswer)) {
            // However many come and go, it looks no more often, and never all the time.
            Ok(()) => LOOK_SOON.saturating_sub(began.elapsed()).max(LOOK_SOON / 4),
            Err(error) => {
                let cause = store::describe(&error);
                tracing::warn!(cause, watched = due.len(), "cannot look at transfers");
                PAUSE_AFTER_FAILURE
            }
        };
        sleep(rest).await;
    }
}

async fn look(shared: &Shared, readers: &Readers, due: &[TransferId]) -> Result<(), StoreError> {
    let pool = readers.writer();
    let began = Instant::now();
    let pulses = store::transfers::pulses(pool, due).await?;
    let changed = {
        let mut registry = shared.registry();
        // What is not found is archived or was never there, and has no more to tell.
        for id in due {
            if let Some(watched) = registry.watched.get_mut(id) {
                watched.next_look = began + LOOK_SELDOM;
            }
        }
        registry.note(&pulses, began)
    };
    if changed.is_empty() {
        return Ok(());
    }
    // In this order: a transfer may be told with steps that came since, but never lacks one.
    let transfers = store::transfers::many(pool, &changed).await?;
    let mut steps = store::transfers::steps_of_many(pool, &changed).await?;
    let pulses: HashMap<TransferId, Pulse> = pulses.into_iter().collect();
    let mut registry = shared.registry();
    for (id, transfer) in transfers {
        let Some(watched) = registry.watched.get_mut(&id) else { continue };
        // Only now: a look that failed half-way is repeated.
        watched.pulse = pulses.get(&id).copied();
        let seen = Seen::of(transfer, steps.remove(&id).unwrap_or_default());
        watched.told.send_replace(Some(Arc::new(seen)));
    }
    Ok(())
}

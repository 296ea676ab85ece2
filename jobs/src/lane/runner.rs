//! Runs groups until their outcomes are recorded, whatever goes wrong.
//!
//! * The database is away or busy: the whole group is tried again; no attempt is spent.
//! * It refuses the data, or the ledger would break: the group is halved until the
//!   one transfer at fault is alone; that one is parked, all others go on.
//! * A panic counts as refused data.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::failure::{Failure, FailureClass};
use domain::ids::TransferId;
use domain::job::GROUP_MAX;
use domain::saga::StuckReason;
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::PgConnection;
use store::lane::{self, GroupError, GroupReport, LaneRules};
use store::pool::Single;
use store::wake::Waker;
use store::{StoreError, Temper, describe};
use telemetry::metrics::metrics;
use tokio::sync::watch;

use super::spans::{self, Jobs};
use super::tell;
use crate::relay::Bell;

/// First pause after an outage; doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// A group that has not ended after this long has lost its connection.
const GROUP_TIME_MAX: Duration = Duration::from_secs(45);

pub(super) struct Runner {
    connection: Single,
    rules: LaneRules,
    /// Rung when events were committed.
    bell: Bell,
    /// Woken when there are calls to make.
    calls: Waker,
    /// What was taken when, for traces.
    pub(super) jobs: Jobs,
    stopping: watch::Receiver<bool>,
}

/// Why one try of one group came to nothing.
enum Trouble {
    /// Try again later.
    Later(String),
    /// Something in the group itself.
    Within(Failure),
}

impl Runner {
    pub(super) fn new(
        connection: Single,
        rules: LaneRules,
        bell: Bell,
        calls: Waker,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self { connection, rules, bell, calls, jobs: Jobs::default(), stopping }
    }

    /// Advances `ids` until each is at its end, waits, or is parked. False when
    /// the process stops first.
    pub(super) async fn run(&mut self, ids: Vec<TransferId>) -> bool {
        let mut suspects = Vec::new();
        let mut groups: Vec<Vec<TransferId>> =
            ids.chunks(GROUP_MAX).map(<[TransferId]>::to_vec).collect();
        while let Some(group) = groups.pop() {
            match self.until_committed(&group, false).await {
                Some(Ok(report)) => {
                    suspects.extend(report.suspects);
                    groups.extend(Some(report.ready).filter(|ready| !ready.is_empty()));
                }
                Some(Err(failure)) => match halves(&group) {
                    Some(halves) => groups.extend(halves),
                    None => self.park(&group, StuckReason::BrokenInvariant, &failure).await,
                },
                None => return false,
            }
        }
        suspects.is_empty() || self.run_apart(suspects).await
    }

    /// Tries one group until it is committed or is itself at fault. `None` when
    /// the process stops during an outage.
    pub(super) async fn until_committed(
        &mut self,
        group: &[TransferId],
        apart: bool,
    ) -> Option<Result<GroupReport, Failure>> {
        let group: Arc<[TransferId]> = group.into();
        let outcome = self
            .patiently(|connection, rules| {
                let group = group.clone();
                async move { lane::advance(connection, rules, &group, apart).await }.boxed()
            })
            .await;
        if let Some(Ok(report)) = &outcome {
            if !report.statuses.is_empty() {
                self.bell.ring();
            }
            if report.calls {
                self.calls.wake();
            }
            self.told(report);
        }
        outcome
    }

    /// Says what was committed.
    fn told(&mut self, report: &GroupReport) {
        tell::tell(report);
        spans::record(report, self.rules.shard, &mut self.jobs);
    }

    /// Parks each of `ids` with a dead letter. One that cannot even be parked is
    /// left to the keeper, and said so.
    pub(super) async fn park(
        &mut self,
        ids: &[TransferId],
        reason: StuckReason,
        failure: &Failure,
    ) {
        for &id in ids {
            let parked = self
                .patiently(|connection, rules| {
                    let failure = failure.clone();
                    async move { lane::halt(connection, rules, id, reason, &failure).await }.boxed()
                })
                .await;
            match parked {
                Some(Ok(report)) => {
                    self.bell.ring();
                    self.told(&report);
                }
                Some(Err(failure)) => {
                    let detail = failure.detail;
                    tracing::error!(transfer.id = %id, "transfer {id} cannot be parked: {detail}");
                }
                None => return,
            }
        }
    }

    /// Does something on the lane's connection until it is done or is itself at
    /// fault. `None` when the process stops during an outage.
    pub(super) async fn patiently<T>(
        &mut self,
        work: impl for<'c> Fn(
            &'c mut PgConnection,
            &'c LaneRules,
        ) -> BoxFuture<'c, Result<T, GroupError>>,
    ) -> Option<Result<T, Failure>> {
        let mut pause = PAUSE_MIN;
        loop {
            let trouble = match self.once(&work).await {
                Ok(done) => return Some(Ok(done)),
                Err(Trouble::Within(failure)) => {
                    metrics().sagas.group_failures.one(["data".into()]);
                    return Some(Err(failure));
                }
                Err(Trouble::Later(trouble)) => trouble,
            };
            metrics().sagas.group_failures.one(["database".into()]);
            tracing::warn!(error = trouble, "the lane waits for the database");
            if !self.pause(&mut pause).await {
                return None;
            }
        }
    }

    /// The connection is kept only when it has given an answer: one that hangs is
    /// closed, and the server rolls back.
    async fn once<T>(
        &mut self,
        work: impl for<'c> Fn(
            &'c mut PgConnection,
            &'c LaneRules,
        ) -> BoxFuture<'c, Result<T, GroupError>>,
    ) -> Result<T, Trouble> {
        let doubted = self.connection.doubted();
        let taken = self.connection.take().await;
        let mut connection = taken.map_err(|error| Trouble::Later(describe(&error)))?;
        let doing = AssertUnwindSafe(work(&mut connection, &self.rules)).catch_unwind();
        let later = |why: &str| Err(Trouble::Later(why.to_owned()));
        let done = tokio::select! {
            biased;
            done = tokio::time::timeout(GROUP_TIME_MAX, doing) => match done {
                Ok(Ok(done)) => done,
                Ok(Err(_)) => return Err(Trouble::Within(panicked())),
                Err(_) => return later("no answer in time"),
            },
            // It may keep a commit waiting for ever.
            () = doubted => return later("the writer was left"),
        };
        let done = done.map_err(|error| judge(&error));
        if !matches!(done, Err(Trouble::Later(_))) {
            self.connection.keep(connection);
        }
        done
    }

    /// Waits out part of an outage. False when the process is to stop.
    async fn pause(&mut self, pause: &mut Duration) -> bool {
        let wait = tokio::time::sleep(*pause);
        *pause = (*pause * 2).min(PAUSE_MAX);
        tokio::select! {
            () = wait => true,
            _ = self.stopping.wait_for(|stop| *stop) => false,
        }
    }
}

fn judge(error: &GroupError) -> Trouble {
    match error.temper() {
        Temper::Data => Trouble::Within(refused(error)),
        Temper::Outage => Trouble::Later(describe(error)),
        // Every group would meet it, so nobody in this one is to blame.
        Temper::Bug => {
            tracing::error!(error = describe(error), "a statement of the lane is wrong");
            Trouble::Later(describe(error))
        }
    }
}

fn panicked() -> Failure {
    let detail = "The program panicked while it advanced this transfer.";
    Failure::new(FailureClass::Permanent, "panicked", detail)
}

/// The failure that a dead letter shows.
fn refused(error: &GroupError) -> Failure {
    let code = match error {
        GroupError::Store(StoreError::Corrupt(_)) => "row_not_valid".to_owned(),
        GroupError::Store(error) => {
            format!("sqlstate_{}", error.sqlstate().unwrap_or_default().to_lowercase())
        }
        GroupError::Broken(_) | GroupError::Overflow(_) => "broken_invariant".to_owned(),
    };
    Failure::new(FailureClass::Permanent, &code, describe(error))
}

fn halves(group: &[TransferId]) -> Option<[Vec<TransferId>; 2]> {
    let (left, right) = group.split_at(group.len() / 2);
    (!left.is_empty()).then(|| [left.to_vec(), right.to_vec()])
}

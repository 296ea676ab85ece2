//! Runs groups until their outcomes are recorded, whatever goes wrong.
//!
//! * The database is away or busy: the whole group is tried again; no attempt is spent.
//! * It refuses the data, or the ledger would break: the group is halved until the
//!   one transfer at fault is alone; that one is parked, all others go on.
//! * A panic counts as refused data.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use domain::failure::{Failure, FailureClass};
use domain::ids::TransferId;
use domain::job::GROUP_MAX;
use domain::saga::StuckReason;
use futures::FutureExt;
use sqlx::PgPool;
use store::lane::{self, GroupError, GroupReport, LaneRules};
use store::{StoreError, Temper, describe};
use tokio::sync::watch;

/// First pause after an outage; doubles up to [`PAUSE_MAX`].
pub(super) const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// A group that has not ended after this long has lost its connection.
const GROUP_TIME_MAX: Duration = Duration::from_secs(45);

pub(super) struct Runner {
    pub(super) pool: PgPool,
    pub(super) rules: LaneRules,
    pub(super) stopping: watch::Receiver<bool>,
}

/// Why one try of one group came to nothing.
enum Trouble {
    /// Try again later.
    Later(String),
    /// Something in the group itself.
    Within(Failure),
}

impl Runner {
    pub(super) fn new(pool: PgPool, rules: LaneRules, stopping: watch::Receiver<bool>) -> Self {
        Self { pool, rules, stopping }
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
        let mut pause = PAUSE_MIN;
        loop {
            let trouble = match self.once(group, apart).await {
                Ok(report) => return Some(Ok(report)),
                Err(Trouble::Within(failure)) => return Some(Err(failure)),
                Err(Trouble::Later(trouble)) => trouble,
            };
            tracing::warn!(error = trouble, "a group of {} waits for the database", group.len());
            if !self.pause(&mut pause).await {
                return None;
            }
        }
    }

    async fn once(&self, group: &[TransferId], apart: bool) -> Result<GroupReport, Trouble> {
        let work = async {
            let mut connection = self.pool.acquire().await?;
            lane::advance(&mut connection, &self.rules, group, apart).await
        };
        judge(tokio::time::timeout(GROUP_TIME_MAX, AssertUnwindSafe(work).catch_unwind()).await)
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
            let mut pause = PAUSE_MIN;
            loop {
                let work = async {
                    let mut connection = self.pool.acquire().await?;
                    lane::halt(&mut connection, &self.rules, id, reason, failure).await
                };
                let work = AssertUnwindSafe(work).catch_unwind();
                match judge(tokio::time::timeout(GROUP_TIME_MAX, work).await) {
                    Ok(_) => break,
                    Err(Trouble::Within(failure)) => {
                        let detail = failure.detail;
                        tracing::error!(transfer.id = %id, "transfer {id} cannot be parked: {detail}");
                        break;
                    }
                    Err(Trouble::Later(_)) if self.pause(&mut pause).await => {}
                    Err(Trouble::Later(_)) => return,
                }
            }
        }
    }

    /// Waits out part of an outage. False when the process is to stop.
    pub(super) async fn pause(&mut self, pause: &mut Duration) -> bool {
        let wait = tokio::time::sleep(*pause);
        *pause = (*pause * 2).min(PAUSE_MAX);
        tokio::select! {
            () = wait => true,
            _ = self.stopping.wait_for(|stop| *stop) => false,
        }
    }
}

type Tried = Result<
    Result<Result<GroupReport, GroupError>, Box<dyn std::any::Any + Send>>,
    tokio::time::error::Elapsed,
>;

fn judge(tried: Tried) -> Result<GroupReport, Trouble> {
    match tried {
        Ok(Ok(Ok(report))) => Ok(report),
        Ok(Ok(Err(error))) => Err(match error.temper() {
            Temper::Data => Trouble::Within(refused(&error)),
            Temper::Outage => Trouble::Later(describe(&error)),
            // Every group would meet it, so nobody in this one is to blame.
            Temper::Bug => {
                tracing::error!(error = describe(&error), "a statement of the lane is wrong");
                Trouble::Later(describe(&error))
            }
        }),
        Ok(Err(_)) => Err(Trouble::Within(Failure::new(
            FailureClass::Permanent,
            "panicked",
            "The program panicked while it advanced this transfer.",
        ))),
        Err(_) => Err(Trouble::Later("no answer in time".to_owned())),
    }
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

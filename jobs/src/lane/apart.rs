//! Transfers whose process died while it had them in hand.
//!
//! One of them may be the reason, and would kill the next process too. So each is
//! marked, and the mark committed, before it is run again: first in small groups,
//! then alone. A process that dies now leaves marks on very few; after
//! [`CRASH_MAX`] marks a transfer is parked instead of run. All others end as if
//! nothing had happened.

use std::sync::Arc;

use domain::failure::{Failure, FailureClass};
use domain::ids::TransferId;
use domain::saga::StuckReason;
use futures::FutureExt;
use store::lane::{self, CRASH_MAX};

use super::runner::Runner;

/// Unmarked transfers that are run together: few enough to be tried alone soon
/// after, many enough that thousands of bystanders take a second.
const GROUP_APART: usize = 16;

impl Runner {
    /// Like [`Runner::run`], for suspects.
    pub(super) async fn run_apart(&mut self, ids: Vec<TransferId>) -> bool {
        let Some(mut open) = self.crash_counts(&ids).await else { return false };
        // The least suspect last: they are taken from the end, and are done before
        // a killer has its turn.
        open.reverse();
        while let Some(&(_, crashes)) = open.last() {
            let size = if crashes == 0 { GROUP_APART } else { 1 };
            let same = open.iter().rev().take(size).take_while(|one| one.1 == crashes).count();
            let group: Vec<TransferId> =
                open.drain(open.len() - same..).map(|(id, _)| id).collect();
            let done = if crashes >= CRASH_MAX {
                self.park(&group, StuckReason::KillsItsWorker, &killer()).await;
                true
            } else {
                self.run_marked(group).await
            };
            if !done {
                return false;
            }
        }
        true
    }

    /// Marks a group, then runs it to its end.
    async fn run_marked(&mut self, group: Vec<TransferId>) -> bool {
        let mut groups = vec![group];
        while let Some(group) = groups.pop() {
            if !self.mark(&group).await {
                return false;
            }
            match self.until_committed(&group, true).await {
                Some(Ok(report)) => {
                    groups.extend(Some(report.ready).filter(|ready| !ready.is_empty()));
                }
                Some(Err(failure)) if group.len() == 1 => {
                    self.park(&group, StuckReason::BrokenInvariant, &failure).await;
                }
                Some(Err(_)) => groups.extend(group.into_iter().map(|id| vec![id])),
                None => return false,
            }
        }
        true
    }

    async fn mark(&mut self, group: &[TransferId]) -> bool {
        let group: Arc<[TransferId]> = group.into();
        let marked = self
            .patiently(|connection, _| {
                let group = group.clone();
                async move { Ok(lane::suspect(connection, &group).await?) }.boxed()
            })
            .await;
        matches!(marked, Some(Ok(())))
    }

    async fn crash_counts(&mut self, ids: &[TransferId]) -> Option<Vec<(TransferId, i16)>> {
        let ids: Arc<[TransferId]> = ids.into();
        let counted = self
            .patiently(|connection, _| {
                let ids = ids.clone();
                async move { Ok(lane::crash_counts(connection, &ids).await?) }.boxed()
            })
            .await;
        counted.and_then(Result::ok)
    }
}

fn killer() -> Failure {
    Failure::new(
        FailureClass::Permanent,
        "kills_its_worker",
        format!(
            "Each of the last {CRASH_MAX} processes that ran this transfer apart from the crowd died of it."
        ),
    )
}

//! The lane: one task and one connection that advance all transfers of this process.
//!
//! It merges what all running jobs have queued into groups of up to
//! [`GROUP_MAX`], without a timer: a group is whatever came while the last one
//! was committed. The size of a job and of a group are independent. What came in bulk
//! fills the room that other jobs leave in a group. Two lanes on one database are safe
//! and wait for each other's wallets; they are for availability, not for speed.

use std::collections::VecDeque;
use std::time::SystemTime;

use domain::ids::TransferId;
use domain::job::GROUP_MAX;
use store::lane::LaneRules;
use store::pool::Single;
use store::wake::Waker;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

mod apart;
mod runner;
mod spans;
mod tell;

use runner::Runner;

use crate::relay::Bell;

/// Jobs that may wait for the lane; a process has no more in hand than this.
const REQUEST_MAX: usize = 256;

/// The lane ended before the outcome was recorded. The job is run again.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the lane has closed")]
pub(crate) struct LaneClosed;

/// Transfers of one job.
struct Request {
    ids: Vec<TransferId>,
    apart: bool,
    bulk: bool,
    /// When the worker took the job.
    taken: SystemTime,
    done: oneshot::Sender<()>,
}

/// Hands transfers to the lane.
#[derive(Debug, Clone)]
pub(crate) struct LaneHandle {
    requests: mpsc::Sender<Request>,
}

impl LaneHandle {
    /// Advances these transfers and returns when their outcomes are committed.
    /// With `apart` each is suspected of having killed its process; with `bulk` others go first.
    pub(crate) async fn advance(
        &self,
        ids: Vec<TransferId>,
        apart: bool,
        bulk: bool,
    ) -> Result<(), LaneClosed> {
        let (done, outcome) = oneshot::channel();
        let taken = SystemTime::now();
        self.requests
            .send(Request { ids, apart, bulk, taken, done })
            .await
            .map_err(|_| LaneClosed)?;
        outcome.await.map_err(|_| LaneClosed)
    }
}

/// Starts the lane. It ends when the last handle is dropped.
pub(crate) fn start(
    connection: Single,
    rules: LaneRules,
    bell: Bell,
    calls: Waker,
    stopping: watch::Receiver<bool>,
) -> (LaneHandle, JoinHandle<()>) {
    let (requests, queue) = mpsc::channel(REQUEST_MAX);
    let lane = Lane {
        queue,
        waiting: VecDeque::new(),
        bulk: VecDeque::new(),
        runner: Runner::new(connection, rules, bell, calls, stopping),
    };
    (LaneHandle { requests }, tokio::spawn(lane.serve()))
}

struct Lane {
    queue: mpsc::Receiver<Request>,
    /// Received, but not yet in a group.
    waiting: VecDeque<Request>,
    /// The same, for what came in bulk.
    bulk: VecDeque<Request>,
    runner: Runner,
}

impl Lane {
    async fn serve(mut self) {
        while let Some(first) = self.next().await {
            let (ids, done) = self.merge(first);
            let recorded = match ids {
                Work::Together(ids) => self.runner.run(ids).await,
                Work::Apart(ids) => self.runner.run_apart(ids).await,
            };
            if recorded {
                // A receiver that is gone belongs to a worker that was replaced.
                for done in done {
                    done.send(()).unwrap_or_default();
                }
            }
        }
    }

    async fn next(&mut self) -> Option<Request> {
        self.sort();
        match self.waiting.pop_front().or_else(|| self.bulk.pop_front()) {
            Some(request) => Some(request),
            None => self.queue.recv().await,
        }
    }

    /// Takes over what is queued.
    fn sort(&mut self) {
        while let Ok(request) = self.queue.try_recv() {
            // Nothing is merged with one that runs apart, so behind others it might never run.
            if request.bulk && !request.apart {
                self.bulk.push_back(request);
            } else {
                self.waiting.push_back(request);
            }
        }
    }

    /// Adds what is queued behind `first`, as long as it fits and is of its kind. Bulk work comes
    /// last, and its jobs are small, so it finds room in every group that is not full.
    fn merge(&mut self, first: Request) -> (Work, Vec<oneshot::Sender<()>>) {
        self.runner.jobs.begin();
        self.runner.jobs.took(&first.ids, first.taken);
        let (mut ids, mut done) = (first.ids, vec![first.done]);
        if first.apart {
            return (Work::Apart(ids), done);
        }
        self.sort();
        for queue in [&mut self.waiting, &mut self.bulk] {
            while let Some(request) = queue.pop_front() {
                if request.apart || ids.len() + request.ids.len() > GROUP_MAX {
                    queue.push_front(request);
                    break;
                }
                self.runner.jobs.took(&request.ids, request.taken);
                ids.extend(request.ids);
                done.push(request.done);
            }
        }
        (Work::Together(ids), done)
    }
}

enum Work {
    Together(Vec<TransferId>),
    Apart(Vec<TransferId>),
}

//! The payload of a saga job: which transfers to advance. It carries ids only,
//! because the job is a wake-up and the truth is in the transfers' own rows.

use serde::{Deserialize, Serialize};

use crate::ids::TransferId;
use crate::text::words;

/// The queue of saga jobs.
pub const SAGA_QUEUE: &str = "wallet-saga";
/// The queue of calls to somebody outside.
pub const CALL_QUEUE: &str = "wallet-call";

words! {
    /// What waits for somebody to take it, as operators name it. Those in SQS are spelled as
    /// their queues are there by default.
    Queue {
        /// Saga jobs, for the workers. apalis knows it as [`SAGA_QUEUE`].
        Saga = "saga",
        /// Events, for the relay.
        Outbox = "outbox",
        /// Messages for the audit trail.
        WalletAudit = "wallet-audit",
        /// Messages for the business figures.
        WalletMetrics = "wallet-metrics",
    }
}

words! {
    /// Where a job stands.
    JobState {
        /// A worker may take it now.
        Ready = "ready",
        /// Its time comes later.
        Scheduled = "scheduled",
        /// A worker has it.
        InHand = "in_hand",
        /// It was given up. Its transfers are in the open work all the same.
        Failed = "failed",
        /// Its transfers were looked at.
        Done = "done",
    }
}

/// Most transfers that one job carries; also the most that one group transaction takes.
pub const GROUP_MAX: usize = 256;

/// Priority of jobs whose transfers came in bulk. All others have apalis's default of 0, and workers
/// take the highest first.
pub const BULK_PRIORITY: i32 = -1;

/// Most transfers that one bulk job carries. Few, because what a worker has fetched is not overtaken
/// any more: 64 jobs of this size are a tenth of a second of work.
pub const BULK_JOB_MAX: usize = 16;

/// A saga job, versioned by `v`. A reader that meets a version it does not know
/// must log it and answer Ok: the sweeper finds those transfers again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "v")]
pub enum SagaJob {
    /// Version 1.
    #[serde(rename = "1")]
    V1 {
        /// The transfers to advance.
        ids: Vec<TransferId>,
    },
}

/// A call that a transfer waits for. One job each, so that a slow one holds up no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "version")]
pub enum CallJob {
    /// Version 1.
    #[serde(rename = "1")]
    V1 {
        /// The transfer.
        id: TransferId,
    },
}

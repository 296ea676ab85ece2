//! Queues, jobs, workers and switches, as operators see and turn them.

use chrono::{DateTime, Utc};
use domain::ids::TransferId;
use domain::job::JobState;
use domain::switch::SwitchKind;
use domain::transfer::TransferStatus;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How the queues stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Queues {
    /// Saga jobs and the open work behind them.
    pub saga: SagaQueue,
    /// Events on their way out.
    pub outbox: OutboxQueue,
    /// Queues of subscribers: only whether we read them, because only workers speak to AWS.
    pub subscribers: Vec<SubscriberQueue>,
}

/// Saga jobs and the open work behind them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SagaQueue {
    /// Whether workers take nothing new.
    pub paused: bool,
    /// Jobs by state.
    pub jobs: JobCounts,
    /// How long the first ready job has been ready, in milliseconds; null without one.
    pub oldest_ready_ms: Option<i64>,
    /// Workers with a sign of life in the last five seconds.
    pub workers_alive: i64,
    /// Open transfers by what they wait for.
    pub transfers: OpenCounts,
    /// How long the first runnable transfer has been due, in milliseconds; null without one.
    pub oldest_due_ms: Option<i64>,
}

/// Jobs by state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobCounts {
    /// A worker may take them now.
    pub ready: i64,
    /// Their time comes later.
    pub scheduled: i64,
    /// A worker has them.
    pub in_hand: i64,
    /// They were given up.
    pub failed: i64,
    /// They ended in the last half minute; older ones are deleted.
    pub done: i64,
}

/// Open transfers by what they wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenCounts {
    /// Due now.
    pub runnable: i64,
    /// For a retry.
    pub retrying: i64,
    /// For a switch.
    pub paused: i64,
    /// For a person.
    pub parked: i64,
}

/// Events on their way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutboxQueue {
    /// Whether the relay sends nothing.
    pub paused: bool,
    /// Events still to be sent.
    pub event_count: i64,
    /// Age of the oldest of them in milliseconds; null when there is none.
    pub oldest_ms: Option<i64>,
}

/// A queue of one of our own consumers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubscriberQueue {
    /// Its name, as switches know it.
    pub name: String,
    /// Whether its consumer receives nothing new.
    pub paused: bool,
}

/// A saga job: a stored wake-up for transfers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Job {
    /// Its id, a ULID.
    pub id: String,
    /// The queue that it is in.
    pub queue: String,
    /// Where it stands.
    pub status: JobState,
    /// Times that it was run or lost.
    pub attempt_count: i32,
    /// After so many it is given up.
    pub attempt_count_max: i32,
    /// When it was written.
    pub created_at: Option<DateTime<Utc>>,
    /// When it may be taken.
    pub run_at: DateTime<Utc>,
    /// The worker that took it last; null before the first.
    pub taken_by: Option<String>,
    /// When that was.
    pub taken_at: Option<DateTime<Utc>>,
    /// When it last ended; null before.
    pub ended_at: Option<DateTime<Utc>>,
    /// What the handler said; null before it ended.
    pub last_result: Option<Value>,
    /// How many transfers it wakes; 0 when its payload cannot be read.
    pub transfer_count: u64,
    /// These transfers; only where one job is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub transfers: Option<Vec<JobTransfer>>,
}

/// A transfer that a job wakes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobTransfer {
    /// The transfer.
    pub id: TransferId,
    /// What a client sees of it; null when it is not there.
    pub status: Option<TransferStatus>,
}

/// A worker, alive or dead. Those silent for an hour are forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Worker {
    /// Its name, new at each start.
    pub id: String,
    /// The queue that it takes jobs from.
    pub queue: String,
    /// Where it runs; null when its name does not say.
    pub host: Option<String>,
    /// Its process there.
    pub pid: Option<u32>,
    /// When it started.
    pub started_at: Option<DateTime<Utc>>,
    /// Its last sign of life.
    pub last_seen_at: DateTime<Utc>,
    /// Whether that was in the last five seconds.
    pub alive: bool,
    /// Jobs that it has now.
    pub jobs_in_hand: i64,
}

/// A switch and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Switch {
    /// What sort of switch it is.
    pub kind: SwitchKind,
    /// What of its kind it is about; empty for maintenance.
    pub subject: String,
    /// How it stands.
    pub on: bool,
    /// How it stands when nobody has touched it.
    pub on_by_default: bool,
    /// Why it was last turned; null when nobody ever did.
    pub reason: Option<String>,
    /// Who did.
    pub changed_by: Option<String>,
    /// When.
    pub changed_at: Option<DateTime<Utc>>,
}

/// Body of `PUT /admin/v1/switches/...`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TurnSwitch {
    /// How it is to stand.
    pub on: bool,
    /// Why, for the audit; 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub reason: String,
}

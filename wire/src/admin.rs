//! What operators and the operator API say to each other.

mod desk;
mod plans;

pub use desk::{
    ActOption, BalanceChange, DeadLetterOptions, OpenRow, OperatorTransfer, PlannedStep,
    ResolveDeadLetter, Resume, ReviewTransfer,
};
pub use plans::{
    AppliedPlan, ApplyPlan, DeadLetterFilter, MakePlan, Plan, PlanForecast, PlanHalt, PlanItem,
    PlanReceipt,
};

use chrono::{DateTime, Utc};
use domain::dead_letter::DeadLetterStatus;
use domain::ids::{DeadLetterId, TransferId, WalletId};
use domain::operator::OperatorRole;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Failure, Step};

mod api_keys;
mod approvals;
mod incidents;
mod ledger;
mod limits;
mod overview;
mod queues;
mod sqs;
mod wallets;

pub use api_keys::{ApiKey, MadeApiKey, MakeApiKey};
pub use approvals::{Approval, ApprovePlan, ApproveResolve};
pub use incidents::{Incident, IncidentKind, Incidents, OutboxEvent, OutboxPage};
pub use ledger::{LedgerReport, LedgerTotal, LedgerViolation};
pub use limits::{LimitNow, OperatorLimit, OwnerSettings, SetLimit, SetOwner};
pub use overview::{
    Conservation, CurrencySums, DeadLetterTotals, HeldMoney, History, Latency, OpenAtStep,
    Overview, Rates, SamplerCost, SamplerPart, TransferCounts, Violation, WorkerTotals,
};
pub use queues::{
    Job, JobCounts, JobTransfer, OpenCounts, OutboxQueue, Queues, SagaQueue, SubscriberQueue,
    Switch, TurnSwitch, Worker,
};
pub use sqs::{
    Command, DeadMessage, DeadMessageGroup, DeadMessageTransfer, PurgeQueue, RedriveQueue, SqsQueue,
};
pub use wallets::{OpenHold, OperatorWallet};

/// Body of everything that an operator changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OperatorReason {
    /// Why, for the audit; 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub reason: String,
}

/// A saga that gave up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLetter {
    /// Its id.
    pub id: DeadLetterId,
    /// The transfer that is stuck, or was.
    pub transfer_id: TransferId,
    /// How it stands.
    pub status: DeadLetterStatus,
    /// Why the saga gave up.
    pub reason: String,
    /// The step where it stood.
    pub step: String,
    /// Whether the undo of that step gave up, not the step.
    pub undo: bool,
    /// The last failure.
    pub failure: Failure,
    /// Same cause, same text.
    pub fingerprint: String,
    /// Tries of the step before it gave up.
    pub attempt_count: i32,
    /// Where the money comes from; null for a deposit without a shard.
    pub source_wallet_id: Option<WalletId>,
    /// Where it goes.
    pub destination_wallet_id: WalletId,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// Of what.
    pub currency: String,
    /// What its hold kept reserved when it gave up, in minor units.
    pub held_minor: i64,
    /// What the client sent beside the money: kind, caller, reference, metadata.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub payload: Value,
    /// Ties together everything that the request caused.
    pub correlation_id: Option<String>,
    /// When it gave up.
    pub opened_at: DateTime<Utc>,
    /// When an operator closed it; null while open.
    pub closed_at: Option<DateTime<Utc>>,
    /// Who closed it; null while open.
    pub closed_by: Option<String>,
    /// Why, in the operator's words; null while open.
    pub closed_reason: Option<String>,
    /// What proves outside how it ended; null unless resolved.
    pub evidence: Option<String>,
    /// What the saga did, step by step; only where one dead letter is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub steps: Option<Vec<Step>>,
}

/// Open dead letters with the same cause, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLetterGroup {
    /// The cause: step/class/code.
    pub fingerprint: String,
    /// Of what the money is.
    pub currency: String,
    /// How many.
    pub count: i64,
    /// What their holds keep reserved in minor units, as text: a sum may pass 64 bits.
    pub held_minor: String,
    /// What they wanted to move in minor units, as text.
    pub amount_minor: String,
    /// Source wallets concerned.
    pub wallet_count: i64,
    /// The oldest.
    pub oldest_at: DateTime<Utc>,
    /// The newest.
    pub newest_at: DateTime<Utc>,
}

/// One act of an operator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Number in the chain.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Why.
    pub reason: String,
    /// The subject before.
    pub before: Value,
    /// The subject after.
    pub after: Value,
}

/// Who the token belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The actor in the audit.
    pub name: String,
    /// What they may do.
    pub role: OperatorRole,
}

//! What Holdfast and its clients say to each other in `/v1`, and its operators in `/admin/v1`.
//!
//! Requests hold what the client wrote: text as text, amounts as numbers. Whether
//! they mean something is decided by the API, which answers with all that is wrong
//! at once. Money is whole minor units everywhere; times are RFC 3339 in UTC.

mod admin;
mod bulk;
pub mod limits;
mod notices;
mod page;
mod problem;
pub mod signature;
mod spending;
mod transfers;
mod wallets;

pub use admin::{
    ActOption, AuditEntry, BalanceChange, DeadLetter, DeadLetterGroup, DeadLetterOptions, Me,
    OpenRow, OperatorReason, OperatorTransfer, PlannedStep, ResolveDeadLetter, Resume,
    ReviewTransfer,
};
pub use admin::{ApiKey, MadeApiKey, MakeApiKey};
pub use admin::{
    AppliedPlan, ApplyPlan, DeadLetterFilter, MakePlan, Plan, PlanForecast, PlanHalt, PlanItem,
    PlanReceipt,
};
pub use admin::{Approval, ApprovePlan, ApproveResolve};
pub use admin::{
    Command, DeadMessage, DeadMessageGroup, DeadMessageTransfer, Job, JobCounts, JobTransfer,
    OpenCounts, OutboxQueue, PurgeQueue, Queues, RedriveQueue, SagaQueue, SqsQueue,
    SubscriberQueue, Switch, TurnSwitch, Worker,
};
pub use admin::{
    Conservation, CurrencySums, DeadLetterTotals, HeldMoney, History, Latency, OpenAtStep,
    Overview, Rates, SamplerCost, SamplerPart, TransferCounts, Violation, WorkerTotals,
};
pub use admin::{
    Incident, IncidentKind, Incidents, OpenHold, OperatorWallet, OutboxEvent, OutboxPage,
};
pub use admin::{LedgerReport, LedgerTotal, LedgerViolation};
pub use admin::{LimitNow, OperatorLimit, OwnerSettings, SetLimit, SetOwner};
pub use bulk::{
    BulkAnswer, BulkAnswers, BulkMode, BulkStatus, BulkTransfer, CreateTransfers, StreamAnswer,
    StreamEnd, StreamEnding,
};
pub use notices::{NoticeReceipt, ProviderNotice};
pub use page::Page;
pub use problem::{FieldError, PROBLEM_MEDIA_TYPE, Problem, ProblemCode};
pub use spending::{SpendingLimit, WalletLimits};
pub use transfers::{
    Beneficiary, Capture, CaptureTransfer, CreateDeposit, CreatePayout, CreateTransfer, Failure,
    ReverseTransfer, Step, StepOutcome, Transfer, VoidTransfer,
};
pub use wallets::{Balance, BalanceReading, ChangeWallet, OpenWallet, Posting, Wallet};

/// The client's own data: a JSON object that Holdfast keeps and gives back.
pub type Metadata = serde_json::Map<String, serde_json::Value>;

/// Digits of a currency behind the point; 2 for what is no currency code.
pub fn minor_digits(currency: &str) -> usize {
    let known = currency.parse::<domain::money::Currency>();
    known.map_or(2, |currency| usize::from(currency.exponent()))
}

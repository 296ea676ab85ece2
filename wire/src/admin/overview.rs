//! All of Holdfast on one page, as the newest sample has it.

use chrono::{DateTime, Utc};
use domain::ids::WalletId;
use domain::saga::Step;
use serde::{Deserialize, Serialize};

use super::{Queues, SqsQueue, Switch};

/// `GET /admin/v1/overview`: how Holdfast stands. An API process samples for all consoles
/// together, at most once a second and only while somebody looks; an answer costs the
/// database nothing but the reading of the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// When rates, queues, switches and workers were read, by the clock of the API.
    pub sampled_at: DateTime<Utc>,
    /// How long ago that was when this was answered, in milliseconds.
    pub age_ms: i64,
    /// Transfers per second.
    pub rates: Rates,
    /// From accepted to settled.
    pub latency: Latency,
    /// Open transfers by where their sagas stand; steps without any are left out.
    pub open: Vec<OpenAtStep>,
    /// Money that open transfers hold, one row a currency; empty when nothing is held.
    pub held: Vec<HeldMoney>,
    /// Saga queue and outbox, as `GET /admin/v1/queues` has them.
    pub queues: Queues,
    /// SQS queues and their dead-letter queues as last counted, as `GET /admin/v1/sqs/queues`
    /// has them.
    pub sqs: Vec<SqsQueue>,
    /// Open dead letters.
    pub dead_letters: DeadLetterTotals,
    /// Whether the money adds up; null until the first check of this process is done.
    pub conservation: Option<Conservation>,
    /// Switches that do not stand at their default.
    pub switches: Vec<Switch>,
    /// Workers of the last hour.
    pub workers: WorkerTotals,
    /// What the sampling costs.
    pub sampler: SamplerCost,
    /// The last minutes, a point a second.
    pub history: History,
}

/// Transfers per second, and of the last minute. They are counted by the times in ids, a second
/// after its end: what is committed later still is missing here, and only here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rates {
    /// In the newest second that was counted.
    pub per_second: TransferCounts,
    /// In the seconds of the last minute that were counted.
    pub last_minute: TransferCounts,
    /// How many seconds these were: less than 60 when somebody began to look just now.
    pub last_minute_seconds: u32,
}

/// Transfers by what happened to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransferCounts {
    /// Written down.
    pub accepted: u64,
    /// The money has moved.
    pub settled: u64,
    /// A rule said no.
    pub rejected: u64,
    /// Failed for good and compensated.
    pub failed: u64,
    /// Gave up and waits for a person.
    pub stuck: u64,
}

/// From accepted to settled, of those that settled in the last minute, in milliseconds, with an
/// error of at most 2 %. Without the last commit, which takes some milliseconds more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Latency {
    /// Half of them were not slower; null when none settled.
    pub p50_ms: Option<u64>,
    /// 99 of 100 were not slower; null when none settled.
    pub p99_ms: Option<u64>,
    /// How many they were.
    pub count: u64,
}

/// Open transfers whose sagas stand at one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenAtStep {
    /// The step to run next.
    pub step: Step,
    /// Whether the undo of that step is next, not the step.
    pub undo: bool,
    /// Due now.
    pub runnable: i64,
    /// Due later: they wait for a retry.
    pub retrying: i64,
    /// Held up by a switch.
    pub paused: i64,
    /// Waiting for something else outside.
    pub waiting: i64,
    /// Waiting for a person.
    pub parked: i64,
}

/// Money that open transfers keep reserved, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeldMoney {
    /// The currency.
    pub currency: String,
    /// How much in minor units, as text: a sum may pass 64 bits.
    pub held_minor: String,
    /// By how many transfers.
    pub transfer_count: i64,
}

/// Open dead letters, all causes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLetterTotals {
    /// How many.
    pub count: i64,
    /// How many causes they have.
    pub group_count: i64,
    /// Since when the oldest waits; null when there is none.
    pub oldest_at: Option<DateTime<Utc>>,
}

/// Workers of the last hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkerTotals {
    /// With a sign of life in the last five seconds.
    pub alive: i64,
    /// Without. Those that were stopped are among them.
    pub dead: i64,
}

/// Whether the money adds up: the quick ledger check, of one moment. While somebody looks it is
/// made every 30 seconds, or so rarely that it takes a twentieth of the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conservation {
    /// Whether every rule held.
    pub ok: bool,
    /// The moment that was checked.
    pub checked_at: DateTime<Utc>,
    /// How long ago that was when this was answered, in milliseconds.
    pub age_ms: i64,
    /// How long the check took, in milliseconds.
    pub duration_ms: i64,
    /// The rules that were checked, in words.
    pub rules: Vec<String>,
    /// Sums of all wallets, one row a currency.
    pub totals: Vec<CurrencySums>,
    /// What breaks the rules, at most 20.
    pub violations: Vec<Violation>,
    /// How many were found; each rule stops at 20.
    pub violation_count: i64,
}

/// What all wallets of one currency add up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CurrencySums {
    /// The currency.
    pub currency: String,
    /// Number of wallets that count it.
    pub wallet_count: i64,
    /// Sum of all posted debits in minor units, as text. Equals the credits.
    pub debits_minor: String,
    /// Sum of all posted credits in minor units, as text.
    pub credits_minor: String,
    /// Sum of what holds reserve in minor units, as text.
    pub held_minor: String,
}

/// One thing that breaks a rule of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Violation {
    /// The rule.
    pub rule: String,
    /// What breaks it: the id of a wallet, or a currency.
    pub id: String,
    /// The same when it is a wallet, to go there; null otherwise.
    pub wallet_id: Option<WalletId>,
    /// What was found.
    pub detail: String,
}

/// What the sampling costs the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SamplerCost {
    /// Samples of rates and queues since this process started: one a second at most, for all who
    /// look.
    pub sample_count: u64,
    /// Statements of the last sample of each part, together. Without the ledger check.
    pub statement_count: u64,
    /// How long they took, in microseconds.
    pub duration_us: u64,
    /// Each part with its own pace. One that takes long is sampled less often, so that it never
    /// takes more than a twentieth of the time.
    pub parts: Vec<SamplerPart>,
}

/// One part of the sampling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SamplerPart {
    /// `pulse`: rates, queues, switches, workers. `open`: open transfers, money held, dead letters,
    /// SQS queues. `check`: the ledger check.
    pub name: String,
    /// Samples since this process started.
    pub sample_count: u64,
    /// Statements of the last sample.
    pub statement_count: u64,
    /// How long the last sample took, in microseconds.
    pub duration_us: u64,
    /// How old what it found was when this was answered, in milliseconds.
    pub age_ms: i64,
}

/// The last minutes, a point a second: arrays of the same length, oldest first, null where
/// nothing was measured because nobody looked. Rates and percentiles are those of the second
/// that had been over for one when the point was measured.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct History {
    /// When the newest points were measured; null without any. Each one before them is a second
    /// older.
    pub newest_at: Option<DateTime<Utc>>,
    /// Transfers accepted per second.
    pub accepted: Vec<Option<u64>>,
    /// Transfers settled per second.
    pub settled: Vec<Option<u64>>,
    /// Transfers rejected per second.
    pub rejected: Vec<Option<u64>>,
    /// Transfers failed per second.
    pub failed: Vec<Option<u64>>,
    /// Transfers stuck per second.
    pub stuck: Vec<Option<u64>>,
    /// Accepted to settled, median of that second, in milliseconds; null, too, when none settled.
    pub p50_ms: Vec<Option<u64>>,
    /// The same, 99th percentile.
    pub p99_ms: Vec<Option<u64>>,
    /// Open transfers that are due.
    pub runnable: Vec<Option<u64>>,
    /// Open transfers that wait for a retry.
    pub retrying: Vec<Option<u64>>,
    /// Open transfers that wait for a person.
    pub parked: Vec<Option<u64>>,
    /// Saga jobs that are ready.
    pub ready_jobs: Vec<Option<u64>>,
    /// Events in the outbox.
    pub outbox: Vec<Option<u64>>,
}

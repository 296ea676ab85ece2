use chrono::{DateTime, Utc};
use domain::failure::FailureClass;
use domain::group::Outlook;
use domain::ids::{DeadLetterId, PlanId, TransferId, WalletId};
use domain::money::Currency;
use domain::plan::{HaltReason, ItemStatus, PlanStatus};
use domain::saga::{Step, StuckReason};
use domain::transfer::TransferKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PlannedStep;

/// Makes a redrive plan: exactly one of `dead_letter_ids` and `filter`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MakePlan {
    /// `redrive`, which is the default, or `compensate`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(pattern = "^(redrive|compensate)$"))]
    pub way: Option<String>,
    /// These, at most 1,000.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    pub dead_letter_ids: Option<Vec<DeadLetterId>>,
    /// All open ones that match.
    #[serde(default)]
    pub filter: Option<DeadLetterFilter>,
}

/// Which open dead letters: those that match all that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DeadLetterFilter {
    /// Which saga gave up: there is one for each kind of transfer.
    #[serde(default)]
    pub saga: Option<TransferKind>,
    /// Where it stands.
    #[serde(default)]
    pub step: Option<Step>,
    /// Class of the last failure.
    #[serde(default)]
    pub failure_class: Option<FailureClass>,
    /// Same cause.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub fingerprint: Option<String>,
    /// Source or destination.
    #[serde(default)]
    pub wallet_id: Option<WalletId>,
    /// Why it gave up.
    #[serde(default)]
    pub reason: Option<StuckReason>,
    /// Gave up at this time or later.
    #[serde(default)]
    pub opened_from: Option<DateTime<Utc>>,
    /// Gave up before this time.
    #[serde(default)]
    pub opened_to: Option<DateTime<Utc>>,
    /// At least this much, in minor units.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 0))]
    pub amount_min: Option<i64>,
    /// At most this much, in minor units.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 0))]
    pub amount_max: Option<i64>,
    /// Of what.
    #[serde(default)]
    pub currency: Option<Currency>,
}

/// Applies a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApplyPlan {
    /// The hash that the plan showed.
    pub hash: String,
    /// Why, for the audit; 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub reason: String,
    /// Items that go first and alone; 10 when not given, 0 for none.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(maximum = 1000))]
    pub canary_count: Option<u32>,
    /// Items a second after that; 50 when not given.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 5000))]
    pub rate_per_second: Option<u32>,
    /// Halts when of the newest 200 outcomes more than so many percent are worse than forecast; 5 when not given.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(maximum = 100))]
    pub failure_percent_max: Option<u32>,
}

/// A redrive plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// How it stands.
    pub status: PlanStatus,
    /// `redrive` or `compensate`.
    pub way: String,
    /// How its items were chosen.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub selection: Value,
    /// What apply must name: SHA-256 over way and items, forecasts included.
    pub hash: String,
    /// How many items it has.
    pub item_count: u32,
    /// Items sent.
    pub dispatched_count: u32,
    /// Items passed over.
    pub skipped_count: u32,
    /// Items sent that have come to their end.
    pub ended_count: u32,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Who applied it and how; null while it is a draft.
    pub applied: Option<AppliedPlan>,
    /// Why it halted by itself; null when it did not.
    pub halted: Option<PlanHalt>,
    /// When it was done or stopped; null before.
    pub ended_at: Option<DateTime<Utc>>,
    /// What the rules said when it was made; only where one plan is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub forecast: Option<Vec<PlanForecast>>,
    /// What became of its items so far; only where one plan is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub receipt: Option<Vec<PlanReceipt>>,
}

/// Who applied a plan and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppliedPlan {
    /// The actor of everything that it does.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
    /// `canary` while the first items go alone, then `ramp`.
    pub phase: String,
    /// Items that go first and alone.
    pub canary_count: u32,
    /// Items a second after that.
    pub rate_per_second: u32,
    /// Of the newest 200 outcomes so many percent may be worse than forecast.
    pub failure_percent_max: u32,
}

/// Why a plan halted by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanHalt {
    /// The rule that halted it.
    pub reason: HaltReason,
    /// The fingerprint that was new; null for another reason.
    pub new_cause: Option<String>,
}

/// What was forecast of so many items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanForecast {
    /// How they would end.
    pub outlook: Outlook,
    /// Code of what would go wrong; null when nothing would.
    pub code: Option<String>,
    /// Of what the money is.
    pub currency: String,
    /// How many.
    pub count: i64,
    /// What they want to move in minor units, as text: a sum may pass 64 bits.
    pub amount_minor: String,
    /// What their holds keep reserved in minor units, as text.
    pub held_minor: String,
}

/// What became of so many items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanReceipt {
    /// How they stand.
    pub status: ItemStatus,
    /// Why they were passed over, the failure code of their bad end, or the fingerprint of their new dead letter.
    pub code: Option<String>,
    /// Of what the money is.
    pub currency: String,
    /// How many.
    pub count: i64,
    /// What they want to move, or have moved, in minor units, as text.
    pub amount_minor: String,
    /// How many of them ended as forecast.
    pub as_forecast: i64,
}

/// One dead letter of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanItem {
    /// From 1, in the order in which they are sent.
    pub position: u32,
    /// The dead letter.
    pub dead_letter_id: DeadLetterId,
    /// Whose saga.
    pub transfer_id: TransferId,
    /// Its cause when the plan was made.
    pub fingerprint: String,
    /// The step to run next, or whose undo is next.
    pub step: Step,
    /// Whether the undo of that step is run, not the step.
    pub undo: bool,
    /// Steps that are done and are not run again; empty on the way back.
    pub reused: Vec<Step>,
    /// What is run, as far as all goes well; empty for one that is closed already.
    pub executed: Vec<PlannedStep>,
    /// Where the money comes from; null for a deposit without a shard.
    pub source_wallet_id: Option<WalletId>,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// Of what.
    pub currency: String,
    /// What its hold keeps reserved, in minor units.
    pub held_minor: i64,
    /// What the rules said of it when the plan was made.
    pub outlook: Outlook,
    /// The code of a bad outlook; null for a good one.
    pub outlook_code: Option<String>,
    /// How it stands.
    pub status: ItemStatus,
    /// Why it was passed over, or how it ended badly; null otherwise.
    pub outcome_code: Option<String>,
    /// When it was sent; null before.
    pub dispatched_at: Option<DateTime<Utc>>,
    /// When its end was seen, or when it was passed over; null before.
    pub ended_at: Option<DateTime<Utc>>,
}

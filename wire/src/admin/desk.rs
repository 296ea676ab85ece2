use chrono::{DateTime, Utc};
use domain::dead_letter::DeskAct;
use domain::group::Outlook;
use domain::ids::WalletId;
use domain::money::MinorUnits;
use domain::operator::OperatorRole;
use domain::saga::{Step, StuckReason};
use serde::{Deserialize, Serialize};

use super::DeadLetter;
use crate::{Balance, Failure, Transfer};

/// Body of `POST /admin/v1/dead-letters/{dead_letter_id}/resolve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ResolveDeadLetter {
    /// `settled`: the money has moved by other means. `failed`: it has not, and will not.
    #[cfg_attr(feature = "openapi", schema(pattern = "^(settled|failed)$"))]
    pub outcome: String,
    /// What proves it outside, such as a booking reference; 1 to 1,024 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1024))]
    pub evidence: String,
    /// Why, for the audit; 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub reason: String,
}

/// Body of `POST /admin/v1/transfers/{transfer_id}/review`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReviewTransfer {
    /// `allow`: the transfer goes on. `deny`: it ends as rejected.
    #[cfg_attr(feature = "openapi", schema(pattern = "^(allow|deny)$"))]
    pub verdict: String,
    /// Why, for the audit; 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub reason: String,
}

/// Everything that may be done about one dead letter, as things are now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLetterOptions {
    /// The dead letter.
    pub dead_letter: DeadLetter,
    /// The moment that all of it is of.
    pub at: DateTime<Utc>,
    /// One for each act.
    pub acts: Vec<ActOption>,
}

/// One act and what it would lead to now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActOption {
    /// The act.
    pub act: DeskAct,
    /// The least role that may do it.
    pub role: OperatorRole,
    /// Whether the saga's rules allow it as things are.
    pub possible: bool,
    /// Why not; null when it is possible.
    pub refusal: Option<String>,
    /// Where the saga would go on; null when the act ends it or is not possible.
    pub resume: Option<Resume>,
    /// How the transfer would end; null when the act is not possible.
    pub outlook: Option<Outlook>,
    /// Code of what would go wrong; null when nothing would.
    pub code: Option<String>,
    /// The wallets that it touches; empty when the act is not possible.
    pub wallets: Vec<BalanceChange>,
}

/// Where a saga would go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resume {
    /// The step, or the one whose undo is next.
    pub step: Step,
    /// Whether its undo is next.
    pub undo: bool,
    /// Steps that are done and are not run again.
    pub reused: Vec<Step>,
    /// What would be run, in this order.
    pub executed: Vec<PlannedStep>,
}

/// A step that would be run, or its undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlannedStep {
    /// The step.
    pub step: Step,
    /// Whether its undo.
    pub undo: bool,
}

/// A wallet before and after an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BalanceChange {
    /// The wallet.
    pub wallet_id: WalletId,
    /// As it is.
    pub before: Balance,
    /// As the act would leave it.
    pub after: Balance,
}

/// A transfer as operators see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatorTransfer {
    /// What its client sees, with its timeline.
    pub transfer: Transfer,
    /// Where its saga stands; null when it is at its end.
    pub open: Option<OpenRow>,
    /// Each time that it gave up, newest first.
    pub dead_letters: Vec<DeadLetter>,
}

/// Where the saga of a transfer stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenRow {
    /// The step to run next, or whose undo is next.
    pub step: Step,
    /// Tries of it already used; 0 before the first.
    pub attempt: u32,
    /// What made the saga turn back; null while it goes forward.
    pub undo_of: Option<Failure>,
    /// What its hold reserves now, in minor units; 0 when there is none.
    pub held_minor: MinorUnits,
    /// When it is to run; in the past when it is due.
    pub due_at: DateTime<Utc>,
    /// The outside event it waits for; null when it only waits for `due_at`.
    pub waiting_for: Option<String>,
    /// Why it waits for a person; null otherwise.
    pub parked_reason: Option<StuckReason>,
    /// Times it was run apart after its process had died.
    pub crash_count: i16,
}

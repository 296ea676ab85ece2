//! Redrive plans: many dead letters sent back to work, with care.
//!
//! A plan is made from a choice of dead letters and frozen: which they are, where each
//! goes on, and what the rules say would become of it now. Nothing has been touched
//! yet. Whoever applies it names its hash, so that what runs is what was shown. The desk
//! role then carries it out, tick by tick ([`run`]): each tick is one transaction that
//! follows what was sent, decides by [`domain::plan`], sends the next items and writes
//! the audit. A process that dies in a tick leaves nothing half done; another goes on.
//!
//! Locks: the plan's row first, then open rows by transfer id, then the head of the audit.

use chrono::{DateTime, Utc};
use domain::group::Outlook;
use domain::ids::{DeadLetterId, PlanId, TransferId, WalletId};
use domain::plan::{HaltReason, ItemStatus, Pace, PlanAct, PlanStatus};
use serde_json::Value;

use crate::StoreError;

mod act;
mod make;
mod read;
mod rows;
pub mod run;

pub use act::{act, apply};
pub use make::{Choice, ITEMS_MAX, make};
pub use read::{Filter, ForecastLine, ReceiptLine, forecast, get, items, list, receipt};

/// A redrive plan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// How it stands.
    pub status: PlanStatus,
    /// How its items are sent back.
    pub way: crate::desk::Way,
    /// How they were chosen, for people.
    pub selection: Value,
    /// SHA-256 over way and items, forecasts included, in hexadecimal digits.
    pub hash: String,
    /// How many items it has.
    pub item_count: u32,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Who applied it and how; none while it is a draft.
    pub applied: Option<Applied>,
    /// Items sent.
    pub dispatched_count: u32,
    /// Items passed over.
    pub skipped_count: u32,
    /// Items sent that have come to their end.
    pub ended_count: u32,
    /// Whether the canaries of this run were through.
    pub ramping: bool,
    /// Why it halted by itself.
    pub halted: Option<Halted>,
    /// When it was done or stopped.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Who applied a plan and how.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The actor of everything that it does.
    pub by: crate::operators::Operator,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
    /// How fast and how carefully.
    pub pace: Pace,
}

/// Why a plan halted by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halted {
    /// The rule that halted it.
    pub reason: HaltReason,
    /// The fingerprint that was new; none for another reason.
    pub cause: Option<String>,
}

/// One dead letter of a plan.
#[derive(Debug, Clone)]
pub struct Item {
    /// From 1, in order of transfer ids.
    pub position: u32,
    /// The dead letter.
    pub dead_letter_id: DeadLetterId,
    /// Whose saga.
    pub transfer_id: TransferId,
    /// Its cause when the plan was made.
    pub fingerprint: String,
    /// The steps of its saga.
    pub route: domain::saga::Route,
    /// Where it goes on.
    pub step: domain::saga::Step,
    /// Whether the undo of the step is run, not the step.
    pub undo: bool,
    /// Where the money comes from.
    pub source_wallet_id: Option<WalletId>,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// Of what.
    pub currency: String,
    /// What its hold keeps reserved, in minor units.
    pub held_minor: i64,
    /// What the rules said of it when the plan was made.
    pub outlook: Outlook,
    /// The code of a bad outlook.
    pub outlook_code: Option<String>,
    /// How it stands.
    pub status: ItemStatus,
    /// Why it was passed over, or how it ended badly.
    pub outcome_code: Option<String>,
    /// When it was sent.
    pub dispatched_at: Option<DateTime<Utc>>,
    /// When its end was seen, or when it was passed over.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Why a plan was not made or moved.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// There is none with this id.
    #[error("no such plan")]
    NotFound,
    /// The choice names dead letters that do not exist.
    #[error("no such dead letters")]
    UnknownDeadLetters(Vec<DeadLetterId>),
    /// The choice matches nothing.
    #[error("nothing matches")]
    Empty,
    /// The choice matches more than [`ITEMS_MAX`].
    #[error("too many dead letters")]
    TooMany,
    /// The hash is not that of the plan.
    #[error("the hash is of another plan")]
    OtherHash,
    /// The act does not fit how the plan stands.
    #[error("a plan that is {status} cannot take the act {act}")]
    Illegal {
        /// How it stands.
        status: PlanStatus,
        /// What was asked.
        act: PlanAct,
    },
    /// A statement failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for PlanError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

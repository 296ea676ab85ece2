//! The dead-letter desk: what gave up, and what a person may do about it.
//!
//! Only stuck transfers are touched, and open ones to make them stuck. Every act locks
//! the open row first (it is the transfer's lock), decides by the saga's own rules, and
//! is written to the audit in the same transaction. Previews run the same rules on rows
//! that they read without a lock.

use domain::dead_letter::{DeadLetterStatus, DeskAct, Refusal};
use domain::ids::DeadLetterId;
use domain::text::UnknownWord;
use domain::transfer::TransferStatus;
use sqlx::PgPool;

use crate::lane::GroupError;
use crate::operators::Operator;
use crate::{StoreError, describe};

mod act;
mod balances;
mod open_row;
mod options;
mod park;
mod parked;
mod read;
mod resolve;
mod review;
mod send;

pub use act::{Decision, act};
pub use balances::{Balance, BalanceChange};
pub use open_row::{OpenRow, open_row};
pub use options::{ActOption, Options, Ran, Resume, options};
pub use park::{park, retry_now, unpark};
pub use read::{DeadLetter, Filter, Group, get, groups, list, of_transfer};
pub(crate) use read::{by_ids_in_tx, list_in_tx};
pub use review::review;
pub(crate) use send::{Goes, send_back_in_tx};

/// How a stuck transfer is sent back to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// On from the step where it stuck.
    Redrive,
    /// Back to a clean slate: the transfer ends as failed.
    Compensate,
}

impl Way {
    /// The word that stands for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redrive => "redrive",
            Self::Compensate => "compensate",
        }
    }

    pub(crate) const fn action(self) -> &'static str {
        match self {
            Self::Redrive => "dead_letter.redrive",
            Self::Compensate => "dead_letter.compensate",
        }
    }
}

impl From<Way> for DeskAct {
    fn from(way: Way) -> Self {
        match way {
            Way::Redrive => Self::Redrive,
            Way::Compensate => Self::Compensate,
        }
    }
}

impl std::str::FromStr for Way {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let known = [Self::Redrive, Self::Compensate].into_iter().find(|way| way.as_str() == text);
        known.ok_or_else(|| UnknownWord { type_name: "Way", text: text.to_owned() })
    }
}

/// Why an operator's act was not done.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// There is no dead letter with this id.
    #[error("no such dead letter")]
    NotFound,
    /// The saga's rules do not allow it as the saga stands.
    #[error("{}", .0.detail())]
    Refused(Refusal),
    /// Another act was first.
    #[error("the dead letter was closed as {0}")]
    Closed(DeadLetterStatus),
    /// There is no transfer with this id.
    #[error("no such transfer")]
    TransferNotFound,
    /// The transfer is at its end.
    #[error("the transfer is {0}")]
    TransferFinal(TransferStatus),
    /// The transfer waits for a person.
    #[error("the transfer is parked")]
    TransferParked,
    /// The transfer does not wait for a person.
    #[error("the transfer is not parked")]
    TransferNotParked,
    /// The transfer does not wait for a verdict.
    #[error("the transfer does not wait for a review")]
    NotInReview,
    /// A statement failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for DeskError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<GroupError> for DeskError {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::Store(error) => Self::Store(error),
            broken => Self::Store(StoreError::Corrupt(describe(&broken))),
        }
    }
}

/// Sends a dead letter back to work, as [`act`] does.
pub async fn send_back(
    pool: &PgPool,
    id: DeadLetterId,
    way: Way,
    actor: &Operator,
    reason: &str,
) -> Result<DeadLetter, DeskError> {
    act(pool, id, &Decision { act: way.into(), actor, reason, evidence: None }).await
}

//! What a person may decide about a saga that gave up.

use crate::failure::Failure;
use crate::ids::TransferId;
use crate::operator::OperatorRole;
use crate::retry::RetrySchedule;
use crate::saga::{Action, Event, Resolution, Route, State};
use crate::text::words;

words! {
    /// How a dead letter stands. All but the first are for good: one that is stuck again
    /// has another dead letter.
    DeadLetterStatus {
        /// Waits for a person.
        Open = "open",
        /// Sent back to the step, or to the undo, where it stuck.
        Redriven = "redriven",
        /// Sent back to undo what was done.
        Compensated = "compensated",
        /// Given up.
        Discarded = "discarded",
        /// Settled or failed outside, with evidence.
        Resolved = "resolved",
    }
}

words! {
    /// What an operator may do with one dead letter.
    DeskAct {
        /// Goes on from where it stuck.
        Redrive = "redrive",
        /// Turns back: undoes in a lane what was done, and ends as failed.
        Compensate = "compensate",
        /// Tries again the undo that failed.
        RetryCompensation = "retry_compensation",
        /// Counts the step where it stuck as done, and goes on after it.
        ForceForward = "force_forward",
        /// Gives up: the hold is given back, it ends as failed, and no step or undo is run.
        Discard = "discard",
        /// Ends as settled: the money has moved by other means.
        ResolveSettled = "resolve_settled",
        /// Ends as failed: the money has not moved, and evidence says so.
        ResolveFailed = "resolve_failed",
    }
}

words! {
    /// Why an act is not possible as the saga stands.
    Refusal {
        /// It turned back before it stuck.
        AlreadyCompensating = "already_compensating",
        /// It was going forward when it stuck.
        NotCompensating = "not_compensating",
        /// The step where it stuck is not after the pivot.
        NotPastPivot = "not_past_pivot",
        /// The pivot is behind it: only forward.
        PastPivot = "past_pivot",
        /// Money may have left already, and nobody knows.
        OutcomeOpen = "outcome_open",
    }
}

impl Refusal {
    /// One sentence or two for people.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::AlreadyCompensating => {
                "Its compensation is what failed. Mend the cause and redrive it."
            }
            Self::NotCompensating => {
                "It was going forward when it stuck, so there is no compensation to try again."
            }
            Self::NotPastPivot => {
                "No step after the pivot can be counted as done here; redrive or compensate it."
            }
            Self::PastPivot => {
                "The money has left already, so no way leads back. Mend the cause and redrive it."
            }
            Self::OutcomeOpen => {
                "The provider may have paid it. Redrive it, and the provider is asked; or resolve it with evidence."
            }
        }
    }
}

impl DeskAct {
    /// How the dead letter is closed by it.
    pub const fn closes_as(self) -> DeadLetterStatus {
        match self {
            Self::Redrive | Self::RetryCompensation | Self::ForceForward => {
                DeadLetterStatus::Redriven
            }
            Self::Compensate => DeadLetterStatus::Compensated,
            Self::Discard => DeadLetterStatus::Discarded,
            Self::ResolveSettled | Self::ResolveFailed => DeadLetterStatus::Resolved,
        }
    }

    /// How the transfer ends by it at once; none when it goes on in a lane.
    pub const fn resolution(self) -> Option<Resolution> {
        match self {
            Self::Redrive | Self::Compensate | Self::RetryCompensation | Self::ForceForward => None,
            Self::Discard => Some(Resolution::Discarded),
            Self::ResolveSettled => Some(Resolution::SettledOutside),
            Self::ResolveFailed => Some(Resolution::FailedOutside),
        }
    }

    /// The least role that may do it. What no step of the saga proves takes more.
    pub const fn role(self) -> OperatorRole {
        match self {
            Self::Redrive | Self::Compensate | Self::RetryCompensation | Self::Discard => {
                OperatorRole::Operator
            }
            Self::ForceForward | Self::ResolveSettled | Self::ResolveFailed => {
                OperatorRole::Approver
            }
        }
    }

    /// What comes next for a stuck saga, by its own rules. `cause` is what makes it turn
    /// back, if that is the act.
    pub fn decide(
        self,
        stuck: State,
        cause: Failure,
        route: Route,
        transfer: TransferId,
    ) -> Result<(State, Action), Refusal> {
        let turned_back = matches!(stuck, State::Stuck { undo_of: Some(_), .. });
        let may_have_left = stuck.may_have_left();
        if self == Self::RetryCompensation && !turned_back {
            return Err(Refusal::NotCompensating);
        }
        let event = match (self.resolution(), self) {
            (Some(resolution), _) => Event::Resolved(resolution),
            (None, Self::Compensate) => Event::CompensateNow(cause),
            (None, Self::ForceForward) => Event::ForcedForward,
            (None, _) => Event::Redriven,
        };
        // None of these events makes a saga wait, so any schedule will do.
        let next = stuck.next(event, route, transfer, &RetrySchedule::default());
        next.map_err(|_| match self {
            Self::ForceForward => Refusal::NotPastPivot,
            _ if turned_back => Refusal::AlreadyCompensating,
            _ if may_have_left => Refusal::OutcomeOpen,
            _ => Refusal::PastPivot,
        })
    }
}

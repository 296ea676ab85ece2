//! The transfer saga as a pure state machine: (state, event) -> (state, action).
//!
//! The story of a transfer, with each compensation under its step. Most transfers take three
//! steps; a [`Route`] says who takes which:
//!
//! ```text
//!   place_hold          reserve the amount in the source wallet
//!     undo: void_hold   give the reservation back
//!   screen              may these two wallets do business?
//!   screen_outside      what does the screening service say?             where configured
//!   await_capture       wait for the client to capture or void the hold  with manual capture
//!   submit_payout       hand it to the provider                          payouts
//!   confirm_payout      wait for its word: the pivot                     payouts
//!   post_entry          post the journal entry and capture the hold; the pivot of all others
//! ```
//!
//! ```text
//!              Succeeded (more steps)
//!             +---------+
//!             v         |      Succeeded (last)
//!   start -> Running ---+---------------------------> Completed   (settled)
//!             |  ^  |
//!   transient |  |  | rejected, permanent        CompensationSucceeded (no more undos)
//!             v  |  +----------> Compensating ------> Compensated (rejected, failed)
//!            Waiting <- transient -+   |
//!             |  Due: back again       |
//!             | attempts used up       | compensation failed for good
//!             v                        v
//!             +---------> Stuck <------+      Redriven, CompensateNow: back to work
//!                           |                 ForcedForward (after the pivot): to the next step
//!                           |
//!                           +-- Resolved ------> Abandoned   (settled, failed: by a person)
//! ```
//!
//! A durable state is what the open row stores between two transactions. If the
//! process dies in any state, the open row brings the transfer back at that state.

use std::time::Duration;

use crate::failure::{Failure, FailureClass};
use crate::ids::TransferId;
use crate::retry::RetrySchedule;
use crate::text::words;

mod route;
mod step;
pub use route::Route;
pub use step::Step;

use route::undo_from;

words! {
    /// Why a saga waits for a person.
    StuckReason {
        /// A transient failure came back too often.
        AttemptsUsedUp = "attempts_used_up",
        /// Nobody can say whether it happened.
        OutcomeUnknown = "outcome_unknown",
        /// An undo failed for good.
        CompensationFailed = "compensation_failed",
        /// Each process that ran it died.
        KillsItsWorker = "kills_its_worker",
        /// The database or the ledger refused it: a bug of ours.
        BrokenInvariant = "broken_invariant",
        /// A step after the pivot failed for good: no way leads back.
        CannotTurnBack = "cannot_turn_back",
        /// An operator stopped it.
        ParkedByOperator = "parked_by_operator",
    }
}

words! {
    /// What a person decided about a saga that goes no further.
    Resolution {
        /// The money has moved by other means; the transfer counts as settled, without an entry.
        SettledOutside = "settled_outside",
        /// The money has not moved and will not; the transfer failed.
        FailedOutside = "failed_outside",
        /// Given up; the transfer failed.
        Discarded = "discarded",
    }
}

impl Resolution {
    /// What the transfer failed with; none when it counts as settled.
    pub fn failure(self) -> Option<Failure> {
        let (code, detail) = match self {
            Self::SettledOutside => return None,
            Self::FailedOutside => ("resolved_by_operator", "An operator resolved it as failed."),
            Self::Discarded => ("discarded_by_operator", "An operator gave it up."),
        };
        Some(Failure::new(FailureClass::Permanent, code, detail))
    }
}

/// Where a saga stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// `step` is to run; `attempt` counts its tries from 1.
    Running {
        /// The step to run.
        step: Step,
        /// Which try this is.
        attempt: u32,
    },
    /// `step` failed and is to run again when its time comes.
    Waiting {
        /// The step to run again.
        step: Step,
        /// Tries already used.
        attempt: u32,
        /// Set when the undo of `step` waits, not `step` itself.
        undo_of: Option<Failure>,
    },
    /// The undo of `step` is to run.
    Compensating {
        /// The step whose compensation runs.
        step: Step,
        /// Which try this is.
        attempt: u32,
        /// What made the saga turn back.
        failure: Failure,
    },
    /// Everything done: the transfer is settled.
    Completed,
    /// Everything undone: rejected or failed, as the failure's class says.
    Compensated {
        /// What made the saga turn back.
        failure: Failure,
    },
    /// Waits for a person.
    Stuck {
        /// Where it stands.
        step: Step,
        /// Why.
        reason: StuckReason,
        /// The last failure.
        failure: Failure,
        /// What made the saga turn back, when it was compensating.
        undo_of: Option<Failure>,
    },
    /// A person decided that it goes no further.
    Abandoned(Resolution),
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The running step did its work.
    Succeeded,
    /// The running step failed.
    Failed(Failure),
    /// The running undo did its work.
    CompensationSucceeded,
    /// The running undo failed.
    CompensationFailed(Failure),
    /// The wait is over.
    Due,
    /// The runner cannot go on with it.
    Halted(StuckReason, Failure),
    /// A person sends it back to the step where it stuck.
    Redriven,
    /// A person turns it back.
    CompensateNow(Failure),
    /// A person counts the step where it stuck as done. Only after the pivot, where
    /// no way leads back.
    ForcedForward,
    /// A person ends it where it stands.
    Resolved(Resolution),
}

/// What the runner is to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Run the step.
    Run(Step),
    /// Run the step's compensation.
    Undo(Step),
    /// Come back after this long.
    Wait(Duration),
    /// Write the final state.
    Finish,
    /// Park it and open a dead letter.
    OpenDeadLetter,
}

/// This event cannot happen in this state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a saga that is {state} cannot take the event {event}")]
pub struct IllegalTransition {
    /// Name of the state.
    pub state: &'static str,
    /// Name of the event.
    pub event: &'static str,
}

impl State {
    /// A new saga, before its first step.
    pub const START: Self = Self::Running { step: Step::PlaceHold, attempt: 1 };

    /// The name of the state.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Running { .. } => "running",
            Self::Waiting { .. } => "waiting",
            Self::Compensating { .. } => "compensating",
            Self::Completed => "completed",
            Self::Compensated { .. } => "compensated",
            Self::Stuck { .. } => "stuck",
            Self::Abandoned(_) => "abandoned",
        }
    }

    /// Whether money may have left the house without the ledger knowing. Until that is known, or
    /// evidence says that it has not, nothing gives the hold back.
    pub fn may_have_left(&self) -> bool {
        matches!(
            self,
            Self::Stuck {
                step: Step::SubmitPayout | Step::ConfirmPayout,
                reason: StuckReason::OutcomeUnknown,
                undo_of: None,
                ..
            }
        )
    }

    /// Where a saga that a person has sent back goes on: the step, and for the way back
    /// what made it turn. None when nothing is left to run.
    ///
    /// One that was turned back with nothing to undo goes on at the undo of the first
    /// step, which finds no hold and does nothing: so it ends where all sagas end, in a lane.
    pub fn goes_on_at(self) -> Option<(Step, Option<Failure>)> {
        match self {
            Self::Running { step, .. } => Some((step, None)),
            Self::Compensating { step, failure, .. } => Some((step, Some(failure))),
            Self::Compensated { failure } => Some((Step::PlaceHold, Some(failure))),
            _ => None,
        }
    }

    /// Moves on. `route` says which steps there are; `transfer` and `schedule` decide how long
    /// a retry waits.
    ///
    /// Every legal pair of state and event has one line here, and there is no
    /// other place that changes the state of a saga.
    pub fn next(
        self,
        event: Event,
        route: Route,
        transfer: TransferId,
        schedule: &RetrySchedule,
    ) -> Result<(Self, Action), IllegalTransition> {
        use Event as E;
        let may_have_left = self.may_have_left();
        let retry = |attempt| schedule.delay_after(transfer, attempt);
        Ok(match (self, event) {
            (Self::Running { step, .. }, E::Succeeded) => forward(route, step),
            (Self::Running { step, attempt }, E::Failed(failure)) => match failure.class {
                FailureClass::Rejected
                | FailureClass::Permanent
                | FailureClass::Voided
                | FailureClass::Expired => {
                    if route.is_after_pivot(step) {
                        stuck(step, StuckReason::CannotTurnBack, failure, None)
                    } else {
                        turn_back(route.previous(step), failure)
                    }
                }
                FailureClass::Transient | FailureClass::Unknown => match retry(attempt) {
                    Some(delay) => {
                        (Self::Waiting { step, attempt, undo_of: None }, Action::Wait(delay))
                    }
                    None => stuck(step, exhausted(&failure), failure, None),
                },
            },
            (Self::Running { step, .. }, E::Halted(reason, failure)) => {
                stuck(step, reason, failure, None)
            }
            (Self::Waiting { step, attempt, undo_of }, E::Due) => {
                resume(step, attempt.saturating_add(1), undo_of)
            }
            (Self::Waiting { step, undo_of, .. }, E::Halted(reason, failure)) => {
                stuck(step, reason, failure, undo_of)
            }
            (Self::Compensating { step, attempt, failure }, E::CompensationFailed(why)) => {
                match retry(attempt).filter(|_| why.is_transient()) {
                    Some(delay) => (
                        Self::Waiting { step, attempt, undo_of: Some(failure) },
                        Action::Wait(delay),
                    ),
                    None => stuck(step, StuckReason::CompensationFailed, why, Some(failure)),
                }
            }
            (Self::Compensating { step, failure, .. }, E::Halted(reason, why)) => {
                stuck(step, reason, why, Some(failure))
            }
            (Self::Stuck { step, undo_of, .. }, E::Redriven) => resume(step, 1, undo_of),
            (Self::Compensating { step, failure, .. }, E::CompensationSucceeded) => {
                turn_back(route.previous(step), failure)
            }
            (Self::Stuck { step, undo_of: None, .. }, E::CompensateNow(failure))
                if !route.is_after_pivot(step) && !may_have_left =>
            {
                turn_back(route.previous(step), failure)
            }
            // The last step is the entry: to count it as done would leave the money unposted.
            (Self::Stuck { step, undo_of: None, .. }, E::ForcedForward)
                if route.is_after_pivot(step) && route.next(step).is_some() =>
            {
                forward(route, step)
            }
            // After the pivot the money is gone, and no word makes it come back. Where nobody knows,
            // only evidence ends it.
            (Self::Stuck { step, .. }, E::Resolved(resolution))
                if resolution == Resolution::SettledOutside
                    || !(route.is_after_pivot(step)
                        || may_have_left && resolution == Resolution::Discarded) =>
            {
                (Self::Abandoned(resolution), Action::Finish)
            }
            (state, event) => {
                return Err(IllegalTransition { state: state.name(), event: event.name() });
            }
        })
    }
}

/// The step is done: the next one, or the end.
fn forward(route: Route, done: Step) -> (State, Action) {
    match route.next(done) {
        Some(step) => (State::Running { step, attempt: 1 }, Action::Run(step)),
        None => (State::Completed, Action::Finish),
    }
}

/// Undo what was done, from `done` backwards.
fn turn_back(done: Option<Step>, failure: Failure) -> (State, Action) {
    match undo_from(done) {
        Some(step) => (State::Compensating { step, attempt: 1, failure }, Action::Undo(step)),
        None => (State::Compensated { failure }, Action::Finish),
    }
}

fn resume(step: Step, attempt: u32, undo_of: Option<Failure>) -> (State, Action) {
    match undo_of {
        None => (State::Running { step, attempt }, Action::Run(step)),
        Some(failure) => (State::Compensating { step, attempt, failure }, Action::Undo(step)),
    }
}

fn stuck(
    step: Step,
    reason: StuckReason,
    failure: Failure,
    undo_of: Option<Failure>,
) -> (State, Action) {
    (State::Stuck { step, reason, failure, undo_of }, Action::OpenDeadLetter)
}

fn exhausted(failure: &Failure) -> StuckReason {
    match failure.class {
        FailureClass::Unknown => StuckReason::OutcomeUnknown,
        _ => StuckReason::AttemptsUsedUp,
    }
}

impl Event {
    /// The name of the event.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed(_) => "failed",
            Self::CompensationSucceeded => "compensation_succeeded",
            Self::CompensationFailed(_) => "compensation_failed",
            Self::Due => "due",
            Self::Halted(..) => "halted",
            Self::Redriven => "redriven",
            Self::CompensateNow(_) => "compensate_now",
            Self::ForcedForward => "forced_forward",
            Self::Resolved(_) => "resolved",
        }
    }
}

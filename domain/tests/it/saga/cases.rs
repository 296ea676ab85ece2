//! Every state and every event that the tables and properties range over.

use domain::failure::{Failure, FailureClass};
use domain::saga::{Event, Resolution, State, Step, StuckReason};

use crate::helpers::{STEPS, failure};

/// What made a saga turn back, in the states that remember it.
pub fn cause() -> Failure {
    Failure::new(FailureClass::Rejected, "cause", "It turned back for this.")
}

pub fn running(step: Step, attempt: u32) -> State {
    State::Running { step, attempt }
}

pub fn waiting(step: Step, attempt: u32) -> State {
    State::Waiting { step, attempt, undo_of: None }
}

pub fn waiting_to_undo(attempt: u32) -> State {
    State::Waiting { step: Step::PlaceHold, attempt, undo_of: Some(cause()) }
}

pub fn compensating(attempt: u32, failure: Failure) -> State {
    State::Compensating { step: Step::PlaceHold, attempt, failure }
}

pub fn stuck(step: Step, reason: StuckReason, failure: Failure) -> State {
    State::Stuck { step, reason, failure, undo_of: None }
}

pub fn stuck_undoing(reason: StuckReason, failure: Failure) -> State {
    State::Stuck { step: Step::PlaceHold, reason, failure, undo_of: Some(cause()) }
}

pub fn any_stuck(step: Step) -> State {
    stuck(step, StuckReason::AttemptsUsedUp, failure(FailureClass::Transient))
}

pub fn any_stuck_undoing() -> State {
    stuck_undoing(StuckReason::CompensationFailed, failure(FailureClass::Permanent))
}

pub fn compensated(failure: Failure) -> State {
    State::Compensated { failure }
}

/// The name of a state, written down a second time. A new variant does not compile here.
pub fn state_name(state: &State) -> &'static str {
    match state {
        State::Running { .. } => "running",
        State::Waiting { .. } => "waiting",
        State::Compensating { .. } => "compensating",
        State::Completed => "completed",
        State::Compensated { .. } => "compensated",
        State::Stuck { .. } => "stuck",
        State::Abandoned(_) => "abandoned",
    }
}

/// The name of an event, written down a second time. A new variant does not compile here.
pub fn event_name(event: &Event) -> &'static str {
    match event {
        Event::Succeeded => "succeeded",
        Event::Failed(_) => "failed",
        Event::CompensationSucceeded => "compensation_succeeded",
        Event::CompensationFailed(_) => "compensation_failed",
        Event::Due => "due",
        Event::Halted(..) => "halted",
        Event::Redriven => "redriven",
        Event::CompensateNow(_) => "compensate_now",
        Event::ForcedForward => "forced_forward",
        Event::Resolved(_) => "resolved",
    }
}

/// Every state: each variant, with each step and in each direction that it can have.
pub fn states() -> Vec<State> {
    let mut states = vec![
        waiting_to_undo(1),
        compensating(1, cause()),
        State::Completed,
        compensated(cause()),
        any_stuck_undoing(),
    ];
    states.extend(Resolution::ALL.iter().copied().map(State::Abandoned));
    for step in STEPS {
        states.extend([running(*step, 1), waiting(*step, 1), any_stuck(*step)]);
    }
    states
}

pub fn halted() -> Event {
    Event::Halted(StuckReason::KillsItsWorker, failure(FailureClass::Permanent))
}

pub fn compensate_now() -> Event {
    Event::CompensateNow(failure(FailureClass::Permanent))
}

/// Every event: each variant, with each failure class that it can have.
pub fn events() -> Vec<Event> {
    let mut events = vec![
        Event::Succeeded,
        Event::CompensationSucceeded,
        Event::Due,
        halted(),
        Event::Redriven,
        compensate_now(),
        Event::ForcedForward,
    ];
    events.extend(Resolution::ALL.iter().copied().map(Event::Resolved));
    for class in FailureClass::ALL {
        events.extend([Event::Failed(failure(*class)), Event::CompensationFailed(failure(*class))]);
    }
    events
}

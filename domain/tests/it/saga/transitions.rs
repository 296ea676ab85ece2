//! One table for every pair of state and event: the legal ones are listed, all others are refused.

use std::collections::BTreeSet;

use domain::failure::FailureClass::{Expired, Permanent, Rejected, Transient, Unknown, Voided};
use domain::saga::Step::{PlaceHold, PostEntry, Screen};
use domain::saga::{Action, Event, IllegalTransition, Resolution, State, StuckReason};

use super::cases::*;
use crate::helpers::{PLAIN, SCHEDULE, STEPS, failure, transfer_id};

type Row = (State, Event, State, Action);

fn next(state: State, event: Event) -> Result<(State, Action), IllegalTransition> {
    state.next(event, PLAIN, transfer_id(1), &SCHEDULE)
}

fn wait(attempt: u32) -> Action {
    Action::Wait(SCHEDULE.delay_after(transfer_id(1), attempt).expect("another attempt"))
}

fn failed(class: domain::failure::FailureClass) -> Event {
    Event::Failed(failure(class))
}

fn undo_failed(class: domain::failure::FailureClass) -> Event {
    Event::CompensationFailed(failure(class))
}

/// A step that fails for good before anything was done: nothing is to undo.
fn rows_of_the_first_step() -> Vec<Row> {
    let end = |class| compensated(failure(class));
    vec![
        (running(PlaceHold, 1), Event::Succeeded, running(Screen, 1), Action::Run(Screen)),
        (running(PlaceHold, 1), failed(Rejected), end(Rejected), Action::Finish),
        (running(PlaceHold, 1), failed(Permanent), end(Permanent), Action::Finish),
        (running(PlaceHold, 1), failed(Voided), end(Voided), Action::Finish),
        (running(PlaceHold, 1), failed(Expired), end(Expired), Action::Finish),
        (running(PlaceHold, 1), failed(Transient), waiting(PlaceHold, 1), wait(1)),
        (running(PlaceHold, 1), failed(Unknown), waiting(PlaceHold, 1), wait(1)),
    ]
}

/// A step that fails for good after the hold was placed: the hold is voided.
fn rows_of_the_later_steps() -> Vec<Row> {
    let back = |class| compensating(1, failure(class));
    vec![
        (running(Screen, 1), Event::Succeeded, running(PostEntry, 1), Action::Run(PostEntry)),
        (running(Screen, 1), failed(Rejected), back(Rejected), Action::Undo(PlaceHold)),
        (running(Screen, 1), failed(Permanent), back(Permanent), Action::Undo(PlaceHold)),
        (running(Screen, 1), failed(Voided), back(Voided), Action::Undo(PlaceHold)),
        (running(Screen, 1), failed(Expired), back(Expired), Action::Undo(PlaceHold)),
        (running(Screen, 1), failed(Transient), waiting(Screen, 1), wait(1)),
        (running(Screen, 1), failed(Unknown), waiting(Screen, 1), wait(1)),
        (running(PostEntry, 1), Event::Succeeded, State::Completed, Action::Finish),
        (running(PostEntry, 1), failed(Rejected), back(Rejected), Action::Undo(PlaceHold)),
        (running(PostEntry, 1), failed(Permanent), back(Permanent), Action::Undo(PlaceHold)),
        (running(PostEntry, 1), failed(Voided), back(Voided), Action::Undo(PlaceHold)),
        (running(PostEntry, 1), failed(Expired), back(Expired), Action::Undo(PlaceHold)),
        (running(PostEntry, 1), failed(Transient), waiting(PostEntry, 1), wait(1)),
        (running(PostEntry, 1), failed(Unknown), waiting(PostEntry, 1), wait(1)),
    ]
}

fn rows_of_waiting_and_turning_back() -> Vec<Row> {
    let undo = Action::Undo(PlaceHold);
    let lost = |class| stuck_undoing(StuckReason::CompensationFailed, failure(class));
    let turned_back = || compensating(1, cause());
    vec![
        (waiting(PlaceHold, 1), Event::Due, running(PlaceHold, 2), Action::Run(PlaceHold)),
        (waiting(Screen, 1), Event::Due, running(Screen, 2), Action::Run(Screen)),
        (waiting(PostEntry, 1), Event::Due, running(PostEntry, 2), Action::Run(PostEntry)),
        (waiting_to_undo(1), Event::Due, compensating(2, cause()), undo),
        (turned_back(), Event::CompensationSucceeded, compensated(cause()), Action::Finish),
        (turned_back(), undo_failed(Transient), waiting_to_undo(1), wait(1)),
        (turned_back(), undo_failed(Permanent), lost(Permanent), Action::OpenDeadLetter),
        (turned_back(), undo_failed(Rejected), lost(Rejected), Action::OpenDeadLetter),
        (turned_back(), undo_failed(Unknown), lost(Unknown), Action::OpenDeadLetter),
        (turned_back(), undo_failed(Voided), lost(Voided), Action::OpenDeadLetter),
        (turned_back(), undo_failed(Expired), lost(Expired), Action::OpenDeadLetter),
    ]
}

/// The runner may give up in any state that waits for the machine.
fn rows_of_halting() -> Vec<Row> {
    let reason = StuckReason::KillsItsWorker;
    let parked = |step| stuck(step, reason, failure(Permanent));
    let parked_undoing = || stuck_undoing(reason, failure(Permanent));
    let mut rows = vec![
        (waiting_to_undo(1), halted(), parked_undoing(), Action::OpenDeadLetter),
        (compensating(1, cause()), halted(), parked_undoing(), Action::OpenDeadLetter),
    ];
    for step in STEPS {
        rows.push((running(*step, 1), halted(), parked(*step), Action::OpenDeadLetter));
        rows.push((waiting(*step, 1), halted(), parked(*step), Action::OpenDeadLetter));
    }
    rows
}

/// Only a person moves a stuck saga. One that was turning back may go on doing so, never forward.
fn rows_of_people() -> Vec<Row> {
    let back = || compensating(1, failure(Permanent));
    let undo = || Action::Undo(PlaceHold);
    let mut rows = vec![
        (any_stuck(PlaceHold), compensate_now(), compensated(failure(Permanent)), Action::Finish),
        (any_stuck(Screen), compensate_now(), back(), undo()),
        (any_stuck(PostEntry), compensate_now(), back(), undo()),
        (any_stuck_undoing(), Event::Redriven, compensating(1, cause()), undo()),
    ];
    for step in STEPS {
        let row = (any_stuck(*step), Event::Redriven, running(*step, 1), Action::Run(*step));
        rows.push(row);
    }
    for resolution in Resolution::ALL.iter().copied() {
        let resolved = || Event::Resolved(resolution);
        let end = || State::Abandoned(resolution);
        rows.push((any_stuck_undoing(), resolved(), end(), Action::Finish));
        for step in STEPS {
            rows.push((any_stuck(*step), resolved(), end(), Action::Finish));
        }
    }
    // What a step that succeeds leads to, without running it. No step is there yet.
    for step in STEPS.iter().filter(|step| PLAIN.is_after_pivot(**step)) {
        let (after, action) = next(running(*step, 1), Event::Succeeded).expect("a legal pair");
        rows.push((any_stuck(*step), Event::ForcedForward, after, action));
    }
    rows
}

fn legal() -> Vec<Row> {
    let mut rows = rows_of_the_first_step();
    rows.extend(rows_of_the_later_steps());
    rows.extend(rows_of_waiting_and_turning_back());
    rows.extend(rows_of_halting());
    rows.extend(rows_of_people());
    rows
}

#[test]
fn every_pair_of_state_and_event_does_what_its_row_says_or_is_refused() {
    let rows = legal();
    let mut used = 0;
    for state in states() {
        for event in events() {
            let mut found = rows.iter().filter(|row| row.0 == state && row.1 == event);
            let expected = match found.next() {
                Some((_, _, after, action)) => Ok((after.clone(), action.clone())),
                None => {
                    Err(IllegalTransition { state: state_name(&state), event: event_name(&event) })
                }
            };
            assert!(found.next().is_none(), "two rows for {state:?} and {event:?}");
            used += usize::from(expected.is_ok());
            assert_eq!(next(state.clone(), event.clone()), expected, "{state:?} and {event:?}");
        }
    }
    assert_eq!(used, rows.len(), "a row names a state or an event that is not in the product");
}

#[test]
fn the_product_has_every_name_of_a_state_and_of_an_event() {
    let states: BTreeSet<&str> = states().iter().map(state_name).collect();
    assert_eq!(states.len(), 7, "{states:?}");
    let events: BTreeSet<&str> = events().iter().map(event_name).collect();
    assert_eq!(events.len(), 10, "{events:?}");
}

#[test]
fn a_refusal_names_the_state_and_the_event() {
    let refused = next(State::Completed, compensate_now()).expect_err("it is at its end");
    assert_eq!(
        refused.to_string(),
        "a saga that is completed cannot take the event compensate_now"
    );
}

#[test]
fn a_new_saga_starts_with_the_first_try_of_its_first_step() {
    assert_eq!(State::START, running(PlaceHold, 1));
}

#[test]
fn attempts_are_counted_until_they_are_used_up() {
    let last = SCHEDULE.attempt_max;
    let used_up = |step, class| {
        let reason = match class {
            Unknown => StuckReason::OutcomeUnknown,
            _ => StuckReason::AttemptsUsedUp,
        };
        stuck(step, reason, failure(class))
    };
    let not_undone = stuck_undoing(StuckReason::CompensationFailed, failure(Transient));
    let letter = Action::OpenDeadLetter;
    let mut table = vec![
        (
            compensating(last - 1, cause()),
            undo_failed(Transient),
            waiting_to_undo(last - 1),
            wait(last - 1),
        ),
        (compensating(last, cause()), undo_failed(Transient), not_undone, letter.clone()),
    ];
    for step in STEPS {
        let (before, at_last) = (running(*step, last - 1), running(*step, last));
        for class in [Transient, Unknown] {
            let waits = waiting(*step, last - 1);
            table.push((before.clone(), failed(class), waits, wait(last - 1)));
            table.push((at_last.clone(), failed(class), used_up(*step, class), letter.clone()));
        }
        // The last try may still succeed, and the next step has all its tries again.
        let succeeded = next(at_last, Event::Succeeded).expect("a legal pair");
        assert_eq!(succeeded, next(running(*step, 1), Event::Succeeded).expect("a legal pair"));
    }
    for (state, event, after, action) in table {
        let label = format!("{state:?} and {event:?}");
        assert_eq!(next(state, event), Ok((after, action)), "{label}");
    }
}

#[test]
fn a_schedule_of_one_attempt_never_waits() {
    let schedule = domain::retry::RetrySchedule { attempt_max: 1, ..SCHEDULE };
    let (state, action) = State::START
        .next(failed(Transient), PLAIN, transfer_id(1), &schedule)
        .expect("a legal pair");
    assert_eq!(state, stuck(PlaceHold, StuckReason::AttemptsUsedUp, failure(Transient)));
    assert_eq!(action, Action::OpenDeadLetter);
}

#[test]
fn a_saga_that_is_not_past_its_pivot_is_not_forced_forward() {
    for step in STEPS.iter().filter(|step| !PLAIN.is_after_pivot(**step)) {
        let refused = next(any_stuck(*step), Event::ForcedForward).expect_err("it can go back");
        assert_eq!((refused.state, refused.event), ("stuck", "forced_forward"));
    }
}

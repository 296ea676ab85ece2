//! What holds for every story that a saga can tell, however long.

use domain::retry::RetrySchedule;
use domain::saga::{Action, Event, State, Step};
use proptest::prelude::*;

use super::cases::events;
use crate::helpers::{PLAIN, SCHEDULE, transfer_id};

/// One transition of a story.
struct Turn {
    before: State,
    event: Event,
    after: State,
    action: Action,
}

/// The story that `choices` select from START: each picks one of the events that
/// are legal where the saga stands. It ends early where none is.
fn story(choices: &[usize], allowed: fn(&Event) -> bool) -> Vec<Turn> {
    let mut turns = Vec::new();
    let mut state = State::START;
    for choice in choices {
        let legal: Vec<_> = events()
            .into_iter()
            .filter(allowed)
            .filter_map(|event| {
                let next =
                    state.clone().next(event.clone(), PLAIN, transfer_id(1), &SCHEDULE).ok()?;
                Some((event, next))
            })
            .collect();
        let Some((event, (after, action))) = legal.get(choice % legal.len().max(1)).cloned() else {
            break;
        };
        let before = std::mem::replace(&mut state, after.clone());
        turns.push(Turn { before, event, after, action });
    }
    turns
}

fn is_final(state: &State) -> bool {
    matches!(state, State::Completed | State::Compensated { .. } | State::Abandoned(_))
}

fn is_turning_back(state: &State) -> bool {
    matches!(
        state,
        State::Compensating { .. }
            | State::Waiting { undo_of: Some(_), .. }
            | State::Stuck { undo_of: Some(_), .. }
    )
}

fn any_event(_: &Event) -> bool {
    true
}

/// What happens while no person looks.
fn machine_only(event: &Event) -> bool {
    !by_a_person(event)
}

fn by_a_person(event: &Event) -> bool {
    matches!(
        event,
        Event::Redriven | Event::CompensateNow(_) | Event::ForcedForward | Event::Resolved(_)
    )
}

fn choices() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..10_000_usize, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_final_state_is_left_by_no_event(choices in choices()) {
        for turn in story(&choices, any_event) {
            prop_assert!(!is_final(&turn.before), "{:?} took {:?}", turn.before, turn.event);
            prop_assert_eq!(turn.action == Action::Finish, is_final(&turn.after));
        }
    }

    #[test]
    fn after_the_pivot_nothing_is_ever_undone(choices in choices()) {
        let mut past_pivot = false;
        for turn in story(&choices, any_event) {
            prop_assert!(!past_pivot, "{:?} came after the pivot", turn.event);
            let at_pivot = matches!(turn.before, State::Running { step: Step::PostEntry, .. });
            if at_pivot && turn.event == Event::Succeeded {
                prop_assert_eq!((&turn.after, &turn.action), (&State::Completed, &Action::Finish));
                past_pivot = true;
            }
        }
    }

    #[test]
    fn a_saga_that_turned_back_runs_no_step_and_never_completes(choices in choices()) {
        let mut turned_back = false;
        for turn in story(&choices, any_event) {
            turned_back |= is_turning_back(&turn.after);
            if turned_back {
                prop_assert!(!matches!(turn.action, Action::Run(_)), "{:?}", turn.action);
                prop_assert_ne!(turn.after, State::Completed);
            }
        }
    }

    #[test]
    fn a_saga_left_alone_ends_or_parks_after_a_bounded_number_of_turns(
        choices in prop::collection::vec(0..10_000_usize, 400)
    ) {
        let turns = story(&choices, machine_only);
        prop_assert!(turns.len() <= turn_max(&SCHEDULE), "{} turns", turns.len());
        let last = &turns.last().expect("START is not final").after;
        let parked = matches!(last, State::Stuck { .. });
        prop_assert!(parked || is_final(last), "{:?}", last);
    }

    #[test]
    fn people_decide_only_about_what_is_stuck_and_only_they_do(choices in choices()) {
        for turn in story(&choices, any_event) {
            let stuck = matches!(turn.before, State::Stuck { .. });
            prop_assert_eq!(stuck, by_a_person(&turn.event), "{:?}", turn.event);
            let resolved = matches!(turn.after, State::Abandoned(_));
            prop_assert_eq!(resolved, matches!(turn.event, Event::Resolved(_)));
        }
    }

    #[test]
    fn no_try_has_a_number_beyond_the_schedule(choices in choices()) {
        for turn in story(&choices, any_event) {
            if let State::Running { attempt, .. } | State::Compensating { attempt, .. } = turn.after {
                prop_assert!((1..=SCHEDULE.attempt_max).contains(&attempt), "attempt {}", attempt);
            }
        }
    }
}

/// Three steps and one undo, each with all its tries and the waits between them.
fn turn_max(schedule: &RetrySchedule) -> usize {
    let attempt_max = usize::try_from(schedule.attempt_max).expect("a small number");
    4 * (2 * attempt_max - 1)
}

#[test]
fn the_longest_way_through_is_as_long_as_the_schedule_allows() {
    fn longest(state: &State, schedule: &RetrySchedule) -> usize {
        let turns = events().into_iter().filter(machine_only).filter_map(|event| {
            let (after, _) = state.clone().next(event, PLAIN, transfer_id(1), schedule).ok()?;
            Some(1 + longest(&after, schedule))
        });
        turns.max().unwrap_or(0)
    }
    for attempt_max in 1..=2 {
        let schedule = RetrySchedule { attempt_max, ..SCHEDULE };
        assert_eq!(longest(&State::START, &schedule), turn_max(&schedule));
    }
}

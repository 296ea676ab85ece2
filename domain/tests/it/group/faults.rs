//! Each step and each undo fails in each way, and runs twice: nothing is left behind, nothing is done twice.

use domain::event::EventType;
use domain::failure::FailureClass::{
    self, Expired, Permanent, Rejected, Transient, Unknown, Voided,
};
use domain::group::{Boundaries, Fault, NoFaults, Progress};
use domain::money::MinorUnits;
use domain::saga::{Step, StuckReason};
use domain::transfer::TransferStatus;

use super::fail_on_purpose::{Script, doing, undoing};
use crate::helpers::{Lane, Rows, SCHEDULE, STEPS, Story, failure, transfer, wallet};

const BOTH: [Boundaries; 2] = [Boundaries::Fused, Boundaries::EveryStep];
/// The ways to fail; the others are decisions about a hold.
const CLASSES: [FailureClass; 4] = [Rejected, Transient, Permanent, Unknown];

/// A source with a hold of somebody else's, which no fault may touch.
fn rows() -> Rows {
    let mut source = wallet(1, 100);
    source.balances.debits_pending = MinorUnits(30);
    Rows::new([source, wallet(2, 0)])
}

fn run(rows: &mut Rows, boundaries: Boundaries, faults: &Script) -> Story {
    rows.drive(&Lane::new(boundaries, faults), transfer(1, 1, 2, 40))
}

/// Runs `check` for each step with each class, in both modes.
fn for_each_case(check: impl Fn(Boundaries, Step, FailureClass, &str)) {
    for boundaries in BOTH {
        for step in STEPS {
            for class in &CLASSES {
                check(boundaries, *step, *class, &format!("{class} at {step}, {boundaries:?}"));
            }
        }
    }
}

/// What undoing changes, and nothing else: the hold of a transfer that got past its first step.
fn hold_after(step: Step) -> i64 {
    if step == Step::PlaceHold { 0 } else { 40 }
}

#[track_caller]
fn assert_stuck(story: &Story, reason: StuckReason, class: FailureClass, name: &str) {
    let last = story.last();
    assert_eq!(last.status, TransferStatus::Stuck, "{name}");
    assert_eq!(last.progress, Progress::Stuck { reason, failure: failure(class) }, "{name}");
    assert_eq!(last.failure, Some(failure(class)), "{name}");
    let event = last.event.as_ref().map(|event| event.event_type);
    assert_eq!(event, Some(EventType::TransferStuck), "{name}");
    assert!(story.entries.is_empty(), "{name}");
    assert_eq!(last.transfer.attempt, 0, "{name}: a redrive has all tries again");
}

/// The rows as they were, but for a hold of 40 or none.
#[track_caller]
fn assert_only_held(rows: &Rows, hold: i64, name: &str) {
    let mut expected = self::rows();
    let source = expected.0.values_mut().next().expect("the source");
    source.balances.debits_pending.0 += hold;
    assert_eq!(rows.money(), expected.money(), "{name}");
}

#[test]
fn a_step_that_goes_on_failing_ends_compensated_or_parked() {
    for_each_case(|boundaries, step, class, name| {
        let mut rows = rows();
        let before = rows.clone();
        let story = run(&mut rows, boundaries, &Script::always(doing(step), failure(class)));
        let tries = story.log.iter().filter(|line| line.step == step && !line.undo).count();
        match class {
            Rejected | Permanent => {
                let rejected = class == Rejected;
                let end = if rejected { TransferStatus::Rejected } else { TransferStatus::Failed };
                assert_eq!(story.status(), end, "{name}");
                assert_eq!(story.last().failure, Some(failure(class)), "{name}");
                assert_eq!(story.last().transfer.hold, MinorUnits::ZERO, "{name}");
                assert_eq!(tries, 1, "{name}: trying again changes nothing");
                rows.assert_clean_slate(&before);
            }
            Transient | Unknown => {
                let reason = match class {
                    Unknown => StuckReason::OutcomeUnknown,
                    _ => StuckReason::AttemptsUsedUp,
                };
                assert_stuck(&story, reason, class, name);
                assert_eq!(u32::try_from(tries), Ok(SCHEDULE.attempt_max), "{name}");
                assert_eq!(story.waits.len() + 1, tries, "{name}: a wait between two tries");
                assert_eq!(story.last().transfer.hold, MinorUnits(hold_after(step)), "{name}");
                assert_eq!(story.last().transfer.step, step, "{name}");
                assert_only_held(&rows, hold_after(step), name);
            }
            Voided | Expired => unreachable!("only an answer ends a hold so"),
        }
        assert_eq!(story.event_count, 1, "{name}: one outcome, one event");
        assert!(story.entries.is_empty(), "{name}");
    });
}

#[test]
fn a_step_that_fails_once_and_may_pass_settles_in_the_end() {
    for boundaries in BOTH {
        for step in STEPS {
            for class in [Transient, Unknown] {
                let name = format!("{class} at {step}, {boundaries:?}");
                let mut rows = rows();
                let story = run(&mut rows, boundaries, &Script::once(doing(*step), failure(class)));
                assert_eq!(story.status(), TransferStatus::Settled, "{name}");
                assert_eq!(story.entries.len(), 1, "{name}");
                let first_wait = SCHEDULE.delay_after(story.last().transfer.id, 1);
                assert_eq!(story.waits.first().copied(), first_wait, "{name}");
                let attempts = story.log.iter().filter(|line| line.step == *step);
                let attempts: Vec<_> = attempts.map(|line| line.attempt).collect();
                assert_eq!(attempts, [1, 2], "{name}");
                let seqs: Vec<_> = story.log.iter().map(|line| line.seq).collect();
                assert_eq!(seqs, [1, 2, 3, 4], "{name}: the log has no gap");
            }
        }
    }
}

#[test]
fn a_stuck_transfer_settles_when_it_is_redriven_and_nothing_fails_any_more() {
    for boundaries in BOTH {
        for step in STEPS {
            let mut rows = rows();
            let fault = Script::always(doing(*step), failure(Transient));
            let parked = run(&mut rows, boundaries, &fault).last.expect("a transaction");
            let story = rows.drive(&Lane::new(boundaries, &NoFaults), parked.transfer);
            assert_eq!(story.status(), TransferStatus::Settled, "{step}, {boundaries:?}");
            assert_eq!(story.log[0].attempt, 1, "the tries are counted anew");
            assert_eq!(rows.wallet(1).balances.debits_pending, MinorUnits(30));
            assert_eq!(rows.wallet(1).balances.debits_posted, MinorUnits(40));
        }
    }
}

/// Turns back at the screening, and then its undo fails.
fn undo_fails(class: FailureClass, times: u32) -> Script {
    Script::new([
        (doing(Step::Screen), Fault::Fail(failure(Rejected)), 1),
        (undoing(Step::PlaceHold), Fault::Fail(failure(class)), times),
    ])
}

#[test]
fn an_undo_that_fails_for_good_parks_the_transfer_with_its_hold() {
    for boundaries in BOTH {
        for class in &CLASSES {
            let name = format!("{class}, {boundaries:?}");
            let mut rows = rows();
            let story = run(&mut rows, boundaries, &undo_fails(*class, u32::MAX));
            assert_stuck(&story, StuckReason::CompensationFailed, *class, &name);
            let tries = story.log.iter().filter(|line| line.undo).count();
            let expected = if *class == Transient { SCHEDULE.attempt_max } else { 1 };
            assert_eq!(u32::try_from(tries), Ok(expected), "{name}");
            let parked = story.last.expect("a transaction").transfer;
            assert_eq!((parked.step, parked.hold), (Step::PlaceHold, MinorUnits(40)), "{name}");
            assert_eq!(parked.undo_of, Some(failure(Rejected)), "{name}: still on its way back");
            assert_only_held(&rows, 40, &name);

            // Redriven, it goes on back, never forward.
            let story = rows.drive(&Lane::new(boundaries, &NoFaults), parked);
            assert_eq!(story.status(), TransferStatus::Rejected, "{name}");
            assert_eq!(story.log_words(), ["undo place_hold"], "{name}");
            rows.assert_clean_slate(&self::rows());
        }
    }
}

#[test]
fn an_undo_that_fails_once_and_may_pass_leaves_a_clean_slate() {
    for boundaries in BOTH {
        let mut rows = rows();
        let story = run(&mut rows, boundaries, &undo_fails(Transient, 1));
        assert_eq!(story.status(), TransferStatus::Rejected, "{boundaries:?}");
        assert_eq!(story.waits.len(), 1);
        let undos: Vec<_> =
            story.log.iter().filter(|line| line.undo).map(|line| line.attempt).collect();
        assert_eq!(undos, [1, 2], "{boundaries:?}");
        rows.assert_clean_slate(&self::rows());
    }
}

#[test]
fn a_step_that_runs_twice_does_its_work_once() {
    for boundaries in BOTH {
        let mut plain_rows = rows();
        let plain = run(&mut plain_rows, boundaries, &Script::new([]));
        assert_eq!(plain.status(), TransferStatus::Settled);
        for step in STEPS {
            let mut rows = rows();
            let twice = Script::new([(doing(*step), Fault::Repeat, u32::MAX)]);
            let story = run(&mut rows, boundaries, &twice);
            assert_eq!(rows, plain_rows, "{step}, {boundaries:?}");
            assert_same_story(&story, &plain);
        }
    }
}

#[test]
fn an_undo_that_runs_twice_does_its_work_once() {
    let turn_back = |step| (doing(step), Fault::Fail(failure(Permanent)), 1);
    for boundaries in BOTH {
        for step in STEPS {
            let mut plain_rows = rows();
            let plain = run(&mut plain_rows, boundaries, &Script::new([turn_back(*step)]));
            assert_eq!(plain.status(), TransferStatus::Failed);
            let mut rows = rows();
            let twice = Script::new([
                turn_back(*step),
                (undoing(Step::PlaceHold), Fault::Repeat, u32::MAX),
            ]);
            let story = run(&mut rows, boundaries, &twice);
            assert_eq!(rows, plain_rows, "{step}, {boundaries:?}");
            assert_same_story(&story, &plain);
            rows.assert_clean_slate(&self::rows());
        }
    }
}

#[track_caller]
fn assert_same_story(one: &Story, other: &Story) {
    assert_eq!(one.statuses, other.statuses);
    assert_eq!(one.log, other.log);
    assert_eq!(one.entries, other.entries);
    assert_eq!(one.event_count, other.event_count);
    assert_eq!(one.last().transfer, other.last().transfer);
}

#[test]
fn a_fault_of_one_transfer_does_not_touch_its_neighbours() {
    let fault = Script::once(doing(Step::PostEntry), failure(Permanent));
    let mut rows = Rows::new([wallet(1, 100), wallet(2, 0)]);
    let lane = Lane::new(Boundaries::Fused, &fault);
    let advanced = rows.group(&lane, vec![transfer(1, 1, 2, 100), transfer(2, 1, 2, 100)]);
    let statuses: Vec<_> = advanced.iter().map(|one| one.status).collect();
    // The first one's hold is given back before the second one is judged.
    assert_eq!(statuses, [TransferStatus::Failed, TransferStatus::Settled]);
}

//! A pause holds a transfer at its boundary, and costs it nothing.

use domain::failure::FailureClass::{Permanent, Transient};
use domain::group::{Boundaries, Fault, NoFaults, Progress};
use domain::money::MinorUnits;
use domain::saga::Step;
use domain::switch::{Switch, SwitchSet};
use domain::transfer::{TransferKind, TransferStatus};

use super::fail_on_purpose::{Script, doing, undoing};
use crate::helpers::{Lane, Rows, STEPS, failure, transfer, wallet};

const BOTH: [Boundaries; 2] = [Boundaries::Fused, Boundaries::EveryStep];

fn rows() -> Rows {
    Rows::new([wallet(1, 100), wallet(2, 0)])
}

fn paused(switch: Switch) -> SwitchSet {
    SwitchSet::default().with(switch, true)
}

#[test]
fn a_transfer_waits_before_a_paused_step_and_goes_on_when_it_may() {
    for boundaries in BOTH {
        for &step in STEPS {
            let mut rows = rows();
            let mut lane = Lane::new(boundaries, &NoFaults);
            lane.switches = paused(Switch::PauseStep(step));
            let mut story = rows.drive(&lane, transfer(1, 1, 2, 40));
            // Looking again changes nothing, however often.
            for _ in 0..3 {
                let last = story.last();
                assert_eq!(last.progress, Progress::Paused(Switch::PauseStep(step)));
                assert_eq!((last.transfer.step, last.transfer.attempt), (step, 0), "no try spent");
                let held = if step == Step::PlaceHold { 0 } else { 40 };
                assert_eq!(last.transfer.hold, MinorUnits(held), "what was done is kept");
                assert_eq!(last.status == TransferStatus::Held, held > 0);
                assert!(last.event.is_none() && last.entry.is_none());
                let at_rest = last.transfer.clone();
                story = rows.drive(&lane, at_rest);
                assert!(story.log.is_empty(), "nothing was tried");
            }
            lane.switches = SwitchSet::default();
            let story = rows.drive(&lane, story.last().transfer.clone());
            assert_eq!(story.status(), TransferStatus::Settled);
            assert_eq!(story.log[0].attempt, 1, "the first try of the step that was paused");
        }
    }
}

#[test]
fn a_paused_kind_stops_before_its_first_step_and_others_do_not() {
    let mut rows = rows();
    let mut lane = Lane::new(Boundaries::Fused, &NoFaults);
    lane.switches = paused(Switch::PauseSaga(TransferKind::Transfer));
    let story = rows.drive(&lane, transfer(1, 1, 2, 40));
    let paused_by = Switch::PauseSaga(TransferKind::Transfer);
    assert_eq!(story.last().progress, Progress::Paused(paused_by));
    assert_eq!(story.status(), TransferStatus::Accepted);
    lane.switches = paused(Switch::PauseSaga(TransferKind::Deposit));
    let story = rows.drive(&lane, story.last().transfer.clone());
    assert_eq!(story.status(), TransferStatus::Settled);
}

#[test]
fn a_transfer_that_turned_back_is_undone_while_steps_are_paused_but_not_while_its_kind_is() {
    for boundaries in BOTH {
        let (mut rows, before) = (rows(), rows());
        // It turns back at the screening, and the first try of its undo fails.
        let script = Script::new([
            (doing(Step::Screen), Fault::Fail(failure(Permanent)), 1),
            (undoing(Step::PlaceHold), Fault::Fail(failure(Transient)), 1),
        ]);
        let mut lane = Lane::new(boundaries, &script);
        let mut advanced = rows.group(&lane, vec![transfer(1, 1, 2, 40)]).remove(0);
        while advanced.progress == Progress::Ready {
            advanced = rows.group(&lane, vec![advanced.transfer]).remove(0);
        }
        assert!(matches!(advanced.progress, Progress::Waiting(_)), "{advanced:?}");
        assert_eq!(advanced.transfer.attempt, 1);

        lane = Lane::new(boundaries, &NoFaults);
        let kind = Switch::PauseSaga(TransferKind::Transfer);
        lane.switches = paused(kind);
        let story = rows.drive(&lane, advanced.transfer);
        assert_eq!(story.last().progress, Progress::Paused(kind));
        let transfer = story.last().transfer.clone();
        assert_eq!(transfer.attempt, 1, "its failed try still counts, and no other was spent");
        assert_eq!(transfer.undo_of, Some(failure(Permanent)));

        for &step in STEPS {
            lane.switches = lane.switches.with(Switch::PauseStep(step), true);
        }
        lane.switches = lane.switches.with(kind, false);
        let story = rows.drive(&lane, transfer);
        assert_eq!(story.status(), TransferStatus::Failed);
        assert_eq!(story.log_words(), ["undo place_hold"]);
        assert_eq!(story.log[0].attempt, 2);
        rows.assert_clean_slate(&before);
    }
}

//! What a person decides about a stuck transfer, and what becomes of its money.

use domain::dead_letter::{DeadLetterStatus, DeskAct, Refusal};
use domain::event::EventType;
use domain::failure::FailureClass;
use domain::group::{Advanced, Boundaries, BrokenInvariant, NoFaults, OpenTransfer, Progress};
use domain::ids::WalletId;
use domain::money::MinorUnits;
use domain::operator::OperatorRole;
use domain::saga::{Resolution, Step};
use domain::transfer::TransferStatus;

use crate::helpers::{Lane, PLAIN, Rows, failure, transfer, wallet, wallet_id};

fn resolve(rows: &mut Rows, transfer: OpenTransfer, resolution: Resolution) -> Advanced {
    let lane = Lane::default();
    let resolve = |book: &mut _| {
        lane.with_rules(|rules| rules.resolve(transfer, resolution, book)).expect("it resolves")
    };
    rows.transact(resolve).0
}

/// A transfer of 40 that stands at each step in turn, forward or on its way back, with
/// the rows before its first step and those that belong to it now.
fn everywhere() -> Vec<(Rows, Rows, OpenTransfer)> {
    let mut all = Vec::new();
    let stepwise = Lane::new(Boundaries::EveryStep, &NoFaults);
    let before = Rows::new([wallet(1, 100), wallet(2, 0)]);
    let (mut rows, mut open) = (before.clone(), transfer(1, 1, 2, 40));
    loop {
        all.push((before.clone(), rows.clone(), open.clone()));
        if open.hold > MinorUnits::ZERO {
            let undo_of = Some(failure(FailureClass::Permanent));
            let back = OpenTransfer { step: Step::PlaceHold, undo_of, ..open.clone() };
            all.push((before.clone(), rows.clone(), back));
        }
        let advanced = rows.transact(|book| stepwise.advance(open, book)).0;
        if advanced.progress == Progress::Final {
            return all;
        }
        open = advanced.transfer;
    }
}

#[test]
fn a_resolved_transfer_gives_its_hold_back_and_moves_nothing() {
    for (before, rows, open) in everywhere() {
        for resolution in Resolution::ALL.iter().copied() {
            let mut rows = rows.clone();
            let ended = resolve(&mut rows, open.clone(), resolution);
            let (status, event_type) = match resolution {
                Resolution::SettledOutside => (TransferStatus::Settled, EventType::TransferSettled),
                Resolution::FailedOutside | Resolution::Discarded => {
                    (TransferStatus::Failed, EventType::TransferFailed)
                }
            };
            assert_eq!((ended.status, ended.progress), (status, Progress::Final), "{open:?}");
            assert_eq!((ended.entry, ended.transfer.hold), (None, MinorUnits::ZERO));
            assert_eq!(ended.failure, resolution.failure());
            let event = ended.event.expect("an event");
            assert_eq!((event.event_type, event.data.resolution), (event_type, Some(resolution)));
            assert_eq!(event.data.failure, resolution.failure());
            rows.assert_clean_slate(&before);
        }
    }
}

#[test]
fn both_ends_hear_of_what_was_settled_outside_and_the_source_of_the_rest() {
    for (resolution, told) in [
        (Resolution::SettledOutside, vec![wallet_id(1), wallet_id(2)]),
        (Resolution::FailedOutside, vec![wallet_id(1)]),
        (Resolution::Discarded, vec![wallet_id(1)]),
    ] {
        let (_, mut rows, open) = everywhere().swap_remove(1);
        let event = resolve(&mut rows, open, resolution).event.expect("an event");
        assert_eq!(event.wallet_seqs.into_keys().collect::<Vec<WalletId>>(), told);
    }
}

#[test]
fn giving_the_hold_back_is_a_line_of_the_log() {
    for (_, mut rows, open) in everywhere() {
        let ended = resolve(&mut rows, open.clone(), Resolution::Discarded);
        let [line] = &ended.log[..] else { panic!("{:?}", ended.log) };
        assert_eq!((line.step, line.undo, line.failure.as_ref()), (Step::PlaceHold, true, None));
        assert_eq!((line.seq, ended.transfer.log_seq), (open.log_seq + 1, open.log_seq + 1));
    }
}

#[test]
fn to_resolve_twice_gives_the_hold_back_once() {
    for (before, mut rows, open) in everywhere() {
        let once = resolve(&mut rows, open, Resolution::Discarded).transfer;
        resolve(&mut rows, once, Resolution::Discarded);
        rows.assert_clean_slate(&before);
    }
}

#[test]
fn a_hold_that_the_wallet_does_not_know_is_not_given_back() {
    let mut rows = Rows::new([wallet(1, 100), wallet(2, 0)]);
    let before = rows.clone();
    let open = OpenTransfer { step: Step::Screen, hold: MinorUnits(40), ..transfer(1, 1, 2, 40) };
    let lane = Lane::default();
    let (result, _) = rows.transact(|book| {
        lane.with_rules(|rules| rules.resolve(open.clone(), Resolution::Discarded, book))
    });
    let what = "the hold is larger than the wallet's pending debits";
    let broken = result.expect_err("it contradicts itself");
    assert_eq!(broken, BrokenInvariant::Ledger { transfer: open.id, what });
    assert_eq!(rows, before);
}

#[test]
fn a_transfer_before_its_pivot_is_not_forced_forward() {
    for (_, mut rows, open) in everywhere() {
        assert!(!PLAIN.is_after_pivot(open.step), "no step is there yet");
        let before = rows.clone();
        let lane = Lane::default();
        let (result, _) =
            rows.transact(|book| lane.with_rules(|rules| rules.force_forward(open, book)));
        assert!(matches!(result, Err(BrokenInvariant::Transition { .. })), "{result:?}");
        assert_eq!(rows, before);
    }
}

#[test]
fn every_act_is_possible_or_says_why_not() {
    for (_, _, open) in everywhere() {
        let turned_back = open.undo_of.is_some();
        for act in DeskAct::ALL.iter().copied() {
            let cause = failure(FailureClass::Permanent);
            let decided =
                act.decide(open.as_stuck(), cause, open.route(), open.id).map(|(state, _)| state);
            let refused = match act {
                DeskAct::Compensate if turned_back => Some(Refusal::AlreadyCompensating),
                DeskAct::RetryCompensation if !turned_back => Some(Refusal::NotCompensating),
                DeskAct::ForceForward => Some(Refusal::NotPastPivot),
                _ => None,
            };
            assert_eq!(decided.clone().err(), refused, "{act} of {open:?}");
            // It ends at once, or goes on somewhere.
            if let Ok(state) = decided {
                assert_eq!(state.goes_on_at().is_none(), act.resolution().is_some(), "{act}");
            }
            assert_ne!(act.closes_as(), DeadLetterStatus::Open);
        }
    }
}

#[test]
fn what_no_step_proves_takes_an_approver() {
    let approvers = DeskAct::ALL.iter().filter(|act| act.role() == OperatorRole::Approver);
    let wanted = [DeskAct::ForceForward, DeskAct::ResolveSettled, DeskAct::ResolveFailed];
    assert_eq!(approvers.copied().collect::<Vec<_>>(), wanted);
}

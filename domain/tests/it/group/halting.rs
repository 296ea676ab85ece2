//! Transfers that the runner cannot go on with are parked, and state that contradicts itself stops the group.

use domain::event::EventType;
use domain::failure::{Failure, FailureClass};
use domain::group::{
    Advanced, Book, Boundaries, BrokenInvariant, NoFaults, OpenTransfer, Progress,
};
use domain::ids::WalletId;
use domain::money::MinorUnits;
use domain::saga::{Step, StuckReason};
use domain::transfer::TransferStatus;

use crate::helpers::{Lane, Rows, failure, transfer, wallet, wallet_id};

fn cause() -> Failure {
    failure(FailureClass::Permanent)
}

fn halt(rows: &mut Rows, transfer: OpenTransfer, reason: StuckReason) -> Advanced {
    let lane = Lane::default();
    let halt = |book: &mut Book| {
        lane.with_rules(|rules| rules.halt(transfer, reason, cause(), book)).expect("it halts")
    };
    rows.transact(halt).0
}

/// A transfer that has placed its hold, with the rows that say so.
fn held() -> (Rows, OpenTransfer) {
    let mut rows = Rows::new([wallet(1, 100), wallet(2, 0)]);
    let stepwise = Lane::new(Boundaries::EveryStep, &NoFaults);
    let held = rows.transact(|book| stepwise.advance(transfer(1, 1, 2, 40), book)).0;
    (rows, held.transfer)
}

#[test]
fn a_halted_transfer_is_parked_where_it_stands_with_its_hold() {
    for reason in StuckReason::ALL {
        let (mut rows, transfer) = held();
        let before = rows.clone();
        let halted = halt(&mut rows, transfer.clone(), *reason);
        assert_eq!(halted.status, TransferStatus::Stuck);
        assert_eq!(halted.progress, Progress::Stuck { reason: *reason, failure: cause() });
        assert_eq!(halted.failure, Some(cause()));
        assert_eq!(halted.entry, None);
        assert_eq!((halted.transfer.step, halted.transfer.hold), (Step::Screen, MinorUnits(40)));
        let event = halted.event.expect("an event");
        assert_eq!(event.event_type, EventType::TransferStuck);
        assert_eq!(event.wallet_seqs.get(&wallet_id(1)), Some(&1));
        rows.assert_clean_slate(&before);
    }
}

#[test]
fn halting_is_a_line_of_the_log() {
    let (mut rows, transfer) = held();
    let halted = halt(&mut rows, transfer, StuckReason::KillsItsWorker);
    let [line] = &halted.log[..] else { panic!("{:?}", halted.log) };
    assert_eq!((line.seq, line.step, line.undo), (2, Step::Screen, false));
    assert_eq!(line.failure, Some(cause()));
    assert_eq!(halted.transfer.log_seq, 2);
}

#[test]
fn a_transfer_halted_on_its_way_back_stays_on_its_way_back() {
    let (mut rows, transfer) = held();
    let turned_back = failure(FailureClass::Rejected);
    let transfer =
        OpenTransfer { step: Step::PlaceHold, undo_of: Some(turned_back.clone()), ..transfer };
    let halted = halt(&mut rows, transfer, StuckReason::BrokenInvariant);
    assert!(halted.log[0].undo);
    assert_eq!(halted.transfer.undo_of, Some(turned_back.clone()));
    let story = rows.drive(&Lane::default(), halted.transfer);
    assert_eq!(story.status(), TransferStatus::Rejected);
    assert_eq!(story.last().failure, Some(turned_back));
    assert_eq!(rows.wallet(1).balances.debits_pending, MinorUnits::ZERO);
}

#[test]
fn a_halted_transfer_that_is_redriven_settles() {
    let (mut rows, transfer) = held();
    let halted = halt(&mut rows, transfer, StuckReason::KillsItsWorker);
    let story = rows.drive(&Lane::default(), halted.transfer);
    assert_eq!(story.status(), TransferStatus::Settled);
    assert_eq!(story.log_words(), ["screen", "post_entry"]);
    assert_eq!(story.log[0].seq, 3, "the log goes on where it stopped");
}

#[test]
fn stored_state_that_contradicts_itself_stops_the_group() {
    let open = |step, source: Option<WalletId>, hold| OpenTransfer {
        step,
        source,
        hold: MinorUnits(hold),
        ..transfer(1, 1, 2, 40)
    };
    let (known, unknown) = (Some(wallet_id(1)), Some(wallet_id(9)));
    let undoing = |transfer| OpenTransfer { undo_of: Some(cause()), ..transfer };
    // The source has no pending debits at all.
    let table = [
        (open(Step::PostEntry, None, 40), "no source at the pivot"),
        (open(Step::PostEntry, known, 39), "the hold at the pivot is not the amount"),
        (open(Step::PostEntry, known, 0), "the hold at the pivot is not the amount"),
        (open(Step::PostEntry, known, 40), "the hold is larger than the wallet's pending debits"),
        (open(Step::Screen, unknown, 40), "source not locked"),
        (undoing(open(Step::PlaceHold, None, 40)), "a hold without a source"),
        (undoing(open(Step::PlaceHold, unknown, 40)), "source not locked"),
        (
            undoing(open(Step::PlaceHold, known, 40)),
            "the hold is larger than the wallet's pending debits",
        ),
    ];
    for (transfer, expected) in table {
        let mut book = Book::new([wallet(1, 100), wallet(2, 0)]);
        let id = transfer.id;
        let result = Lane::default().with_rules(|rules| rules.advance(transfer, &mut book));
        let broken = result.expect_err(expected);
        assert_eq!(broken, BrokenInvariant::Ledger { transfer: id, what: expected });
    }
}

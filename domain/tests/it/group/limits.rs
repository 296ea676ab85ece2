//! Limits within a group: counted when it is screened, given back on every way back.

use domain::failure::FailureClass;
use domain::group::{Advanced, Book, Boundaries, Fault, Faults, NoFaults, OpenTransfer};
use domain::limit::{LimitBook, LimitPeriod, LimitUnit, Usage};
use domain::money::MinorUnits;
use domain::saga::{Resolution, Step};
use domain::transfer::{TransferKind, TransferStatus};

use crate::helpers::{Lane, PLAIN, cash, deposit, failure, frozen, transfer, wallet};
use crate::limit::{day, limit, limited, of_owner, of_wallet};

const BOTH_MODES: [Boundaries; 2] = [Boundaries::Fused, Boundaries::EveryStep];

/// Wallets 1 and 2 of one owner, who may send 100 a day, and wallet 3 of another.
fn book() -> Book {
    let limits = vec![limit(of_owner("o"), LimitPeriod::Day, LimitUnit::Amount, 100)];
    let mut book = Book::new([wallet(1, 1_000), wallet(2, 1_000), wallet(3, 0), cash(0)]);
    let wallets = [limited(1, limits.clone()), limited(2, limits)];
    book.set_limits(LimitBook::new(wallets, []));
    book
}

/// What the owner has sent today.
fn used(book: &Book) -> (i64, i64) {
    let window = &of_owner("o").windows(day("2026-11-21"))[0];
    let Usage { amount, count } = book.limits().usage(window);
    (amount.0, count)
}

/// To its end over one book, as if its transactions followed each other at once.
fn drive(lane: &Lane, book: &mut Book, mut transfer: OpenTransfer) -> Advanced {
    for _ in 0..16 {
        let advanced = lane.advance(transfer, book);
        if advanced.status.is_final() {
            return advanced;
        }
        transfer = advanced.transfer;
    }
    panic!("it comes to no end")
}

/// Fails one step for good, and runs all others and all undos twice.
struct TwiceAndFailAt(Step);

impl Faults for TwiceAndFailAt {
    fn before(&self, _: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        let fails = step == self.0 && !undo;
        let failed = || Fault::Fail(failure(FailureClass::Permanent));
        Some(if fails { failed() } else { Fault::Repeat })
    }
}

/// Runs everything twice.
struct Twice;

impl Faults for Twice {
    fn before(&self, _: &OpenTransfer, _: Step, _: bool) -> Option<Fault> {
        Some(Fault::Repeat)
    }
}

#[test]
fn a_group_is_judged_in_order_against_running_usage() {
    use TransferStatus::{Rejected, Settled};
    for mode in BOTH_MODES {
        let (lane, mut book) = (Lane::new(mode, &NoFaults), book());
        let transfers = [(1, 60), (2, 41), (2, 40), (1, 1)];
        let statuses: Vec<_> = (1..)
            .zip(transfers)
            .map(|(n, (from, amount))| drive(&lane, &mut book, transfer(n, from, 3, amount)).status)
            .collect();
        assert_eq!(statuses, [Settled, Rejected, Settled, Rejected]);
        assert_eq!(used(&book), (100, 2));
        let changes = book.limits().changes();
        assert_eq!(changes.len(), 2, "the day and the month: {changes:?}");
    }
}

#[test]
fn a_transfer_counts_once_when_every_step_runs_twice() {
    for mode in BOTH_MODES {
        let mut book = book();
        let ended = drive(&Lane::new(mode, &Twice), &mut book, transfer(1, 1, 3, 60));
        assert_eq!(ended.status, TransferStatus::Settled);
        assert_eq!(used(&book), (60, 1));
    }
}

#[test]
fn a_transfer_that_turns_back_gives_its_share_back_once() {
    for mode in BOTH_MODES {
        for step in PLAIN.steps() {
            let (mut book, faults) = (book(), TwiceAndFailAt(step));
            let ended = drive(&Lane::new(mode, &faults), &mut book, transfer(1, 1, 3, 60));
            assert_eq!(ended.status, TransferStatus::Failed, "{step}");
            assert_eq!((used(&book), ended.transfer.limit_day), ((0, 0), None), "{step}");
            assert!(book.limits().changes().is_empty(), "{step}");
        }
    }
}

#[test]
fn a_refusal_is_a_rejection_with_its_reason_and_leaves_no_hold() {
    for mode in BOTH_MODES {
        let (lane, mut book) = (Lane::new(mode, &NoFaults), book());
        let ended = drive(&lane, &mut book, transfer(1, 1, 3, 101));
        assert_eq!(
            (ended.status, ended.transfer.hold),
            (TransferStatus::Rejected, MinorUnits::ZERO)
        );
        let failure = ended.failure.expect("a failure");
        assert_eq!(
            (failure.class, failure.code.as_str()),
            (FailureClass::Rejected, "limit_exceeded")
        );
        let said = "Owner limit of 1.00 EUR a day: 1.00 EUR are left until 2026-11-22T00:00:00Z.";
        assert_eq!(failure.detail, said);
        assert_eq!(used(&book), (0, 0));
    }
}

#[test]
fn between_screening_and_pivot_the_open_row_knows_that_it_is_counted() {
    let (lane, mut book) = (Lane::new(Boundaries::EveryStep, &NoFaults), book());
    let held = lane.advance(transfer(1, 1, 3, 60), &mut book).transfer;
    assert_eq!((held.step, held.limit_day, used(&book)), (Step::Screen, None, (0, 0)));
    let screened = lane.advance(held, &mut book).transfer;
    let today = Some(day("2026-11-21"));
    assert_eq!((screened.step, screened.limit_day), (Step::PostEntry, today));
    assert_eq!(used(&book), (60, 1));
    // It was frozen meanwhile: the pivot says no, and the share is free again.
    let mut source = frozen(wallet(1, 1_000));
    source.balances.debits_pending = MinorUnits(60);
    let mut frozen_since = Book::new([source, wallet(3, 0)]);
    frozen_since.set_limits(book.limits().clone());
    let ended = drive(&lane, &mut frozen_since, screened);
    assert_eq!(ended.status, TransferStatus::Rejected);
    assert_eq!(used(&frozen_since), (0, 0));
}

#[test]
fn what_was_settled_outside_stays_counted_and_what_was_given_up_does_not() {
    for (resolution, left) in [
        (Resolution::SettledOutside, (60, 1)),
        (Resolution::FailedOutside, (0, 0)),
        (Resolution::Discarded, (0, 0)),
    ] {
        let (lane, mut book) = (Lane::new(Boundaries::EveryStep, &NoFaults), book());
        let held = lane.advance(transfer(1, 1, 3, 60), &mut book).transfer;
        let screened = lane.advance(held, &mut book).transfer;
        let ended = lane.with_rules(|rules| rules.resolve(screened, resolution, &mut book));
        assert_eq!(ended.expect("it resolves").transfer.hold, MinorUnits::ZERO);
        assert_eq!(used(&book), left, "{resolution}");
    }
}

#[test]
fn only_what_a_customer_sends_counts() {
    let limits = vec![limit(of_wallet(1), LimitPeriod::Day, LimitUnit::Count, 0)];
    let mut book = Book::new([wallet(1, 1_000), wallet(3, 0), cash(0)]);
    book.set_limits(LimitBook::new([limited(1, limits)], []));
    let lane = Lane::default();
    assert_eq!(drive(&lane, &mut book, deposit(1, 1, 500)).status, TransferStatus::Settled);
    assert_eq!(drive(&lane, &mut book, transfer(2, 1, 3, 1)).status, TransferStatus::Rejected);
    for &kind in TransferKind::ALL {
        let counts = matches!(kind, TransferKind::Transfer | TransferKind::Payout);
        assert_eq!(kind.is_limited(), counts, "{kind}");
    }
}

//! One step a transaction leads to the same end as all steps in one.

use domain::failure::Failure;
use domain::group::{Boundaries, NoFaults, Progress};
use domain::money::MinorUnits;
use domain::saga::Step;
use domain::transfer::{Rejection, TransferStatus};
use domain::wallet::WalletStatus;

use crate::helpers::{
    Lane, Rows, available, cash, closed, deposit, frozen, leavings, ledger, transfer, wallet,
};

fn stepwise() -> Lane<'static> {
    Lane::new(Boundaries::EveryStep, &NoFaults)
}

#[test]
fn a_transfer_stops_held_after_each_step_until_it_settles() {
    use TransferStatus::{Held, Settled};
    let mut rows = Rows::new([wallet(1, 100), wallet(2, 0)]);
    let mut transfer = transfer(1, 1, 2, 40);
    // Status after the transaction, next step, hold, ledger and available balance of the source.
    let table = [
        (Held, Progress::Ready, Step::Screen, 40, 100, 60),
        (Held, Progress::Ready, Step::PostEntry, 40, 100, 60),
        (Settled, Progress::Final, Step::PostEntry, 0, 60, 60),
    ];
    for (number, (status, progress, step, hold, in_ledger, to_spend)) in
        table.into_iter().enumerate()
    {
        let advanced = rows.transact(|book| stepwise().advance(transfer, book)).0;
        assert_eq!((advanced.status, advanced.progress), (status, progress), "{number}");
        assert_eq!(advanced.log.len(), 1, "one step a transaction");
        assert_eq!(advanced.event.is_some(), status == Settled);
        assert_eq!(advanced.entry.is_some(), status == Settled);
        transfer = advanced.transfer;
        assert_eq!((transfer.step, transfer.hold), (step, MinorUnits(hold)), "{number}");
        assert_eq!(transfer.attempt, 0, "no try of the next step is used");
        let source = rows.wallet(1);
        assert_eq!((ledger(source), available(source)), (in_ledger, to_spend), "{number}");
        assert_eq!(source.balances.debits_pending, MinorUnits(hold), "{number}");
    }
}

#[test]
fn a_refused_transfer_stops_held_before_its_undo() {
    use TransferStatus::{Held, Rejected};
    let mut rows = Rows::new([frozen(wallet(1, 100)), wallet(2, 0)]);
    let before = rows.clone();
    let story = rows.drive(&stepwise(), transfer(1, 1, 2, 40));
    assert_eq!(story.statuses, [Held, Held, Rejected]);
    assert_eq!(story.log_words(), ["place_hold", "screen!", "undo place_hold"]);
    assert_eq!(story.event_count, 1);
    rows.assert_clean_slate(&before);
}

#[test]
fn what_made_it_turn_back_is_kept_between_transactions() {
    let mut rows = Rows::new([frozen(wallet(1, 100)), wallet(2, 0)]);
    let held = rows.transact(|book| stepwise().advance(transfer(1, 1, 2, 40), book)).0;
    let back = rows.transact(|book| stepwise().advance(held.transfer, book)).0;
    let cause = Failure::from(Rejection::SourceFrozen);
    assert_eq!(
        (back.transfer.step, back.transfer.undo_of.as_ref()),
        (Step::PlaceHold, Some(&cause))
    );
    assert_eq!(back.failure, None, "it has not ended");
    // Thawing the wallet does not turn it round again.
    let id = back.transfer.source.expect("a source");
    rows.0.get_mut(&id).expect("the row").status = WalletStatus::Active;
    let end = rows.transact(|book| stepwise().advance(back.transfer, book)).0;
    assert_eq!((end.status, end.failure), (TransferStatus::Rejected, Some(cause)));
}

#[test]
fn both_ways_lead_to_the_same_rows_entries_and_log() {
    let table = [
        ("settled", vec![wallet(1, 100), wallet(2, 0)], transfer(1, 1, 2, 40)),
        ("poor", vec![wallet(1, 10), wallet(2, 0)], transfer(1, 1, 2, 40)),
        ("frozen", vec![frozen(wallet(1, 100)), wallet(2, 0)], transfer(1, 1, 2, 40)),
        ("closed", vec![wallet(1, 100), closed(wallet(2, 0))], transfer(1, 1, 2, 40)),
        ("deposit", vec![cash(0), wallet(2, 0)], deposit(1, 2, 40)),
    ];
    for (name, wallets, transfer) in table {
        let (mut fused_rows, mut step_rows) = (Rows::new(wallets.clone()), Rows::new(wallets));
        let fused = fused_rows.drive(&Lane::default(), transfer.clone());
        let steps = step_rows.drive(&stepwise(), transfer);
        assert_eq!(fused.statuses.len(), 1, "{name}: everything in one transaction");
        assert_eq!(steps.statuses.len(), steps.log.len(), "{name}: one transaction a step");
        assert_eq!(fused_rows, step_rows, "{name}");
        assert_eq!(
            (fused.status(), &fused.last().failure),
            (steps.status(), &steps.last().failure)
        );
        assert_eq!(fused.log, steps.log, "{name}");
        assert_eq!(leavings(&fused.last().transfer), leavings(&steps.last().transfer), "{name}");
        let lines = |story: &crate::helpers::Story| {
            story.entries.iter().flat_map(|entry| entry.lines.clone()).collect::<Vec<_>>()
        };
        assert_eq!(lines(&fused), lines(&steps), "{name}");
    }
}

//! What one transaction does to wallets and transfers when nothing fails.

use std::collections::BTreeMap;

use domain::event::EventType;
use domain::failure::{Failure, FailureClass};
use domain::group::{Advanced, Boundaries, OpenTransfer, PostedLine, Progress, WalletChange};
use domain::journal::Posting;
use domain::money::MinorUnits;
use domain::saga::Step;
use domain::transfer::{Rejection, TransferStatus};
use domain::wallet::{HotWallet, Side, SystemRole, system_wallet_id};

use crate::helpers::{
    Lane, Rows, at, available, cash, closed, currency, deposit, eur, frozen, ledger, transfer,
    wallet, wallet_id,
};

fn statuses(advanced: &[Advanced]) -> Vec<TransferStatus> {
    advanced.iter().map(|one| one.status).collect()
}

#[test]
fn a_settled_transfer_moves_money_and_numbers_its_postings() {
    let source = HotWallet { wallet_seq: 7, event_seq: 3, ..wallet(1, 100) };
    let mut rows = Rows::new([source, wallet(2, 5)]);
    let lane = Lane::default();
    let (advanced, changes) = rows.transact(|book| lane.advance(transfer(1, 1, 2, 40), book));

    assert_eq!(advanced.status, TransferStatus::Settled);
    assert_eq!(advanced.progress, Progress::Final);
    assert_eq!(advanced.failure, None);
    assert_eq!(advanced.transfer.hold, MinorUnits::ZERO);
    let entry = advanced.entry.expect("an entry");
    assert_eq!((entry.transfer, entry.posted_at), (advanced.transfer.id, at(0)));
    let posted = |n, side, wallet_seq, balance_after| PostedLine {
        posting: Posting { wallet: wallet_id(n), side, amount: MinorUnits(40), currency: eur() },
        wallet_seq,
        balance_after: MinorUnits(balance_after),
    };
    assert_eq!(entry.lines, [posted(1, Side::Debit, 8, 60), posted(2, Side::Credit, 1, 45)]);
    let change = |n, debits_posted, credits_posted| WalletChange {
        id: wallet_id(n),
        debits_posted,
        credits_posted,
        debits_pending: 0,
        postings: 1,
        events: 1,
        last_posted_at: Some(at(0)),
    };
    assert_eq!(changes, [change(1, 40, 0), change(2, 0, 40)]);

    let event = advanced.event.expect("an event");
    assert_eq!((event.event_type, event.occurred_at), (EventType::TransferSettled, at(0)));
    assert_eq!(event.wallet_seqs, BTreeMap::from([(wallet_id(1), 4), (wallet_id(2), 1)]));
    assert_eq!(event.data.transfer_id, advanced.transfer.id);
    assert_eq!(event.data.source_wallet_id, Some(wallet_id(1)));
    assert_eq!(event.data.destination_wallet_id, wallet_id(2));
    assert_eq!((event.data.amount_minor, event.data.currency), (MinorUnits(40), eur()));
    assert_eq!(event.data.failure, None);
    assert_ne!(event.event_id.0, entry.id.0, "each id is used once");
}

#[test]
fn every_step_is_logged_with_its_position_and_its_try() {
    let mut rows = Rows::new([wallet(1, 100), wallet(2, 0)]);
    let story = rows.drive(&Lane::default(), transfer(1, 1, 2, 40));
    let lines: Vec<_> =
        story.log.iter().map(|line| (line.seq, line.step, line.undo, line.attempt)).collect();
    assert_eq!(
        lines,
        [
            (1, Step::PlaceHold, false, 1),
            (2, Step::Screen, false, 1),
            (3, Step::PostEntry, false, 1)
        ]
    );
    assert!(story.log.iter().all(|line| line.failure.is_none()));
    assert_eq!(story.last().transfer.log_seq, 3);
}

#[test]
fn a_transfer_that_is_too_large_takes_nothing_from_those_behind_it() {
    let mut rows = Rows::new([wallet(1, 100), wallet(2, 0)]);
    let advanced =
        rows.group(&Lane::default(), vec![transfer(1, 1, 2, 150), transfer(2, 1, 2, 50)]);
    assert_eq!(statuses(&advanced), [TransferStatus::Rejected, TransferStatus::Settled]);
    assert_eq!(advanced[0].failure, Some(Rejection::InsufficientFunds.into()));
    assert_eq!((ledger(rows.wallet(1)), ledger(rows.wallet(2))), (50, 50));
}

#[test]
fn a_group_is_judged_in_order_against_running_balances() {
    use TransferStatus::{Rejected, Settled};
    // Balances of wallets 1 to 3, transfers as (source, destination, amount), statuses, balances.
    let table = [
        (
            "both fit",
            [100, 0, 0],
            vec![(1, 2, 60), (1, 2, 40)],
            vec![Settled, Settled],
            [0, 100, 0],
        ),
        (
            "the second one does not",
            [100, 0, 0],
            vec![(1, 2, 60), (1, 2, 41)],
            vec![Settled, Rejected],
            [40, 60, 0],
        ),
        (
            "money goes on within the group",
            [50, 0, 0],
            vec![(1, 2, 50), (2, 3, 50)],
            vec![Settled, Settled],
            [0, 0, 50],
        ),
        (
            "not before it has come",
            [50, 0, 0],
            vec![(2, 3, 50), (1, 2, 50)],
            vec![Rejected, Settled],
            [0, 50, 0],
        ),
        (
            "there and back",
            [50, 0, 0],
            vec![(1, 2, 50), (2, 1, 50)],
            vec![Settled, Settled],
            [50, 0, 0],
        ),
    ];
    for (story, before, transfers, expected, after) in table {
        let mut rows = Rows::new((1..).zip(before).map(|(n, balance)| wallet(n, balance)));
        let transfers =
            (1..).zip(transfers).map(|(n, (from, to, minor))| transfer(n, from, to, minor));
        let advanced = rows.group(&Lane::default(), transfers.collect());
        assert_eq!(statuses(&advanced), expected, "{story}");
        assert_eq!([1, 2, 3].map(|n| ledger(rows.wallet(n))), after, "{story}");
    }
}

#[test]
fn the_postings_of_a_wallet_are_numbered_without_a_gap_over_the_group() {
    let mut rows = Rows::new([wallet(1, 100), wallet(2, 0)]);
    let transfers = vec![transfer(1, 1, 2, 10), transfer(2, 1, 2, 500), transfer(3, 1, 2, 30)];
    let advanced = rows.group(&Lane::default(), transfers);
    let lines = advanced.iter().filter_map(|one| one.entry.as_ref()).map(|entry| &entry.lines[0]);
    let statement: Vec<_> = lines.map(|line| (line.wallet_seq, line.balance_after.0)).collect();
    assert_eq!(statement, [(1, 90), (2, 60)]);
    let events = advanced.iter().filter_map(|one| one.event.as_ref());
    let seqs: Vec<_> = events.map(|event| event.wallet_seqs[&wallet_id(1)]).collect();
    assert_eq!(seqs, [1, 2, 3], "a rejection is an event of the source too");
}

#[test]
fn only_a_settled_transfer_is_news_to_the_destination() {
    let mut rows = Rows::new([wallet(1, 0), wallet(2, 0)]);
    let story = rows.drive(&Lane::default(), transfer(1, 1, 2, 10));
    let event = story.last().event.as_ref().expect("an event");
    assert_eq!(event.event_type, EventType::TransferRejected);
    assert_eq!(event.wallet_seqs, BTreeMap::from([(wallet_id(1), 1)]));
    assert_eq!(event.data.failure, Some(Rejection::InsufficientFunds.into()));
}

#[test]
fn a_refused_transfer_leaves_a_clean_slate() {
    use Rejection as R;
    const TO_THE_END: &[&str] = &["place_hold", "screen!", "undo place_hold"];
    let dollars = HotWallet { currency: currency("USD"), ..wallet(2, 0) };
    let table = [
        (R::SourceUnknown, vec![wallet(2, 0)], &["place_hold!"][..]),
        (R::DestinationUnknown, vec![wallet(1, 100)], &["place_hold!"]),
        (R::CurrencyMismatch, vec![wallet(1, 100), dollars], &["place_hold!"]),
        (R::InsufficientFunds, vec![wallet(1, 9), wallet(2, 0)], &["place_hold!"]),
        (R::CounterOverflow, vec![wallet(1, 100), wallet(2, i64::MAX)], &["place_hold!"]),
        (R::SourceClosed, vec![closed(wallet(1, 100)), wallet(2, 0)], TO_THE_END),
        (R::SourceFrozen, vec![frozen(wallet(1, 100)), wallet(2, 0)], TO_THE_END),
        (R::DestinationClosed, vec![wallet(1, 100), closed(wallet(2, 0))], TO_THE_END),
    ];
    // Neither limits nor too large a reversal are matters of the wallets; they have their own tests.
    let others = [R::LimitExceeded, R::ReversalTooLarge];
    let of_wallets = Rejection::ALL.iter().filter(|one| !others.contains(one));
    assert!(table.iter().map(|row| &row.0).eq(of_wallets), "one row for each rejection");
    for (rejection, wallets, log) in table {
        let mut rows = Rows::new(wallets);
        let before = rows.clone();
        let story = rows.drive(&Lane::default(), transfer(1, 1, 2, 10));
        assert_eq!(story.status(), TransferStatus::Rejected, "{rejection}");
        assert_eq!(story.last().failure, Some(rejection.into()));
        assert_eq!(story.last().transfer.hold, MinorUnits::ZERO, "{rejection}");
        assert_eq!(story.log_words(), log, "{rejection}");
        assert!(story.entries.is_empty(), "{rejection}");
        rows.assert_clean_slate(&before);
    }
}

#[test]
fn a_frozen_wallet_still_receives() {
    let mut rows = Rows::new([wallet(1, 100), frozen(wallet(2, 0))]);
    let story = rows.drive(&Lane::default(), transfer(1, 1, 2, 40));
    assert_eq!(story.status(), TransferStatus::Settled);
    assert_eq!(ledger(rows.wallet(2)), 40);
}

#[test]
fn a_deposit_comes_from_the_cash_wallet_of_the_lanes_shard() {
    for shard in [0, 3, 15] {
        let mut rows = Rows::new([cash(0), cash(3), cash(15), wallet(2, 0)]);
        let lane = Lane { shard, ..Lane::default() };
        let story = rows.drive(&lane, deposit(1, 2, 250));
        assert_eq!(story.status(), TransferStatus::Settled);
        let source = system_wallet_id(SystemRole::Cash, eur(), shard);
        assert_eq!(story.last().transfer.source, Some(source));
        let event = story.last().event.as_ref().expect("an event");
        assert_eq!(event.data.source_wallet_id, Some(source));
        assert_eq!(ledger(rows.wallet(2)), 250);
        // Cash grows on its debit side: it is what the outside has given us.
        for other in [0, 3, 15] {
            let row = &rows.0[&system_wallet_id(SystemRole::Cash, eur(), other)];
            assert_eq!(ledger(row), if other == shard { 250 } else { 0 }, "shard {other}");
        }
    }
}

#[test]
fn a_deposit_keeps_the_shard_that_it_was_given_first() {
    let mut rows = Rows::new([cash(3), cash(5), wallet(2, 0)]);
    let stepwise = |shard| Lane { shard, boundaries: Boundaries::EveryStep, ..Lane::default() };
    let held = rows.transact(|book| stepwise(3).advance(deposit(1, 2, 250), book)).0;
    assert_eq!(held.status, TransferStatus::Held);
    let story = rows.drive(&stepwise(5), held.transfer);
    assert_eq!(story.status(), TransferStatus::Settled);
    let balance = |shard| ledger(&rows.0[&system_wallet_id(SystemRole::Cash, eur(), shard)]);
    assert_eq!((balance(3), balance(5)), (250, 0));
}

#[test]
fn a_refused_deposit_was_never_given_a_shard() {
    let mut rows = Rows::new([cash(0)]);
    let story = rows.drive(&Lane::default(), deposit(1, 2, 250));
    assert_eq!(story.last().failure, Some(Rejection::DestinationUnknown.into()));
    assert_eq!(story.last().transfer.source, None);
    let event = story.last().event.as_ref().expect("an event");
    assert_eq!((event.data.source_wallet_id, event.wallet_seqs.len()), (None, 0));
}

#[test]
fn what_other_holds_reserve_is_not_spent_and_not_released() {
    let mut source = wallet(1, 100);
    source.balances.debits_pending = MinorUnits(30);
    let mut rows = Rows::new([source, wallet(2, 0)]);
    let transfers: Vec<OpenTransfer> = vec![transfer(1, 1, 2, 71), transfer(2, 1, 2, 70)];
    let advanced = rows.group(&Lane::default(), transfers);
    assert_eq!(statuses(&advanced), [TransferStatus::Rejected, TransferStatus::Settled]);
    assert_eq!(rows.wallet(1).balances.debits_pending, MinorUnits(30));
    assert_eq!((ledger(rows.wallet(1)), available(rows.wallet(1))), (30, 0));
}

#[test]
fn a_destination_that_filled_up_between_hold_and_pivot_ends_it_compensated() {
    let stepwise = Lane { boundaries: Boundaries::EveryStep, ..Lane::default() };
    let mut rows = Rows::new([wallet(1, 100), wallet(2, i64::MAX - 50)]);
    let first = rows.transact(|book| stepwise.advance(transfer(1, 1, 2, 40), book)).0;
    let second = rows.transact(|book| stepwise.advance(transfer(2, 1, 2, 40), book)).0;
    assert_eq!((first.status, second.status), (TransferStatus::Held, TransferStatus::Held));
    assert_eq!(rows.drive(&stepwise, first.transfer).status(), TransferStatus::Settled);
    let story = rows.drive(&stepwise, second.transfer);
    assert_eq!(story.status(), TransferStatus::Failed);
    let overflow = Rejection::CounterOverflow;
    let failure = Failure::new(FailureClass::Permanent, overflow.as_str(), overflow.detail());
    assert_eq!(story.last().failure, Some(failure));
    assert_eq!(story.log_words(), ["screen", "post_entry!", "undo place_hold"]);
    assert_eq!(rows.wallet(1).balances.debits_pending, MinorUnits::ZERO);
    assert_eq!((ledger(rows.wallet(1)), ledger(rows.wallet(2))), (60, i64::MAX - 10));
}

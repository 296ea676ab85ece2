//! What holds for every group of transfers over a few wallets, whatever is asked of them.

use std::collections::BTreeMap;

use domain::group::{Advanced, Boundaries, NoFaults, OpenTransfer, Progress, WalletChange};
use domain::ids::WalletId;
use domain::money::MinorUnits;
use domain::transfer::{Rejection, TransferStatus};
use domain::wallet::{HotWallet, Side, WalletStatus};
use proptest::prelude::*;

use crate::helpers::{
    Lane, Rows, available, cash, currency, deposit, leavings, transfer, wallet, wallet_id,
};

/// Wallets 1 to 4 are there; 5 is not.
const WALLET_COUNT: u128 = 5;

fn any_wallet(n: u128) -> impl Strategy<Value = HotWallet> {
    let status = prop_oneof![
        6 => Just(WalletStatus::Active),
        1 => Just(WalletStatus::Frozen),
        1 => Just(WalletStatus::Closed),
    ];
    let code = prop_oneof![7 => Just("EUR"), 1 => Just("USD")];
    (0..300_i64, -50..50_i64, 0..20_i64, status, code).prop_map(
        move |(above_floor, floor, held, status, code)| {
            let mut wallet = wallet(n, 0);
            wallet.floor = MinorUnits(floor);
            wallet.status = status;
            wallet.currency = currency(code);
            // Other people's holds come on top, so that the wallet starts at its floor or above.
            wallet.balances.debits_pending = MinorUnits(held);
            wallet.balances.debits_posted = MinorUnits(1_000);
            wallet.balances.credits_posted = MinorUnits(1_000 + floor + held + above_floor);
            wallet
        },
    )
}

fn any_rows() -> impl Strategy<Value = Rows> {
    (any_wallet(1), any_wallet(2), any_wallet(3), any_wallet(4))
        .prop_map(|(a, b, c, d)| Rows::new([cash(0), a, b, c, d]))
}

/// Source, distance to the destination, amount; every tenth or so is a deposit.
fn any_transfers() -> impl Strategy<Value = Vec<OpenTransfer>> {
    let ends = (1..=WALLET_COUNT, 1..WALLET_COUNT, 1..200_i64, 0..10_u8);
    prop::collection::vec(ends, 1..16).prop_map(|asked| {
        let numbered = (1..).zip(asked);
        numbered
            .map(|(n, (source, distance, minor, kind))| {
                let destination = (source - 1 + distance) % WALLET_COUNT + 1;
                match kind {
                    0 => deposit(n, destination, minor),
                    _ => transfer(n, source, destination, minor),
                }
            })
            .collect()
    })
}

/// The rules once more, as naively as they can be written: one transfer at a
/// time over plain balances, nothing held, nothing logged.
struct Naive {
    wallets: BTreeMap<WalletId, HotWallet>,
    to_spend: BTreeMap<WalletId, i64>,
}

impl Naive {
    fn new(rows: &Rows) -> Self {
        let to_spend = rows.0.iter().map(|(id, row)| (*id, available(row))).collect();
        Self { wallets: rows.0.clone(), to_spend }
    }

    fn settle(&mut self, asked: &OpenTransfer) -> Result<(), Rejection> {
        let source_id = asked.source.unwrap_or_else(|| cash(0).id);
        let source = self.wallets.get(&source_id).ok_or(Rejection::SourceUnknown)?;
        let destination =
            self.wallets.get(&asked.destination).ok_or(Rejection::DestinationUnknown)?;
        if [source.currency, destination.currency] != [asked.currency; 2] {
            return Err(Rejection::CurrencyMismatch);
        }
        let minor = asked.amount.minor().0;
        let from_cash = source.normal_side == Side::Debit;
        if !from_cash && self.to_spend[&source_id] - minor < source.floor.0 {
            return Err(Rejection::InsufficientFunds);
        }
        match (source.status, destination.status) {
            (WalletStatus::Closed, _) => return Err(Rejection::SourceClosed),
            (WalletStatus::Frozen, _) => return Err(Rejection::SourceFrozen),
            (_, WalletStatus::Closed) => return Err(Rejection::DestinationClosed),
            _ => {}
        }
        *self.to_spend.get_mut(&source_id).expect("known") +=
            if from_cash { minor } else { -minor };
        *self.to_spend.get_mut(&asked.destination).expect("known") += minor;
        Ok(())
    }
}

fn balances(rows: &Rows) -> BTreeMap<WalletId, i64> {
    rows.0.iter().map(|(id, row)| (*id, available(row))).collect()
}

/// Growth of debits and credits and number of postings, by wallet.
type Sums = BTreeMap<WalletId, (i64, i64, i64)>;

fn sums_of_lines(advanced: &[Advanced]) -> Sums {
    let mut sums = Sums::new();
    let entries = advanced.iter().filter_map(|one| one.entry.as_ref());
    for line in entries.flat_map(|entry| &entry.lines) {
        let (debits, credits, count) = sums.entry(line.posting.wallet).or_default();
        match line.posting.side {
            Side::Debit => *debits += line.posting.amount.0,
            Side::Credit => *credits += line.posting.amount.0,
        }
        *count += 1;
    }
    sums
}

fn sums_of_changes(changes: &[WalletChange]) -> Sums {
    let sum =
        |change: &WalletChange| (change.debits_posted, change.credits_posted, change.postings);
    let moved = changes.iter().filter(|change| change.postings > 0);
    moved.map(|change| (change.id, sum(change))).collect()
}

fn group(rows: &mut Rows, transfers: &[OpenTransfer]) -> (Vec<Advanced>, Vec<WalletChange>) {
    let lane = Lane::default();
    rows.transact(|book| {
        transfers.iter().map(|transfer| lane.advance(transfer.clone(), book)).collect()
    })
}

proptest! {
    #[test]
    fn verdicts_and_balances_are_those_of_one_transfer_at_a_time(
        mut rows in any_rows(), transfers in any_transfers()
    ) {
        let mut naive = Naive::new(&rows);
        let (advanced, _) = group(&mut rows, &transfers);
        for (asked, one) in transfers.iter().zip(&advanced) {
            let expected = match naive.settle(asked) {
                Ok(()) => (TransferStatus::Settled, None),
                Err(rejection) => (TransferStatus::Rejected, Some(rejection.into())),
            };
            prop_assert_eq!((one.status, one.failure.clone()), expected, "{:?}", asked);
        }
        prop_assert_eq!(balances(&rows), naive.to_spend);
    }

    #[test]
    fn money_is_only_moved_and_no_wallet_falls_below_its_floor(
        mut rows in any_rows(), transfers in any_transfers()
    ) {
        let before = rows.clone();
        group(&mut rows, &transfers);
        prop_assert_eq!(rows.net(), before.net());
        for row in rows.0.values() {
            prop_assert!(available(row) >= row.floor.0, "{:?}", row);
            let held_before = before.0[&row.id].balances.debits_pending;
            prop_assert_eq!(row.balances.debits_pending, held_before, "a hold is left or lost");
        }
    }

    #[test]
    fn wallets_change_by_the_sum_of_their_lines_and_each_line_says_what_it_left(
        mut rows in any_rows(), transfers in any_transfers()
    ) {
        let before = rows.clone();
        let (advanced, changes) = group(&mut rows, &transfers);
        prop_assert_eq!(sums_of_changes(&changes), sums_of_lines(&advanced));
        prop_assert!(changes.is_sorted_by_key(|change| change.id), "rows are written in lock order");
        let mut statement: BTreeMap<WalletId, (i64, i64)> = BTreeMap::new();
        for line in advanced.iter().filter_map(|one| one.entry.as_ref()).flat_map(|entry| &entry.lines) {
            let row = &before.0[&line.posting.wallet];
            let start = (row.wallet_seq, crate::helpers::ledger(row));
            let (seq, balance) = statement.entry(row.id).or_insert(start);
            let grows = line.posting.side == row.normal_side;
            *seq += 1;
            *balance += if grows { line.posting.amount.0 } else { -line.posting.amount.0 };
            prop_assert_eq!((line.wallet_seq, line.balance_after.0), (*seq, *balance));
        }
    }

    #[test]
    fn one_step_a_transaction_ends_as_all_steps_in_one(
        mut rows in any_rows(), transfers in any_transfers()
    ) {
        let mut stepped_rows = rows.clone();
        let (fused, _) = group(&mut rows, &transfers);
        let stepwise = Lane::new(Boundaries::EveryStep, &NoFaults);
        for (asked, fused) in transfers.into_iter().zip(fused) {
            let story = stepped_rows.drive(&stepwise, asked);
            prop_assert_eq!(story.status(), fused.status);
            prop_assert_eq!(&story.last().failure, &fused.failure);
            prop_assert_eq!(leavings(&story.last().transfer), leavings(&fused.transfer));
            prop_assert_eq!(story.log, fused.log);
        }
        prop_assert_eq!(stepped_rows, rows);
    }

    /// The transfers of a group take turns, so their holds lie beside each other.
    /// Verdicts may then differ; what must hold does not.
    #[test]
    fn transfers_that_take_turns_break_no_rule(
        mut rows in any_rows(), transfers in any_transfers()
    ) {
        let before = rows.clone();
        let stepwise = Lane::new(Boundaries::EveryStep, &NoFaults);
        let mut open = transfers;
        for _ in 0..4 {
            let advanced = rows.group(&stepwise, std::mem::take(&mut open));
            let ready = advanced.into_iter().filter(|one| one.progress == Progress::Ready);
            open = ready.map(|one| one.transfer).collect();
            let holds: i64 = open.iter().map(|transfer| transfer.hold.0).sum();
            let pending = |rows: &Rows| -> i64 {
                rows.0.values().map(|row| row.balances.debits_pending.0).sum()
            };
            prop_assert_eq!(pending(&rows) - pending(&before), holds, "holds equal open transfers");
            prop_assert_eq!(rows.net(), before.net());
            for row in rows.0.values() {
                prop_assert!(available(row) >= row.floor.0, "{:?}", row);
            }
        }
        prop_assert!(open.is_empty(), "four transactions are enough for each");
    }
}

#[test]
fn the_unknown_wallet_is_really_unknown() {
    assert!(!Rows::new([wallet(1, 0)]).0.contains_key(&wallet_id(WALLET_COUNT)));
}

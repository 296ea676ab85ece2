//! The rules that may say no to a transfer, and the order in which they are asked.

use domain::failure::{Failure, FailureClass};
use domain::money::{Amount, MinorUnits};
use domain::transfer::{
    Rejection, SameWallet, TransferStatus, check_ends, check_hold, check_screen,
};
use domain::wallet::{Balances, HotWallet, NO_FLOOR};

use crate::helpers::{amount, cash, closed, currency, eur, frozen, wallet, wallet_id};

/// Asked of more than the two wallets; they have their own tests.
const OF_MORE: [Rejection; 2] = [Rejection::LimitExceeded, Rejection::ReversalTooLarge];

/// One case: the rules that it breaks, in order. The first one is the answer.
struct Row {
    story: &'static str,
    source: Option<HotWallet>,
    destination: Option<HotWallet>,
    amount: Amount,
    broken: Vec<Rejection>,
}

fn row(
    story: &'static str,
    source: HotWallet,
    destination: HotWallet,
    minor: i64,
    broken: &[Rejection],
) -> Row {
    Row {
        story,
        source: Some(source),
        destination: Some(destination),
        amount: amount(minor),
        broken: broken.to_vec(),
    }
}

fn from(balance: i64) -> HotWallet {
    wallet(1, balance)
}

fn to() -> HotWallet {
    wallet(2, 0)
}

fn in_dollars(mut wallet: HotWallet) -> HotWallet {
    wallet.currency = currency("USD");
    wallet
}

fn with_floor(floor: i64, mut wallet: HotWallet) -> HotWallet {
    wallet.floor = MinorUnits(floor);
    wallet
}

fn counting(
    debits_posted: i64,
    credits_posted: i64,
    debits_pending: i64,
    mut wallet: HotWallet,
) -> HotWallet {
    wallet.balances = Balances {
        debits_posted: MinorUnits(debits_posted),
        credits_posted: MinorUnits(credits_posted),
        debits_pending: MinorUnits(debits_pending),
        ..Balances::default()
    };
    wallet
}

/// A destination that can count only 9 more.
fn nearly_full() -> HotWallet {
    wallet(2, i64::MAX - 9)
}

fn rows_that_pass() -> Vec<Row> {
    let overdrawn = || counting(100, 0, 0, with_floor(-100, from(0)));
    vec![
        row("part of the balance", from(100), to(), 40, &[]),
        row("all of the balance", from(100), to(), 100, &[]),
        row("down to a floor above zero", with_floor(20, from(100)), to(), 80, &[]),
        row("down to a floor below zero", with_floor(-50, from(100)), to(), 150, &[]),
        row("what a hold leaves", counting(0, 100, 30, from(0)), to(), 70, &[]),
        row("what debits leave", counting(30, 100, 0, from(0)), to(), 70, &[]),
        row("as much as the destination can count", from(100), nearly_full(), 9, &[]),
        row("to a frozen wallet", from(100), frozen(to()), 40, &[]),
        row("from the empty cash wallet", cash(0), to(), 1_000_000, &[]),
        row("to a wallet below its floor", from(100), counting(5, 0, 0, to()), 1, &[]),
        row("to a wallet that owes", from(100), overdrawn(), 40, &[]),
    ]
}

fn rows_that_break_one_rule() -> Vec<Row> {
    use Rejection as R;
    let (funds, overflow) = (R::InsufficientFunds, R::CounterOverflow);
    let all_held = || counting(0, i64::MAX, i64::MAX, with_floor(NO_FLOOR.0, from(0)));
    vec![
        Row { source: None, ..row("no source", from(0), to(), 1, &[R::SourceUnknown]) },
        Row {
            destination: None,
            ..row("no destination", from(100), to(), 1, &[R::DestinationUnknown])
        },
        row("source counts dollars", in_dollars(from(100)), to(), 1, &[R::CurrencyMismatch]),
        row("destination counts dollars", from(100), in_dollars(to()), 1, &[R::CurrencyMismatch]),
        row("one more than the balance", from(100), to(), 101, &[funds]),
        row("an empty wallet", from(0), to(), 1, &[funds]),
        row("one below a floor above zero", with_floor(20, from(100)), to(), 81, &[funds]),
        row("one below a floor below zero", with_floor(-50, from(100)), to(), 151, &[funds]),
        row("money that a hold reserves", counting(0, 100, 30, from(0)), to(), 71, &[funds]),
        row("money that was spent", counting(30, 100, 0, from(0)), to(), 71, &[funds]),
        row("one more than the destination counts", from(100), nearly_full(), 10, &[overflow]),
        row("one more than pending debits count", all_held(), to(), 1, &[overflow]),
        row("debits that fit only without the holds", cash_with_holds(), to(), 6, &[overflow]),
        row("source closed", closed(from(100)), to(), 1, &[R::SourceClosed]),
        row("source frozen", frozen(from(100)), to(), 1, &[R::SourceFrozen]),
        row("destination closed", from(100), closed(to()), 1, &[R::DestinationClosed]),
    ]
}

/// The rule that stands first is the answer.
fn rows_that_break_two_rules() -> Vec<Row> {
    use Rejection as R;
    let (funds, overflow) = (R::InsufficientFunds, R::CounterOverflow);
    let worn_out = || counting(i64::MAX - 5, i64::MAX, 0, from(0));
    vec![
        Row {
            source: None,
            destination: None,
            ..row("neither wallet", from(0), to(), 1, &[R::SourceUnknown, R::DestinationUnknown])
        },
        Row {
            destination: None,
            ..row(
                "no destination, and the source counts dollars",
                in_dollars(from(100)),
                to(),
                1,
                &[R::DestinationUnknown, R::CurrencyMismatch],
            )
        },
        row("poor in dollars", in_dollars(from(0)), to(), 1, &[R::CurrencyMismatch, funds]),
        row("poor, to a full wallet", from(5), nearly_full(), 10, &[funds, overflow]),
        row("spent out, and one debit too many", worn_out(), to(), 6, &[funds, overflow]),
        row(
            "closed, to a full wallet",
            closed(from(100)),
            nearly_full(),
            10,
            &[overflow, R::SourceClosed],
        ),
        row(
            "frozen, to a full wallet",
            frozen(from(100)),
            nearly_full(),
            10,
            &[overflow, R::SourceFrozen],
        ),
        row("poor and closed", closed(from(0)), to(), 1, &[funds, R::SourceClosed]),
        row("poor and frozen", frozen(from(0)), to(), 1, &[funds, R::SourceFrozen]),
        row("poor, to a closed wallet", from(0), closed(to()), 1, &[funds, R::DestinationClosed]),
        row(
            "both closed",
            closed(from(100)),
            closed(to()),
            1,
            &[R::SourceClosed, R::DestinationClosed],
        ),
        row(
            "frozen, to a closed wallet",
            frozen(from(100)),
            closed(to()),
            1,
            &[R::SourceFrozen, R::DestinationClosed],
        ),
    ]
}

fn table() -> Vec<Row> {
    let mut rows = rows_that_pass();
    rows.extend(rows_that_break_one_rule());
    rows.extend(rows_that_break_two_rules());
    rows
}

/// It may go as low as numbers go, but its debits and holds together are nearly all that it can count.
fn cash_with_holds() -> HotWallet {
    counting(i64::MAX - 10, 0, 5, cash(0))
}

/// The two groups of rules, in the order in which the saga asks them.
fn verdict(row: &Row) -> Result<(), Rejection> {
    let (source, destination) = (row.source.as_ref(), row.destination.as_ref());
    check_hold(source, destination, row.amount, eur())?;
    match (source, destination) {
        (Some(source), Some(destination)) => check_screen(source, destination),
        _ => panic!("{}: a wallet that is not there passed", row.story),
    }
}

#[test]
fn the_first_broken_rule_is_the_answer() {
    for row in table() {
        assert!(row.broken.is_sorted(), "{}: not in order of the checks", row.story);
        let expected = row.broken.first().map_or(Ok(()), |rejection| Err(*rejection));
        assert_eq!(verdict(&row), expected, "{}", row.story);
    }
}

/// Those that are asked of the two wallets alone, in order.
fn of_wallets() -> &'static [Rejection] {
    let (of_wallets, others) = Rejection::ALL.split_at(Rejection::ALL.len() - OF_MORE.len());
    assert_eq!(others, OF_MORE);
    of_wallets
}

#[test]
fn every_rejection_has_a_row_in_which_it_alone_is_broken() {
    for rejection in of_wallets() {
        let alone = table().iter().any(|row| row.broken == [*rejection]);
        assert!(alone, "add a row for {rejection}");
    }
}

#[test]
fn every_rejection_has_rows_that_show_its_place_in_the_order() {
    // No wallet is both closed and frozen.
    let cannot_meet = [(Rejection::SourceClosed, Rejection::SourceFrozen)];
    for pair in of_wallets().windows(2) {
        let shown = table().iter().any(|row| row.broken == pair);
        let exempt = cannot_meet.contains(&(pair[0], pair[1]));
        assert!(shown != exempt, "add a row that breaks both {} and {}", pair[0], pair[1]);
    }
}

#[test]
fn a_rejection_becomes_a_failure_under_its_own_code() {
    for rejection in Rejection::ALL {
        let failure = Failure::from(*rejection);
        assert_eq!(failure.class, FailureClass::Rejected);
        assert_eq!(failure.code, rejection.as_str());
        assert!(failure.detail.ends_with('.'), "{rejection}: a sentence ends with a full stop");
    }
}

#[test]
fn only_what_may_change_by_itself_is_worth_another_try() {
    let transient = Rejection::ALL.iter().filter(|rejection| rejection.is_transient());
    let transient: Vec<_> = transient.copied().collect();
    let expected =
        [Rejection::InsufficientFunds, Rejection::SourceFrozen, Rejection::LimitExceeded];
    assert_eq!(transient, expected);
}

#[test]
fn a_transfer_has_two_different_ends() {
    assert_eq!(check_ends(wallet_id(1), wallet_id(2)), Ok(()));
    assert_eq!(check_ends(wallet_id(1), wallet_id(1)), Err(SameWallet));
}

#[test]
fn a_status_is_final_unless_somebody_still_has_to_act() {
    use TransferStatus as S;
    for status in S::ALL {
        let open = matches!(status, S::Accepted | S::Held | S::Stuck);
        assert_eq!(status.is_final(), !open, "{status}");
    }
}

//! Journal entries: balanced in each currency, or never built.

use std::collections::BTreeMap;

use domain::journal::{EntryError, JournalEntry, Posting};
use domain::money::{Currency, MinorUnits, MoneyOverflow};
use domain::wallet::Side;
use proptest::prelude::*;

use crate::helpers::{currency, eur, wallet_id};

fn posting(wallet: u128, side: Side, minor: i64, currency: Currency) -> Posting {
    Posting { wallet: wallet_id(wallet), side, amount: MinorUnits(minor), currency }
}

fn debit(minor: i64, code: &str) -> Posting {
    posting(1, Side::Debit, minor, currency(code))
}

fn credit(minor: i64, code: &str) -> Posting {
    posting(2, Side::Credit, minor, currency(code))
}

#[test]
fn a_set_of_postings_is_an_entry_only_when_every_rule_holds() {
    let unbalanced = |code, debits, credits| EntryError::Unbalanced {
        currency: currency(code),
        debits: MinorUnits(debits),
        credits: MinorUnits(credits),
    };
    let not_positive = |minor| EntryError::NotPositive { amount: MinorUnits(minor) };
    let overflow = EntryError::Overflow(MoneyOverflow);
    let table = [
        (vec![], Err(EntryError::TooFewPostings)),
        (vec![debit(5, "EUR")], Err(EntryError::TooFewPostings)),
        (vec![debit(0, "EUR"), credit(0, "EUR")], Err(not_positive(0))),
        (vec![debit(-5, "EUR"), credit(-5, "EUR")], Err(not_positive(-5))),
        (vec![debit(5, "EUR"), credit(4, "EUR")], Err(unbalanced("EUR", 5, 4))),
        (vec![debit(5, "EUR"), debit(5, "EUR")], Err(unbalanced("EUR", 10, 0))),
        // Equal sums do not help when the currencies differ.
        (vec![debit(5, "USD"), credit(5, "EUR")], Err(unbalanced("EUR", 0, 5))),
        (
            vec![debit(5, "EUR"), credit(5, "EUR"), debit(7, "USD"), credit(6, "USD")],
            Err(unbalanced("USD", 7, 6)),
        ),
        (vec![debit(i64::MAX, "EUR"), debit(1, "EUR"), credit(1, "EUR")], Err(overflow.clone())),
        (vec![credit(i64::MAX, "EUR"), credit(i64::MAX, "EUR")], Err(overflow)),
        (vec![debit(5, "EUR"), credit(5, "EUR")], Ok(())),
        (vec![debit(5, "EUR"), credit(2, "EUR"), credit(3, "EUR")], Ok(())),
        (vec![debit(5, "EUR"), credit(5, "EUR"), debit(7, "USD"), credit(7, "USD")], Ok(())),
        (vec![debit(i64::MAX, "EUR"), credit(i64::MAX, "EUR")], Ok(())),
    ];
    for (postings, expected) in table {
        let entry = JournalEntry::new(postings.clone());
        assert_eq!(entry.as_ref().map(|_| ()), expected.as_ref().map(|&()| ()), "{postings:?}");
        if let Ok(entry) = entry {
            assert_eq!(entry.postings(), postings);
        }
    }
}

#[test]
fn a_reversal_has_the_same_postings_on_the_other_side() {
    let entry = JournalEntry::new(vec![debit(5, "EUR"), credit(5, "EUR")]).expect("it balances");
    let expected = [posting(1, Side::Credit, 5, eur()), posting(2, Side::Debit, 5, eur())];
    assert_eq!(entry.reversal().postings(), expected);
}

/// Credits less debits of each currency, in numbers that cannot overflow.
fn nets(postings: &[Posting]) -> BTreeMap<Currency, i128> {
    let mut nets = BTreeMap::new();
    for posting in postings {
        let minor = i128::from(posting.amount.0);
        *nets.entry(posting.currency).or_default() +=
            if posting.side == Side::Credit { minor } else { -minor };
    }
    nets
}

fn any_posting() -> impl Strategy<Value = Posting> {
    let minor = prop_oneof![8 => 1..5_i64, 1 => -1..=0_i64, 1 => Just(i64::MAX)];
    (0..4_u128, any::<bool>(), minor, prop::sample::select(vec!["EUR", "JPY", "USD"])).prop_map(
        |(wallet, is_debit, minor, code)| {
            let side = if is_debit { Side::Debit } else { Side::Credit };
            posting(wallet, side, minor, currency(code))
        },
    )
}

/// Postings that balance: each is paired with one on the other side.
fn balanced_postings() -> impl Strategy<Value = Vec<Posting>> {
    let positive = any_posting().prop_filter("positive and far from the end", |posting| {
        (1..1_000).contains(&posting.amount.0)
    });
    prop::collection::vec(positive, 1..8).prop_map(|half| {
        let mirror = half.iter().map(|posting| Posting {
            wallet: wallet_id(9),
            side: if posting.side == Side::Debit { Side::Credit } else { Side::Debit },
            ..*posting
        });
        let mirror: Vec<Posting> = mirror.collect();
        half.into_iter().chain(mirror).collect()
    })
}

proptest! {
    #[test]
    fn whatever_is_built_balances_in_each_currency(
        postings in prop::collection::vec(any_posting(), 0..6)
    ) {
        if let Ok(entry) = JournalEntry::new(postings) {
            for (currency, net) in nets(entry.postings()) {
                prop_assert_eq!(net, 0, "{}", currency);
            }
        }
    }

    #[test]
    fn what_does_not_balance_is_never_built(
        mut postings in balanced_postings(), extra in any_posting()
    ) {
        postings.push(extra);
        prop_assert!(JournalEntry::new(postings).is_err());
    }

    #[test]
    fn what_balances_is_built_and_its_reversal_undoes_it(postings in balanced_postings()) {
        let entry = JournalEntry::new(postings).expect("it balances");
        let reversal = entry.reversal();
        prop_assert_eq!(&reversal.reversal(), &entry);
        prop_assert_ne!(&reversal, &entry);
        // The reversal passes the same checks, and both together leave every wallet as it was.
        prop_assert_eq!(JournalEntry::new(reversal.postings().to_vec()), Ok(reversal.clone()));
        for (there, back) in entry.postings().iter().zip(reversal.postings()) {
            prop_assert_eq!((there.wallet, there.amount), (back.wallet, back.amount));
            prop_assert_ne!(there.side, back.side);
        }
    }
}

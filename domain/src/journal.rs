//! The journal: immutable entries, each a balanced set of postings.

use std::collections::BTreeMap;

use crate::ids::WalletId;
use crate::money::{Currency, MinorUnits, MoneyOverflow};
use crate::wallet::Side;

/// One side of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// The wallet whose counter grows.
    pub wallet: WalletId,
    /// Which of its counters.
    pub side: Side,
    /// By how much; positive.
    pub amount: MinorUnits,
    /// The currency, which is the wallet's.
    pub currency: Currency,
}

/// Why a set of postings is no journal entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// An entry moves something.
    #[error("a journal entry needs at least two postings")]
    TooFewPostings,
    /// Side, not sign, says the direction.
    #[error("a posting of {} minor units is not positive", amount.0)]
    NotPositive {
        /// The amount found.
        amount: MinorUnits,
    },
    /// Debits and credits differ.
    #[error("{currency}: debits {} and credits {} differ", debits.0, credits.0)]
    Unbalanced {
        /// The currency that does not balance.
        currency: Currency,
        /// Sum of its debits.
        debits: MinorUnits,
        /// Sum of its credits.
        credits: MinorUnits,
    },
    /// A sum left the range of `i64`.
    #[error("a sum of postings is too large")]
    Overflow(#[from] MoneyOverflow),
}

/// A balanced, immutable set of postings. It cannot be built unless debits equal
/// credits in each of its currencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    postings: Vec<Posting>,
}

impl JournalEntry {
    /// Checks and keeps the postings.
    pub fn new(postings: Vec<Posting>) -> Result<Self, EntryError> {
        if postings.len() < 2 {
            return Err(EntryError::TooFewPostings);
        }
        let mut sums: BTreeMap<Currency, (MinorUnits, MinorUnits)> = BTreeMap::new();
        for posting in &postings {
            if posting.amount <= MinorUnits::ZERO {
                return Err(EntryError::NotPositive { amount: posting.amount });
            }
            let (debits, credits) = sums.entry(posting.currency).or_default();
            let sum = match posting.side {
                Side::Debit => debits,
                Side::Credit => credits,
            };
            *sum = sum.plus(posting.amount)?;
        }
        for (currency, (debits, credits)) in sums {
            if debits != credits {
                return Err(EntryError::Unbalanced { currency, debits, credits });
            }
        }
        Ok(Self { postings })
    }

    /// The postings, in the order given.
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }

    /// A new entry that undoes this one: the same postings on the other side.
    /// Nothing is ever edited.
    #[must_use]
    pub fn reversal(&self) -> Self {
        let postings = self.postings.iter().map(|posting| Posting {
            side: match posting.side {
                Side::Debit => Side::Credit,
                Side::Credit => Side::Debit,
            },
            ..*posting
        });
        Self { postings: postings.collect() }
    }
}

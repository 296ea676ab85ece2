//! Limits: how much, or how many transfers, a wallet or an owner may send in one transfer, a
//! day or a month.
//!
//! A limit is of one currency; an owner's limit counts all of the owner's wallets in it. Days
//! and months are those of the owner's time zone. What a customer's wallet sends counts when it
//! is screened, and is given back when the transfer turns back; what it gets does not count.
//!
//! [`Limit`] is the rule, [`Window`] names the day or month that something counts in, and
//! [`Usage`] says what has been counted there. [`LimitBook`] judges transfers in their order
//! against all limits of the wallets that a transaction has locked.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};

use crate::failure::{Failure, FailureClass};
use crate::money::{Currency, MinorUnits, Money};
use crate::text::words;
use crate::transfer::Rejection;

mod book;
mod zone;
pub use book::{LimitBook, LimitedWallet};
pub use zone::{TimeZone, UnknownTimeZone};

words! {
    /// Whose transfers a limit counts.
    LimitScope {
        /// One wallet's.
        Wallet = "wallet",
        /// Those of all wallets of one owner, in the limit's currency.
        Owner = "owner",
    }
}

words! {
    /// Over what a limit counts.
    LimitPeriod {
        /// Each transfer by itself.
        Transfer = "transfer",
        /// A day of the owner's time zone.
        Day = "day",
        /// A month of the owner's time zone.
        Month = "month",
    }
}

words! {
    /// What a limit counts.
    LimitUnit {
        /// Money, in minor units.
        Amount = "amount",
        /// Transfers.
        Count = "count",
    }
}

impl LimitPeriod {
    /// The periods that something is counted over, the shortest first.
    pub const COUNTED: [Self; 2] = [Self::Day, Self::Month];

    /// The first day of the period that `day` is in; none for a single transfer.
    pub fn first_day(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Transfer => None,
            Self::Day => Some(day),
            Self::Month => day.with_day(1),
        }
    }

    /// The first day after the period that begins on `first_day`; none for a single transfer.
    fn next(self, first_day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Transfer => None,
            Self::Day => first_day.checked_add_days(Days::new(1)),
            Self::Month => first_day.checked_add_months(Months::new(1)),
        }
    }
}

/// Whose usage it is: all limits of one subject look at the same counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Wallet or owner.
    pub scope: LimitScope,
    /// The wallet's id, or the owner's in the client's words.
    pub id: String,
    /// The currency that is counted.
    pub currency: Currency,
}

/// A day or a month of a subject: usage is kept by these.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// Whose.
    pub subject: Subject,
    /// Day or month.
    pub period: LimitPeriod,
    /// Its first day, as a date of the owner's time zone.
    pub first_day: NaiveDate,
}

impl Subject {
    /// The day and the month that `day` is in.
    pub fn windows(&self, day: NaiveDate) -> Vec<Window> {
        let window = |period: LimitPeriod| {
            let first_day = period.first_day(day)?;
            Some(Window { subject: self.clone(), period, first_day })
        };
        LimitPeriod::COUNTED.into_iter().filter_map(window).collect()
    }
}

/// What has been sent in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Sum in minor units. It stays at the largest number that there is, which no limit allows.
    pub amount: MinorUnits,
    /// How many transfers.
    pub count: i64,
}

impl Usage {
    /// One transfer more.
    #[must_use]
    pub fn with(self, amount: MinorUnits) -> Self {
        Self {
            amount: MinorUnits(self.amount.0.saturating_add(amount.0)),
            count: self.count.saturating_add(1),
        }
    }

    /// One transfer less. Never below nothing.
    #[must_use]
    pub fn without(self, amount: MinorUnits) -> Self {
        Self {
            amount: MinorUnits(self.amount.0.saturating_sub(amount.0).max(0)),
            count: self.count.saturating_sub(1).max(0),
        }
    }

    /// The same transfers, with so much less. Never below nothing.
    #[must_use]
    pub fn less(self, amount: MinorUnits) -> Self {
        let amount = MinorUnits(self.amount.0.saturating_sub(amount.0).max(0));
        Self { amount, ..self }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            amount: MinorUnits(self.amount.0.saturating_add(other.amount.0)),
            count: self.count.saturating_add(other.count),
        }
    }

    fn of(self, unit: LimitUnit) -> i64 {
        match unit {
            LimitUnit::Amount => self.amount.0,
            LimitUnit::Count => self.count,
        }
    }
}

/// A rule: no more than this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Whose transfers it counts.
    pub subject: Subject,
    /// Over what.
    pub period: LimitPeriod,
    /// What it counts.
    pub unit: LimitUnit,
    /// The most that is allowed: minor units, or transfers. 0 allows nothing.
    pub value: i64,
}

/// A limit a transfer that counts transfers would always say one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a limit a transfer is an amount")]
pub struct CountOfOne;

/// Says no to a limit that would mean nothing.
pub fn check_kind(period: LimitPeriod, unit: LimitUnit) -> Result<(), CountOfOne> {
    match (period, unit) {
        (LimitPeriod::Transfer, LimitUnit::Count) => Err(CountOfOne),
        _ => Ok(()),
    }
}

impl Limit {
    /// Where it looks for what has been used on `day`; none for a limit a transfer.
    pub fn window(&self, day: NaiveDate) -> Option<Window> {
        let first_day = self.period.first_day(day)?;
        Some(Window { subject: self.subject.clone(), period: self.period, first_day })
    }

    /// When the window of `day` ends, and all of the limit is free again; none for a limit a transfer.
    pub fn frees_at(&self, zone: TimeZone, day: NaiveDate) -> Option<DateTime<Utc>> {
        let first_day = self.period.first_day(day)?;
        self.period.next(first_day).map(|next| zone.start_of(next))
    }

    /// How much of it has been used.
    pub fn used(&self, usage: Usage) -> i64 {
        usage.of(self.unit)
    }

    /// How much of it is left; nothing when it was lowered below what has been used.
    pub fn left(&self, usage: Usage) -> i64 {
        self.value.saturating_sub(self.used(usage)).max(0)
    }

    /// Whether one more transfer of `amount` keeps to it. A limit a transfer has no usage.
    pub fn allows(&self, usage: Usage, amount: MinorUnits) -> bool {
        let next = match self.unit {
            LimitUnit::Amount => usage.amount.0.checked_add(amount.0),
            LimitUnit::Count => usage.count.checked_add(1),
        };
        next.is_some_and(|next| next <= self.value)
    }
}

/// A transfer would go beyond a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitExceeded {
    /// Which.
    pub limit: Limit,
    /// How much of it is left: minor units, or transfers.
    pub left: i64,
    /// When all of it is free again; none for a limit a transfer.
    pub frees_at: Option<DateTime<Utc>>,
    /// In which days and months are counted.
    pub zone: TimeZone,
}

impl LimitExceeded {
    /// One sentence for people: which limit, what is left of it, and when it frees.
    pub fn detail(&self) -> String {
        let Limit { subject, period, unit, value } = &self.limit;
        let scope = match subject.scope {
            LimitScope::Wallet => "Wallet",
            LimitScope::Owner => "Owner",
        };
        let many = |number: i64| match unit {
            LimitUnit::Amount => {
                Money { minor: MinorUnits(number), currency: subject.currency }.to_string()
            }
            LimitUnit::Count if number == 1 => "1 transfer".to_owned(),
            LimitUnit::Count => format!("{number} transfers"),
        };
        let limit = many(*value);
        let Some(frees_at) = self.frees_at else {
            return format!("{scope} limit of {limit} a {period}: this one is larger.");
        };
        let (left, frees_at) = (many(self.left), self.zone.write(frees_at));
        format!("{scope} limit of {limit} a {period}: {left} are left until {frees_at}.")
    }
}

impl From<LimitExceeded> for Failure {
    fn from(exceeded: LimitExceeded) -> Self {
        let code = Rejection::LimitExceeded.as_str();
        Self::new(FailureClass::Rejected, code, exceeded.detail())
    }
}

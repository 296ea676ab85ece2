//! Money: whole minor units (`i64`) of a currency, with checked arithmetic only.

use std::fmt;

use serde::{Deserialize, Serialize};

mod currency;
pub use currency::{Currency, UnknownCurrency};

/// The most that one transfer may move, in minor units: 2^53 - 1, the largest
/// whole number that every JSON reader keeps exactly.
pub const AMOUNT_MINOR_MAX: i64 = 9_007_199_254_740_991;

/// A count of minor units left the range of `i64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sum leaves the range of 64-bit minor units")]
pub struct MoneyOverflow;

/// A whole number of a currency's smallest unit; may be negative.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct MinorUnits(pub i64);

impl MinorUnits {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// The sum, or an error instead of wrapping.
    pub fn plus(self, other: Self) -> Result<Self, MoneyOverflow> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyOverflow)
    }

    /// The difference, or an error instead of wrapping.
    pub fn minus(self, other: Self) -> Result<Self, MoneyOverflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyOverflow)
    }
}

/// Why a number of minor units cannot be the amount of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Zero or less: a transfer moves something, and only forward.
    #[error("must be greater than 0")]
    NotPositive,
    /// More than [`AMOUNT_MINOR_MAX`].
    #[error("must be at most {AMOUNT_MINOR_MAX}")]
    TooLarge,
}

/// What a transfer moves: from 1 to [`AMOUNT_MINOR_MAX`] minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Amount(MinorUnits);

impl Amount {
    /// Accepts 1 to [`AMOUNT_MINOR_MAX`].
    pub fn new(minor: i64) -> Result<Self, AmountError> {
        match minor {
            ..=0 => Err(AmountError::NotPositive),
            1..=AMOUNT_MINOR_MAX => Ok(Self(MinorUnits(minor))),
            _ => Err(AmountError::TooLarge),
        }
    }

    /// The amount in minor units, always positive.
    pub const fn minor(self) -> MinorUnits {
        self.0
    }
}

/// An amount with its currency, for people to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// How much, in minor units.
    pub minor: MinorUnits,
    /// Of what.
    pub currency: Currency,
}

impl fmt::Display for Money {
    /// Writes major units with the currency's own number of digits: `-12.34 EUR`, `500 JPY`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = usize::from(self.currency.exponent());
        let sign = if self.minor.0 < 0 { "-" } else { "" };
        let padded =
            format!("{:0>width$}", self.minor.0.unsigned_abs(), width = digits.saturating_add(1));
        let (major, minor) = padded.split_at(padded.len().saturating_sub(digits));
        let point = if minor.is_empty() { "" } else { "." };
        write!(f, "{sign}{major}{point}{minor} {}", self.currency)
    }
}

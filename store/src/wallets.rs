//! Wallets: opened, found, frozen, closed.
//!
//! A change of a wallet's status locks its hot row first, as transfers do, and
//! decides under the lock; the event of the change is in the same transaction.

use chrono::{DateTime, Utc};
use domain::ids::WalletId;
use domain::money::{Currency, MinorUnits};
use domain::wallet::{HotWallet, WalletKind, WalletStatus};
use entities::{wallet, wallet_balance};
use uuid::Uuid;

use crate::StoreError;

mod change;
mod events;
mod open;
mod operators;
mod read;
mod system;

pub use change::{Change, ChangeError, change};
pub use open::{NewWallet, Opened, open};
pub use operators::{Hold, OperatorWallet, get_any, holds};
pub use read::{LOOKED_AT_FOR_OPERATORS, ListQuery, Page, balance, get, ids_of_owner, list};

/// A wallet as clients see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// Its id.
    pub id: WalletId,
    /// Whose it is, in the client's words.
    pub owner_id: String,
    /// The one currency it counts.
    pub currency: Currency,
    /// Active, frozen or closed.
    pub status: WalletStatus,
    /// The client's own text; none when none was given.
    pub label: Option<String>,
    /// The client's own data; none when none was given.
    pub metadata: Option<serde_json::Value>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// Its balance when it was read.
    pub balance: Balance,
}

/// What a wallet holds, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// Posted only.
    pub ledger: MinorUnits,
    /// Ledger less held: what may be spent.
    pub available: MinorUnits,
    /// What open holds reserve.
    pub held: MinorUnits,
}

/// Who asked, for the events that a change causes.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Ties together everything that one request caused.
    pub correlation_id: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

impl Balance {
    fn of(hot: &HotWallet) -> Result<Self, StoreError> {
        let overflow = |_| StoreError::Corrupt(format!("balance of wallet {} overflows", hot.id));
        Ok(Self {
            ledger: hot.balances.ledger(hot.normal_side).map_err(overflow)?,
            available: hot.balances.available(hot.normal_side).map_err(overflow)?,
            held: hot.balances.held(hot.normal_side),
        })
    }
}

impl Wallet {
    fn of(cold: wallet::Model, hot: &wallet_balance::Model) -> Result<Self, StoreError> {
        let hot = HotWallet::try_from(hot)?;
        Ok(Self {
            id: hot.id,
            currency: cold.currency()?,
            owner_id: cold.owner_id,
            status: hot.status,
            label: cold.label,
            metadata: cold.metadata,
            created_at: cold.created_at,
            balance: Balance::of(&hot)?,
        })
    }

    /// A row of the join, if it is a customer's: system wallets are not for clients.
    fn of_customer(
        row: (wallet::Model, Option<wallet_balance::Model>),
    ) -> Result<Option<Self>, StoreError> {
        if row.0.kind()? != WalletKind::Customer {
            return Ok(None);
        }
        Self::of_row(row).map(Some)
    }

    /// A row of the join, whoever's it is.
    fn of_row(row: (wallet::Model, Option<wallet_balance::Model>)) -> Result<Self, StoreError> {
        let (cold, hot) = row;
        let hot = hot.ok_or_else(|| without_balance(cold.id))?;
        Self::of(cold, &hot)
    }
}

fn without_balance(id: Uuid) -> StoreError {
    StoreError::Corrupt(format!("wallet {id} has no balance"))
}

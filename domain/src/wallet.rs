//! Wallets: who they belong to, what they count, and what their four counters mean.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::ids::WalletId;
use crate::money::{Currency, MinorUnits, MoneyOverflow};
use crate::text::words;

words! {
    /// The two sides of a posting, and of a wallet's balance.
    Side {
        /// Left side. A system cash wallet grows on it.
        Debit = "debit",
        /// Right side. A customer's wallet grows on it: it is our liability.
        Credit = "credit",
    }
}

words! {
    /// Whose wallet it is.
    WalletKind {
        /// A customer's; never below its floor.
        Customer = "customer",
        /// Ours, standing for the outside world.
        System = "system",
    }
}

words! {
    /// What a system wallet stands for.
    SystemRole {
        /// Money that came from or went to the outside.
        Cash = "cash",
        /// Fees earned.
        Fees = "fees",
        /// Money whose owner is not yet known.
        Suspense = "suspense",
    }
}

words! {
    /// What a wallet may still do.
    WalletStatus {
        /// Sends and receives.
        Active = "active",
        /// Receives only: a freeze blocks debits, never credits.
        Frozen = "frozen",
        /// Neither; final. Only a wallet with balance zero is closed.
        Closed = "closed",
    }
}

/// Shards of each system wallet. A lane posts to its own shard, so that lanes of
/// several processes do not queue for one row; reads sum them.
pub const SYSTEM_SHARD_COUNT: u8 = 16;

/// The floor of a system wallet: it may go as low as numbers go.
pub const NO_FLOOR: MinorUnits = MinorUnits(i64::MIN);

/// The id of a system wallet, computed and never looked up: a uuid v8 whose
/// bytes name role, shard and currency.
pub fn system_wallet_id(role: SystemRole, currency: Currency, shard: u8) -> WalletId {
    let role = match role {
        SystemRole::Cash => 1,
        SystemRole::Fees => 2,
        SystemRole::Suspense => 3,
    };
    let [a, b, c] = currency.code();
    let shard = shard % SYSTEM_SHARD_COUNT;
    WalletId(Uuid::from_bytes([0, 0, 0, 0, 0, 0, 0x80, role, 0x80, shard, a, b, c, 0, 0, 0]))
}

/// The four counters of a wallet. They only ever grow when posted; pending ones
/// come and go with holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balances {
    /// Sum of all debit postings.
    pub debits_posted: MinorUnits,
    /// Sum of all credit postings.
    pub credits_posted: MinorUnits,
    /// Debits reserved by open holds.
    pub debits_pending: MinorUnits,
    /// Credits announced but not final.
    pub credits_pending: MinorUnits,
}

impl Balances {
    /// Posted only.
    pub fn ledger(&self, normal_side: Side) -> Result<MinorUnits, MoneyOverflow> {
        match normal_side {
            Side::Credit => self.credits_posted.minus(self.debits_posted),
            Side::Debit => self.debits_posted.minus(self.credits_posted),
        }
    }

    /// What open holds reserve.
    pub fn held(&self, normal_side: Side) -> MinorUnits {
        match normal_side {
            Side::Credit => self.debits_pending,
            Side::Debit => self.credits_pending,
        }
    }

    /// Ledger balance less what is held: what may be spent.
    pub fn available(&self, normal_side: Side) -> Result<MinorUnits, MoneyOverflow> {
        self.ledger(normal_side)?.minus(self.held(normal_side))
    }
}

/// The part of a wallet that every transfer touches: one narrow row, read and
/// changed only under its lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HotWallet {
    /// The wallet.
    pub id: WalletId,
    /// The one currency it counts.
    pub currency: Currency,
    /// The side on which its balance grows.
    pub normal_side: Side,
    /// Active, frozen or closed.
    pub status: WalletStatus,
    /// The lowest that its available balance may be.
    pub floor: MinorUnits,
    /// Whether any limit concerns what it sends.
    pub limited: bool,
    /// The four counters.
    pub balances: Balances,
    /// Number of its newest posting; 0 before the first.
    pub wallet_seq: i64,
    /// Number of its newest event; 0 before the first.
    pub event_seq: i64,
    /// Time of its newest posting; null before the first. Never runs backwards.
    pub last_posted_at: Option<DateTime<Utc>>,
}

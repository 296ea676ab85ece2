//! Wallets as operators see them.

use chrono::{DateTime, Utc};
use domain::ids::{TransferId, WalletId};
use domain::money::MinorUnits;
use domain::saga::{Step, StuckReason};
use domain::transfer::TransferKind;
use domain::wallet::{SystemRole, WalletKind};
use serde::{Deserialize, Serialize};

use crate::{BalanceReading, Wallet};

/// `GET /admin/v1/wallets/{wallet_id}`: a wallet as operators see it, a system wallet too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatorWallet {
    /// What its client sees, with its balance now.
    pub wallet: Wallet,
    /// A customer's or ours.
    pub kind: WalletKind,
    /// What a system wallet stands for; null for a customer's.
    pub role: Option<SystemRole>,
    /// Which shard of a system wallet; null for a customer's.
    pub shard: Option<i16>,
    /// The lowest that its available balance may be, in minor units; null when it has no floor.
    pub floor_minor: Option<MinorUnits>,
    /// How many postings it has.
    pub posting_count: i64,
    /// When it was posted to last; null before the first time.
    pub last_posted_at: Option<DateTime<Utc>>,
    /// Open transfers that hold its money, the longest held first; at most 100.
    pub holds: Vec<OpenHold>,
    /// Whether there are more than these.
    pub more_holds: bool,
    /// Its balance at the instant that was asked for; null when none was.
    pub then: Option<BalanceReading>,
}

/// An open transfer that holds money of its source wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenHold {
    /// The transfer.
    pub transfer_id: TransferId,
    /// What sort of transfer.
    pub kind: TransferKind,
    /// Where the money is to go.
    pub destination_wallet_id: WalletId,
    /// What it reserves, in minor units.
    pub held_minor: MinorUnits,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// The step to run next.
    pub step: Step,
    /// Whether the undo of that step is next, not the step.
    pub undo: bool,
    /// When it is to run; in the past when it is due.
    pub due_at: DateTime<Utc>,
    /// What it waits for outside; null when it only waits for `due_at`.
    pub waiting_for: Option<String>,
    /// Why it waits for a person; null otherwise.
    pub parked_reason: Option<StuckReason>,
}

//! What an act does to the wallets, for previews and for the audit.

use domain::group::{Book, OpenTransfer};
use domain::ids::WalletId;
use domain::money::{MinorUnits, MoneyOverflow};
use domain::wallet::HotWallet;
use serde::Serialize;
use serde_json::Value;

use crate::StoreError;

/// What a wallet holds, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// Posted only.
    pub ledger_minor: MinorUnits,
    /// Ledger less held: what may be spent.
    pub available_minor: MinorUnits,
    /// What open holds reserve.
    pub held_minor: MinorUnits,
}

/// A wallet before and after an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceChange {
    /// The wallet.
    pub wallet_id: WalletId,
    /// As it is.
    pub before: Balance,
    /// As the act leaves it.
    pub after: Balance,
}

impl Balance {
    fn of(hot: &HotWallet) -> Result<Self, MoneyOverflow> {
        Ok(Self {
            ledger_minor: hot.balances.ledger(hot.normal_side)?,
            available_minor: hot.balances.available(hot.normal_side)?,
            held_minor: hot.balances.held(hot.normal_side),
        })
    }
}

/// The two ends of a transfer before and after, the source first. One that does not
/// exist is left out.
pub(super) fn changes(
    transfer: &OpenTransfer,
    shard: u8,
    before: &Book,
    after: &Book,
) -> Result<Vec<BalanceChange>, StoreError> {
    let ends = [transfer.source_in(shard), transfer.destination];
    let change = |id: WalletId| -> Option<Result<BalanceChange, MoneyOverflow>> {
        let (before, after) = (before.wallet(id)?, after.wallet(id)?);
        let change = Balance::of(before).and_then(|before| {
            Ok(BalanceChange { wallet_id: id, before, after: Balance::of(after)? })
        });
        Some(change)
    };
    let changes: Result<Vec<_>, _> = ends.into_iter().filter_map(change).collect();
    changes.map_err(|_| StoreError::Corrupt("the balance of a wallet overflows".to_owned()))
}

/// One side of the changes as the audit keeps it: balances by wallet.
pub(super) fn by_wallet(
    changes: &[BalanceChange],
    side: impl Fn(&BalanceChange) -> Balance,
) -> Value {
    let one = |change: &BalanceChange| (change.wallet_id.to_string(), json(side(change)));
    changes.iter().map(one).collect::<serde_json::Map<_, _>>().into()
}

fn json(balance: Balance) -> Value {
    serde_json::json!({
        "ledger_minor": balance.ledger_minor.0,
        "available_minor": balance.available_minor.0,
        "held_minor": balance.held_minor.0,
    })
}

use domain::event::EventType;
use domain::ids::WalletId;
use domain::money::MinorUnits;
use domain::wallet::{HotWallet, WalletKind, WalletStatus};
use entities::{wallet, wallet_balance};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::{EntityTrait, QuerySelect, TransactionTrait};
use sqlx::PgPool;

use super::events::{WalletEvent, append_in_tx};
use super::{Balance, Origin, Wallet, read};
use crate::{StoreError, orm};

/// A change of a wallet's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It may no longer send.
    Freeze,
    /// It may send again.
    Unfreeze,
    /// It does nothing any more, for good.
    Close,
}

/// Why a wallet was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such customer's wallet.
    #[error("no such wallet")]
    NotFound,
    /// It is closed, which is final.
    #[error("the wallet is closed")]
    Closed,
    /// Only an empty wallet is closed.
    #[error("the wallet holds {} minor units, and {} are reserved", balance.ledger.0, balance.held.0)]
    NotEmpty {
        /// What it holds.
        balance: Balance,
    },
    /// A statement failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for ChangeError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// Changes a wallet's status and tells the world, in one transaction. A change to
/// the status that it has already does nothing.
pub async fn change(
    pool: &PgPool,
    id: WalletId,
    change: Change,
    reason: &str,
    origin: &Origin,
) -> Result<Wallet, ChangeError> {
    let tx = orm::connection(pool).begin().await?;
    // Owner, kind and currency never change, so they are read without a lock.
    let cold = wallet::Entity::find_by_id(id.0).one(&tx).await?.ok_or(ChangeError::NotFound)?;
    if cold.kind().map_err(StoreError::from)? != WalletKind::Customer {
        return Err(ChangeError::NotFound);
    }
    let hot = wallet_balance::Entity::find_by_id(id.0).lock_exclusive().one(&tx).await?;
    let hot = hot.ok_or_else(|| StoreError::Corrupt(format!("wallet {id} has no balance")))?;
    let before = HotWallet::try_from(&hot).map_err(StoreError::from)?;
    let Some((status, event_type)) = decide(change, &before)? else {
        return Ok(Wallet::of(cold, &hot)?);
    };
    let seq = before.event_seq + 1;
    let after = wallet_balance::ActiveModel {
        wallet_id: Unchanged(id.0),
        status: Set(status.as_str().to_owned()),
        event_seq: Set(seq),
        ..Default::default()
    };
    let hot = wallet_balance::Entity::update(after).exec(&tx).await?;
    let told = WalletEvent {
        event_type,
        wallet: id,
        owner_id: &cold.owner_id,
        currency: before.currency,
        status,
        reason: Some(reason),
        seq,
        at: read::clock(&tx).await?,
    };
    append_in_tx(&tx, told, origin).await?;
    tx.commit().await?;
    Ok(Wallet::of(cold, &hot)?)
}

/// The status that the change leads to and the event that tells of it; none when
/// the wallet is there already.
fn decide(
    change: Change,
    wallet: &HotWallet,
) -> Result<Option<(WalletStatus, EventType)>, ChangeError> {
    match (change, wallet.status) {
        (_, WalletStatus::Closed) => Err(ChangeError::Closed),
        (Change::Freeze, WalletStatus::Frozen) | (Change::Unfreeze, WalletStatus::Active) => {
            Ok(None)
        }
        (Change::Freeze, WalletStatus::Active) => {
            Ok(Some((WalletStatus::Frozen, EventType::WalletFrozen)))
        }
        (Change::Unfreeze, WalletStatus::Frozen) => {
            Ok(Some((WalletStatus::Active, EventType::WalletUnfrozen)))
        }
        (Change::Close, WalletStatus::Active | WalletStatus::Frozen) => {
            let balance = Balance::of(wallet)?;
            let pending = [wallet.balances.debits_pending, wallet.balances.credits_pending];
            if balance.ledger != MinorUnits::ZERO || pending != [MinorUnits::ZERO; 2] {
                return Err(ChangeError::NotEmpty { balance });
            }
            Ok(Some((WalletStatus::Closed, EventType::WalletClosed)))
        }
    }
}

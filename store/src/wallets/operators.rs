//! Wallets as operators see them: ours too, and what holds their money.

use chrono::{DateTime, Utc};
use domain::group::OpenTransfer;
use domain::ids::WalletId;
use domain::money::MinorUnits;
use domain::saga::StuckReason;
use domain::wallet::{NO_FLOOR, SystemRole, WalletKind};
use entities::{saga_open, wallet, wallet_balance};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sqlx::PgPool;

use super::{Wallet, without_balance};
use crate::{StoreError, orm};

/// A wallet with what its client does not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorWallet {
    /// What its client sees.
    pub wallet: Wallet,
    /// A customer's or ours.
    pub kind: WalletKind,
    /// What a system wallet stands for; none for a customer's.
    pub role: Option<SystemRole>,
    /// Which shard of a system wallet; none for a customer's.
    pub shard: Option<i16>,
    /// The lowest that its available balance may be; none when it has no floor.
    pub floor: Option<MinorUnits>,
    /// How many postings it has.
    pub posting_count: i64,
    /// When it was posted to last; none before the first time.
    pub last_posted_at: Option<DateTime<Utc>>,
}

/// An open transfer that holds money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The transfer as its saga stands.
    pub transfer: OpenTransfer,
    /// When it is to run; in the past when it is due.
    pub due_at: DateTime<Utc>,
    /// What it waits for outside; none when it only waits for `due_at`.
    pub waiting_for: Option<String>,
    /// Why it waits for a person; none otherwise.
    pub parked_reason: Option<StuckReason>,
}

/// Any wallet; none when it is unknown.
pub async fn get_any(pool: &PgPool, id: WalletId) -> Result<Option<OperatorWallet>, StoreError> {
    let row = wallet::Entity::find_by_id(id.0)
        .find_also_related(wallet_balance::Entity)
        .one(&orm::connection(pool))
        .await?;
    let Some((cold, hot)) = row else {
        return Ok(None);
    };
    let hot = hot.ok_or_else(|| without_balance(cold.id))?;
    Ok(Some(OperatorWallet {
        kind: cold.kind()?,
        role: cold.role()?,
        shard: cold.shard,
        floor: Some(MinorUnits(hot.floor_minor)).filter(|floor| *floor != NO_FLOOR),
        posting_count: hot.wallet_seq,
        last_posted_at: hot.last_posted_at,
        wallet: Wallet::of(cold, &hot)?,
    }))
}

/// Open transfers that hold money of the wallet, the oldest first, at most `limit`. Reads the
/// open work, which no index has by wallet: it is small, and few ask.
pub async fn holds(pool: &PgPool, id: WalletId, limit: u64) -> Result<Vec<Hold>, StoreError> {
    let rows = saga_open::Entity::find()
        .filter(saga_open::Column::SourceWalletId.eq(id.0))
        .filter(saga_open::Column::HoldMinor.gt(0))
        .order_by_asc(saga_open::Column::TransferId)
        .limit(limit)
        .all(&orm::connection(pool))
        .await?;
    let hold = |row: saga_open::Model| -> Result<Hold, StoreError> {
        Ok(Hold {
            transfer: OpenTransfer::try_from(&row)?,
            due_at: row.due_at,
            parked_reason: row.parked_reason()?,
            waiting_for: row.waiting_for,
        })
    };
    rows.into_iter().map(hold).collect()
}

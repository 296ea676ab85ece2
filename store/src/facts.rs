//! What never changes about a wallet: enough to say no at intake without a lock.

use std::collections::HashMap;

use domain::ids::WalletId;
use domain::money::Currency;
use domain::wallet::WalletKind;
use sha2::{Digest, Sha256};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::StoreError;

/// Stands for an owner: the first 128 bits of SHA-256 of its id. Facts are kept for a million wallets,
/// so they have a fixed size and no text of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerMark([u8; 16]);

impl OwnerMark {
    /// The mark of this owner.
    pub fn of(owner_id: &str) -> Self {
        let digest = Sha256::digest(owner_id.as_bytes());
        let mut mark = [0; 16];
        mark.copy_from_slice(&digest[..16]);
        Self(mark)
    }
}

/// The immutable facts of a wallet. Wallets are never deleted, so these may be cached for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalletFacts {
    /// The one currency it counts.
    pub currency: Currency,
    /// A customer's or ours.
    pub kind: WalletKind,
    /// Whose it is.
    pub owner: OwnerMark,
}

/// The facts of those wallets of `ids` that exist.
pub async fn facts(
    pool: &PgPool,
    ids: &[WalletId],
) -> Result<HashMap<WalletId, WalletFacts>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query(include_str!("facts/facts.sql")).bind(ids).fetch_all(pool).await?;
    let mut facts = HashMap::with_capacity(rows.len());
    for row in rows {
        let id = WalletId(row.try_get(0)?);
        let (currency, kind): (String, String) = (row.try_get(1)?, row.try_get(2)?);
        let owner_id: String = row.try_get(3)?;
        let corrupt = |what: &str| StoreError::Corrupt(format!("wallet {id}: {what}"));
        let fact = WalletFacts {
            currency: currency.parse().map_err(|_| corrupt(&currency))?,
            kind: kind.parse().map_err(|_| corrupt(&kind))?,
            owner: OwnerMark::of(&owner_id),
        };
        facts.insert(id, fact);
    }
    Ok(facts)
}

use domain::event::EventType;
use domain::idempotency::IdempotencyKey;
use domain::ids::WalletId;
use domain::money::Currency;
use domain::wallet::{Side, WalletKind, WalletStatus};
use entities::{idempotency_key, wallet, wallet_balance};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{DatabaseTransaction, EntityTrait, TransactionTrait, TryInsertResult};
use sqlx::PgPool;
use uuid::Uuid;

use super::events::{WalletEvent, append_in_tx};
use super::system::ensure_cash_in_tx;
use super::{Origin, Wallet, read};
use crate::idempotency::{key_hash, payload_hash};
use crate::{StoreError, limits, orm};

/// A validated request for a wallet.
#[derive(Debug, Clone)]
pub struct NewWallet {
    /// Made by the server.
    pub id: WalletId,
    /// Whose it will be.
    pub owner_id: String,
    /// What it will count.
    pub currency: Currency,
    /// The client's own text.
    pub label: Option<String>,
    /// The client's own data.
    pub metadata: Option<serde_json::Value>,
    /// Who asks; idempotency keys are scoped to it.
    pub caller: String,
    /// The client's id of this intention; without one, each request opens a wallet.
    pub key: Option<IdempotencyKey>,
}

/// What became of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// A new wallet.
    New(Wallet),
    /// The key had opened this wallet before; as it stands now.
    Replayed(Wallet),
    /// The key stands for another request.
    KeyReused,
}

/// Opens a wallet: its rows, its event, and with the first wallet of a currency
/// that currency's system wallets, in one transaction.
pub async fn open(pool: &PgPool, new: &NewWallet, origin: &Origin) -> Result<Opened, StoreError> {
    let tx = orm::connection(pool).begin().await?;
    if let Some(key) = &new.key {
        let (key, payload) = (key_hash(&new.caller, key), payload_of(new));
        if !claim_key_in_tx(&tx, key, payload, new.id).await? {
            return replay_in_tx(&tx, key, payload).await;
        }
    }
    let limited = limits::is_limited_in_tx(&tx, &new.owner_id, new.currency).await?;
    ensure_cash_in_tx(&tx, new.currency).await?;
    let cold = wallet::ActiveModel {
        id: Set(new.id.0),
        owner_id: Set(new.owner_id.clone()),
        kind: Set(WalletKind::Customer.as_str().to_owned()),
        role: Set(None),
        shard: Set(None),
        currency: Set(new.currency.to_string()),
        label: Set(new.label.clone()),
        metadata: Set(new.metadata.clone()),
        created_at: NotSet,
    };
    let cold = wallet::Entity::insert(cold).exec_with_returning(&tx).await?;
    let hot = wallet_balance::ActiveModel {
        wallet_id: Set(new.id.0),
        currency: Set(new.currency.to_string()),
        normal_side: Set(Side::Credit.as_str().to_owned()),
        limited: Set(limited),
        event_seq: Set(1),
        ..Default::default()
    };
    let hot = wallet_balance::Entity::insert(hot).exec_with_returning(&tx).await?;
    let opened = WalletEvent {
        event_type: EventType::WalletOpened,
        wallet: new.id,
        owner_id: &new.owner_id,
        currency: new.currency,
        status: WalletStatus::Active,
        reason: None,
        seq: hot.event_seq,
        at: cold.created_at,
    };
    append_in_tx(&tx, opened, origin).await?;
    tx.commit().await?;
    Wallet::of(cold, &hot).map(Opened::New)
}

/// Whether the key was free and now stands for this request.
async fn claim_key_in_tx(
    tx: &DatabaseTransaction,
    key: Uuid,
    payload: Uuid,
    wallet: WalletId,
) -> Result<bool, StoreError> {
    let row = idempotency_key::ActiveModel {
        key_hash: Set(key),
        payload_hash: Set(payload),
        resource_id: Set(wallet.0),
        created_at: NotSet,
    };
    let result = idempotency_key::Entity::insert(row)
        .on_conflict_do_nothing_on([idempotency_key::Column::KeyHash])
        .exec_without_returning(tx)
        .await?;
    Ok(matches!(result, TryInsertResult::Inserted(count) if count > 0))
}

/// Answers for a key that is taken. Nothing was written, so nothing is committed.
async fn replay_in_tx(
    tx: &DatabaseTransaction,
    key: Uuid,
    payload: Uuid,
) -> Result<Opened, StoreError> {
    let original = idempotency_key::Entity::find_by_id(key).one(tx).await?;
    // Purged between the two statements: the key is free, and the client may try again.
    let original = original.ok_or(StoreError::Contended)?;
    if original.payload_hash != payload {
        return Ok(Opened::KeyReused);
    }
    let wallet = read::find(tx, WalletId(original.resource_id)).await?;
    let missing = || StoreError::Corrupt(format!("key of missing wallet {}", original.resource_id));
    wallet.map(Opened::Replayed).ok_or_else(missing)
}

/// What must be the same when the key comes again: all that the client wrote.
fn payload_of(new: &NewWallet) -> Uuid {
    let metadata = new.metadata.as_ref().map(ToString::to_string);
    payload_hash(&[
        b"wallet",
        new.owner_id.as_bytes(),
        &new.currency.code(),
        // An empty label is another one than none.
        &[u8::from(new.label.is_some())],
        new.label.as_deref().unwrap_or_default().as_bytes(),
        metadata.as_deref().unwrap_or_default().as_bytes(),
    ])
}

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::event::{Envelope, EventType, WalletData};
use domain::ids::{EventId, WalletId};
use domain::money::Currency;
use domain::wallet::WalletStatus;
use entities::{event, outbox};
use sea_orm::ActiveValue::Set;
use sea_orm::{DatabaseTransaction, EntityTrait};
use uuid::Uuid;

use super::Origin;
use crate::StoreError;

/// What happened to a wallet.
pub(super) struct WalletEvent<'a> {
    pub event_type: EventType,
    pub wallet: WalletId,
    pub owner_id: &'a str,
    pub currency: Currency,
    /// Status after it.
    pub status: WalletStatus,
    /// None when the wallet was opened.
    pub reason: Option<&'a str>,
    /// Number of the event in the wallet.
    pub seq: i64,
    /// By the database's clock.
    pub at: DateTime<Utc>,
}

/// Appends the event to the log, and its id to what is still to be sent.
pub(super) async fn append_in_tx(
    tx: &DatabaseTransaction,
    what: WalletEvent<'_>,
    origin: &Origin,
) -> Result<(), StoreError> {
    let id = Uuid::now_v7();
    let envelope = Envelope {
        event_id: EventId(id),
        event_type: what.event_type,
        occurred_at: what.at,
        wallet_seqs: BTreeMap::from([(what.wallet, what.seq)]),
        data: WalletData {
            wallet_id: what.wallet,
            owner_id: what.owner_id.to_owned(),
            currency: what.currency,
            status: what.status,
            reason: what.reason.map(ToOwned::to_owned),
        },
    };
    let envelope = serde_json::to_string(&envelope).map_err(|error| {
        StoreError::Corrupt(format!("event of wallet {}: {error}", what.wallet))
    })?;
    let row = event::ActiveModel {
        id: Set(id),
        event_type: Set(what.event_type.as_str().to_owned()),
        occurred_at: Set(what.at),
        transfer_id: Set(None),
        wallet_id: Set(Some(what.wallet.0)),
        correlation_id: Set(origin.correlation_id.clone()),
        traceparent: Set(origin.traceparent.clone()),
        envelope: Set(envelope),
    };
    event::Entity::insert(row).exec_without_returning(tx).await?;
    let unsent = outbox::ActiveModel { event_id: Set(id) };
    outbox::Entity::insert(unsent).exec_without_returning(tx).await?;
    Ok(())
}

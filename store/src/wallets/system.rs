use domain::money::Currency;
use domain::wallet::{
    NO_FLOOR, SYSTEM_SHARD_COUNT, Side, SystemRole, WalletKind, system_wallet_id,
};
use entities::{wallet, wallet_balance};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{DatabaseTransaction, EntityTrait};

use crate::StoreError;

/// Owner of every system wallet.
const OWNER_ID: &str = "system";

/// Makes the shards of the cash wallet of `currency`, unless they are there. A
/// deposit needs one, and a currency is used the first time when a wallet is opened.
///
/// Two first wallets of one currency write the same rows in the same order, so
/// that one waits for the other and they cannot deadlock.
pub(super) async fn ensure_cash_in_tx(
    tx: &DatabaseTransaction,
    currency: Currency,
) -> Result<(), StoreError> {
    // The last row written: when it is there, all are.
    let last = system_wallet_id(SystemRole::Cash, currency, SYSTEM_SHARD_COUNT - 1);
    if wallet_balance::Entity::find_by_id(last.0).one(tx).await?.is_some() {
        return Ok(());
    }
    let shards = 0..SYSTEM_SHARD_COUNT;
    let colds = shards.clone().map(|shard| wallet::ActiveModel {
        id: Set(system_wallet_id(SystemRole::Cash, currency, shard).0),
        owner_id: Set(OWNER_ID.to_owned()),
        kind: Set(WalletKind::System.as_str().to_owned()),
        role: Set(Some(SystemRole::Cash.as_str().to_owned())),
        shard: Set(Some(i16::from(shard))),
        currency: Set(currency.to_string()),
        label: Set(None),
        metadata: Set(None),
        created_at: NotSet,
    });
    wallet::Entity::insert_many(colds)
        .on_conflict_do_nothing_on([wallet::Column::Id])
        .exec_without_returning(tx)
        .await?;
    let hots = shards.map(|shard| wallet_balance::ActiveModel {
        wallet_id: Set(system_wallet_id(SystemRole::Cash, currency, shard).0),
        currency: Set(currency.to_string()),
        normal_side: Set(Side::Debit.as_str().to_owned()),
        floor_minor: Set(NO_FLOOR.0),
        ..Default::default()
    });
    wallet_balance::Entity::insert_many(hots)
        .on_conflict_do_nothing_on([wallet_balance::Column::WalletId])
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

use domain::limit::LimitScope;
use domain::money::Currency;
use entities::transfer_limit;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, PaginatorTrait,
    QueryFilter, Statement, Value,
};

use crate::StoreError;

/// Whether a wallet that is being opened is limited from the start, by its owner's limits. Holds
/// off changes of these until the transaction ends: whoever changes them next sees the wallet.
pub(crate) async fn is_limited_in_tx(
    tx: &DatabaseTransaction,
    owner_id: &str,
    currency: Currency,
) -> Result<bool, StoreError> {
    // The number sets these locks apart from others of their kind; set.rs has it too.
    let lock = "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 17))";
    let values: [Value; 1] = [owner_id.into()];
    tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, lock, values)).await?;
    let limits = transfer_limit::Entity::find()
        .filter(transfer_limit::Column::Scope.eq(LimitScope::Owner.as_str()))
        .filter(transfer_limit::Column::Subject.eq(owner_id))
        .filter(transfer_limit::Column::Currency.eq(currency.to_string()))
        .count(tx)
        .await?;
    Ok(limits > 0)
}

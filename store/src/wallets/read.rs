use chrono::{DateTime, Utc};
use domain::ids::WalletId;
use domain::wallet::{HotWallet, WalletKind};
use entities::{wallet, wallet_balance};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Statement,
};
use sqlx::PgPool;

use super::{Balance, Wallet};
use crate::{StoreError, orm};

/// Which wallets, and how many of them.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Only of this owner.
    pub owner_id: Option<String>,
    /// Only those opened before this one.
    pub before: Option<WalletId>,
    /// At most this many.
    pub limit: u64,
}

/// A customer's wallet with its balance; none when it is unknown or ours.
pub async fn get(pool: &PgPool, id: WalletId) -> Result<Option<Wallet>, StoreError> {
    find(&orm::connection(pool), id).await
}

pub(super) async fn find(
    connection: &impl ConnectionTrait,
    id: WalletId,
) -> Result<Option<Wallet>, StoreError> {
    let row = wallet::Entity::find_by_id(id.0)
        .find_also_related(wallet_balance::Entity)
        .one(connection)
        .await?;
    row.map_or(Ok(None), Wallet::of_customer)
}

/// Customers' wallets, newest first; whether more follow.
pub async fn list(pool: &PgPool, query: &ListQuery) -> Result<(Vec<Wallet>, bool), StoreError> {
    let mut select = wallet::Entity::find()
        .find_also_related(wallet_balance::Entity)
        .filter(wallet::Column::Kind.eq(WalletKind::Customer.as_str()))
        .order_by_desc(wallet::Column::Id)
        .limit(query.limit.saturating_add(1));
    if let Some(owner_id) = &query.owner_id {
        select = select.filter(wallet::Column::OwnerId.eq(owner_id));
    }
    if let Some(before) = query.before {
        select = select.filter(wallet::Column::Id.lt(before.0));
    }
    let mut rows = select.all(&orm::connection(pool)).await?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let wallets = rows.into_iter().filter_map(|row| Wallet::of_customer(row).transpose());
    Ok((wallets.collect::<Result<_, _>>()?, more))
}

/// The balance of a wallet now, with the database's time of the reading.
pub async fn balance(
    pool: &PgPool,
    id: WalletId,
) -> Result<Option<(Balance, DateTime<Utc>)>, StoreError> {
    let row = wallet_balance::Entity::find_by_id(id.0)
        .expr_as(Expr::cust("statement_timestamp()"), "read_at")
        .into_model::<ReadBalance>()
        .one(&orm::connection(pool))
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let hot = HotWallet::try_from(&row.balance)?;
    Ok(Some((Balance::of(&hot)?, row.read_at)))
}

/// A hot row and when it was read.
struct ReadBalance {
    balance: wallet_balance::Model,
    read_at: DateTime<Utc>,
}

impl sea_orm::FromQueryResult for ReadBalance {
    fn from_query_result(row: &sea_orm::QueryResult, prefix: &str) -> Result<Self, sea_orm::DbErr> {
        let balance = wallet_balance::Model::from_query_result(row, prefix)?;
        Ok(Self { balance, read_at: row.try_get(prefix, "read_at")? })
    }
}

/// The database's clock, which runs on while a transaction waits for a lock.
pub(super) async fn clock(connection: &impl ConnectionTrait) -> Result<DateTime<Utc>, StoreError> {
    let statement = Statement::from_string(DbBackend::Postgres, "SELECT clock_timestamp() AS at");
    let row = connection.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| StoreError::Corrupt("the database has no clock".to_owned()))?;
    Ok(row.try_get("", "at")?)
}

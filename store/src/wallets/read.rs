use chrono::{DateTime, Utc};
use domain::ids::WalletId;
use domain::money::Currency;
use domain::wallet::{HotWallet, WalletKind, WalletStatus};
use entities::{wallet, wallet_balance};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Balance, Wallet};
use crate::{StoreError, orm};

/// Rows that a page for operators looks at; see [`ListQuery::looked_at_max`].
pub const LOOKED_AT_FOR_OPERATORS: u64 = 20_000;

/// Which wallets, and how many of them.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// Only of this owner.
    pub owner_id: Option<String>,
    /// Only customers', or only ours.
    pub kind: Option<WalletKind>,
    /// Only with this label, letter for letter.
    pub label: Option<String>,
    /// Only those that count this.
    pub currency: Option<Currency>,
    /// Only those that stand so.
    pub status: Option<WalletStatus>,
    /// Only those opened before this one.
    pub before: Option<WalletId>,
    /// At most this many.
    pub limit: u64,
    /// A list by label, currency or status, which have no index, looks at no more rows than this
    /// for one page. The page then ends early, and its cursor goes on from there.
    pub looked_at_max: u64,
}

/// Wallets, newest first.
#[derive(Debug, Clone)]
pub struct Page {
    /// The wallets; may be fewer than asked for even if more follow.
    pub wallets: Vec<Wallet>,
    /// Where the next page begins; none at the end.
    pub before: Option<WalletId>,
}

impl ListQuery {
    /// The filters without an index; none when there is none. That of the kind needs none, because
    /// ours are few and come last.
    fn unindexed(&self) -> Option<Condition> {
        let label = self.label.as_deref().map(|text| wallet::Column::Label.eq(text));
        let currency = self.currency.map(|one| wallet::Column::Currency.eq(one.to_string()));
        let status = self.status.map(|one| wallet_balance::Column::Status.eq(one.as_str()));
        let condition = Condition::all().add_option(label).add_option(currency).add_option(status);
        (!condition.is_empty()).then_some(condition)
    }
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

/// Wallets that match all that is given, newest first; ours come last.
pub async fn list(pool: &PgPool, query: &ListQuery) -> Result<Page, StoreError> {
    let connection = orm::connection(pool);
    let owner = query.owner_id.as_deref().map(|id| wallet::Column::OwnerId.eq(id));
    let before = query.before.map(|id| wallet::Column::Id.lt(id.0));
    let walk = wallet::Entity::find()
        .filter(Condition::all().add_option(owner).add_option(before))
        .order_by_desc(wallet::Column::Id);
    let mut picked =
        Condition::all().add_option(query.kind.map(|kind| wallet::Column::Kind.eq(kind.as_str())));
    let mut edge: Option<Uuid> = None;
    if let Some(unindexed) = query.unindexed() {
        let ids = walk.clone().select_only().column(wallet::Column::Id);
        edge = ids
            .offset(query.looked_at_max.saturating_sub(1))
            .limit(1)
            .into_tuple()
            .one(&connection)
            .await?;
        let within = edge.map(|edge| wallet::Column::Id.gte(edge));
        picked = picked.add(unindexed).add_option(within);
    }
    let found = walk.find_also_related(wallet_balance::Entity).filter(picked);
    let mut rows = found.limit(query.limit.saturating_add(1)).all(&connection).await?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut before = edge.map(WalletId);
    if rows.len() > limit {
        rows.truncate(limit);
        before = rows.last().map(|(cold, _)| WalletId(cold.id));
    }
    let wallets = rows.into_iter().map(Wallet::of_row).collect::<Result<_, _>>()?;
    Ok(Page { wallets, before })
}

/// Wallets of an owner, at most `limit`, newest first.
pub async fn ids_of_owner(
    pool: &PgPool,
    owner_id: &str,
    limit: u64,
) -> Result<Vec<WalletId>, StoreError> {
    let ids: Vec<Uuid> = wallet::Entity::find()
        .select_only()
        .column(wallet::Column::Id)
        .filter(wallet::Column::OwnerId.eq(owner_id))
        .filter(wallet::Column::Kind.eq(WalletKind::Customer.as_str()))
        .order_by_desc(wallet::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(&orm::connection(pool))
        .await?;
    Ok(ids.into_iter().map(WalletId).collect())
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

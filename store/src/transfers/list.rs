use chrono::Utc;
use domain::ids::{TransferId, WalletId};
use domain::transfer::TransferStatus;
use entities::transfer::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    TransactionTrait,
};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Transfer, archived};
use crate::{StoreError, orm};

/// A list with a filter by status looks at no more rows than this for one page, per
/// index that it walks: nobody indexes a status that every transfer changes twice.
/// The page then ends early, and its cursor goes on from there.
const LOOKED_AT_MAX: u64 = 5_000;

/// Which transfers, and how many of them.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Only from or to this wallet.
    pub wallet: Option<WalletId>,
    /// Only those that stand so.
    pub status: Option<TransferStatus>,
    /// Only those made before this one.
    pub before: Option<TransferId>,
    /// At most this many.
    pub limit: u64,
}

/// Transfers, newest first.
#[derive(Debug, Clone)]
pub struct Page {
    /// The transfers; may be fewer than asked for even if more follow.
    pub transfers: Vec<Transfer>,
    /// Where the next page begins; none at the end.
    pub before: Option<TransferId>,
}

/// Ids that a statement may look at; they tell the planner which partitions to leave out.
#[derive(Clone, Copy)]
struct Range {
    from: Uuid,
    before: Uuid,
}

/// Transfers by wallet, status or neither, newest first.
pub async fn list(pool: &PgPool, query: &ListQuery) -> Result<Page, StoreError> {
    // One transaction: from its first statement on it has a lock that keeps weeks from moving to the archive between two walks.
    let tx = orm::connection(pool).begin().await?;
    let range = Range {
        // A wallet has no transfers from before it was opened.
        from: query.wallet.map_or(Uuid::nil(), |wallet| orm::oldest_after(wallet.0)),
        before: query.before.map_or_else(|| orm::newest_before(Utc::now()), |id| id.0),
    };
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let (mut rows, mut edge) = merged(&tx, walks(query, range), query).await?;
    if rows.len() <= limit && edge.is_none() {
        // Archived ones are older than all live ones.
        let walks = walks(query, range).into_iter().map(archived).collect();
        let (older, older_edge) = merged(&tx, walks, query).await?;
        rows.extend(older);
        edge = older_edge;
    }
    tx.commit().await?;
    let before = if rows.len() > limit {
        rows.truncate(limit);
        rows.last().map(|row| TransferId(row.id))
    } else {
        edge.map(TransferId)
    };
    let transfers = rows.into_iter().map(Transfer::try_from).collect::<Result<_, _>>()?;
    Ok(Page { transfers, before })
}

/// Two ends, two indexes: one walk each. No transfer is in both.
fn walks(query: &ListQuery, range: Range) -> Vec<Select<Entity>> {
    match query.wallet {
        Some(wallet) => vec![
            along(Column::SourceWalletId, wallet, range),
            along(Column::DestinationWalletId, wallet, range),
        ],
        None => vec![within(range).order_by_desc(Column::Id)],
    }
}

/// What the walks found, newest first, down to the id at which one of them stopped before its end.
async fn merged(
    connection: &DatabaseTransaction,
    walks: Vec<Select<Entity>>,
    query: &ListQuery,
) -> Result<(Vec<Model>, Option<Uuid>), StoreError> {
    let mut rows: Vec<Model> = Vec::new();
    let mut edge: Option<Uuid> = None;
    for walk in walks {
        let (found, walk_edge) = page_of(connection, walk, query).await?;
        rows.extend(found);
        edge = edge.max(walk_edge);
    }
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
    // Below the edge one walk has not looked yet.
    rows.retain(|row| edge.is_none_or(|edge| row.id >= edge));
    Ok((rows, edge))
}

fn within(range: Range) -> Select<Entity> {
    Entity::find().filter(Column::Id.gte(range.from)).filter(Column::Id.lt(range.before))
}

/// Walks the index of one end of `wallet`.
///
/// Written as a range and sorted by that column too, because nothing but the index has
/// that order. For `=` and the order of ids the planner may walk the primary key instead,
/// past all transfers of all others, when it thinks that this wallet has many.
fn along(end: Column, wallet: WalletId, range: Range) -> Select<Entity> {
    within(range)
        .filter(end.between(wallet.0, wallet.0))
        .order_by_desc(end)
        .order_by_desc(Column::Id)
}

/// One page of a walk: what it found, and down to which id it looked when it
/// stopped before the end.
async fn page_of(
    connection: &DatabaseTransaction,
    walk: Select<Entity>,
    query: &ListQuery,
) -> Result<(Vec<Model>, Option<Uuid>), StoreError> {
    let limit = query.limit.saturating_add(1);
    let Some(status) = query.status else {
        return Ok((walk.limit(limit).all(connection).await?, None));
    };
    let edge: Option<Uuid> = walk
        .clone()
        .select_only()
        .column(Column::Id)
        .offset(LOOKED_AT_MAX - 1)
        .limit(1)
        .into_tuple()
        .one(connection)
        .await?;
    let mut rows = walk.filter(Column::Status.eq(status.as_str())).limit(limit);
    if let Some(edge) = edge {
        rows = rows.filter(Column::Id.gte(edge));
    }
    let rows = rows.all(connection).await?;
    Ok((rows, edge))
}

use chrono::{DateTime, Utc};
use domain::answer::Awaited;
use domain::ids::{TransferId, WalletId};
use domain::transfer::{TransferKind, TransferStatus};
use entities::saga_open;
use entities::transfer::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select, TransactionTrait,
};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Transfer, archived};
use crate::{StoreError, orm};

/// Rows that a page for a client looks at; see [`ListQuery::looked_at_max`].
pub const LOOKED_AT_FOR_CLIENTS: u64 = 5_000;
/// The same for operators: some tens of milliseconds, and ten times fewer pages to a rare transfer.
pub const LOOKED_AT_FOR_OPERATORS: u64 = 50_000;

/// Which transfers, and how many of them.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// Only from or to this wallet.
    pub wallet: Option<WalletId>,
    /// Only those that stand so.
    pub status: Option<TransferStatus>,
    /// Only those that wait for this; there are few of them, and an index knows them.
    pub waiting_for: Option<Awaited>,
    /// Only of this kind.
    pub kind: Option<TransferKind>,
    /// Only with this reference, letter for letter.
    pub reference: Option<String>,
    /// Only of this request.
    pub correlation_id: Option<String>,
    /// Only those made at this time or later, by the milliseconds in their ids.
    pub made_from: Option<DateTime<Utc>>,
    /// Only those made before this time.
    pub made_to: Option<DateTime<Utc>>,
    /// Only those made before this one.
    pub before: Option<TransferId>,
    /// At most this many.
    pub limit: u64,
    /// A filter without an index (all but wallet and times) looks at no more rows than this for
    /// one page, per index that it walks: nobody indexes a status that every transfer changes
    /// twice, or texts that almost nobody asks for. The page then ends early, and its cursor
    /// goes on from there.
    pub looked_at_max: u64,
}

impl ListQuery {
    /// The filters without an index; none when there is none.
    fn unindexed(&self) -> Option<Condition> {
        let condition = Condition::all()
            .add_option(self.status.map(|status| Column::Status.eq(status.as_str())))
            .add_option(self.kind.map(|kind| Column::Kind.eq(kind.as_str())))
            .add_option(self.reference.as_deref().map(|text| Column::Reference.eq(text)))
            .add_option(self.correlation_id.as_deref().map(|id| Column::CorrelationId.eq(id)));
        (!condition.is_empty()).then_some(condition)
    }

    /// Whether a transfer that was found in another way is one of these. What it waits for is not
    /// asked.
    pub fn picks(&self, one: &Transfer) -> bool {
        let is_at_least = |at| one.id.0 >= orm::first_from(at);
        let is_below = |at| one.id.0 < orm::first_from(at);
        let same =
            |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        self.wallet.is_none_or(|id| one.source == Some(id) || one.destination == id)
            && self.status.is_none_or(|status| one.status == status)
            && self.kind.is_none_or(|kind| one.kind == kind)
            && same(&self.reference, &one.reference)
            && same(&self.correlation_id, &one.correlation_id)
            && self.made_from.is_none_or(is_at_least)
            && self.made_to.is_none_or(is_below)
            && self.before.is_none_or(|id| one.id < id)
    }
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

/// Transfers that match all that is given, newest first.
pub async fn list(pool: &PgPool, query: &ListQuery) -> Result<Page, StoreError> {
    // One transaction: from its first statement on it has a lock that keeps weeks from moving to the archive between two walks.
    let tx = orm::connection(pool).begin().await?;
    // A wallet has no transfers from before it was opened.
    let opened = query.wallet.map_or(Uuid::nil(), |wallet| orm::oldest_after(wallet.0));
    let before = query.before.map_or_else(|| orm::newest_before(Utc::now()), |id| id.0);
    let range = Range {
        from: query.made_from.map_or(opened, |at| opened.max(orm::first_from(at))),
        before: query.made_to.map_or(before, |at| before.min(orm::first_from(at))),
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
    let mut walks = ends(query.wallet, range);
    if let Some(what) = query.waiting_for {
        let waiting = saga_open::Entity::find()
            .select_only()
            .column(saga_open::Column::TransferId)
            .filter(saga_open::Column::WaitingFor.eq(what.as_str()))
            .into_query();
        let among = |walk: Select<Entity>| walk.filter(Column::Id.in_subquery(waiting.clone()));
        walks = walks.into_iter().map(among).collect();
    }
    walks
}

fn ends(wallet: Option<WalletId>, range: Range) -> Vec<Select<Entity>> {
    match wallet {
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
    let Some(condition) = query.unindexed() else {
        return Ok((walk.limit(limit).all(connection).await?, None));
    };
    let edge: Option<Uuid> = walk
        .clone()
        .select_only()
        .column(Column::Id)
        .offset(query.looked_at_max.saturating_sub(1))
        .limit(1)
        .into_tuple()
        .one(connection)
        .await?;
    let mut rows = walk.filter(condition).limit(limit);
    if let Some(edge) = edge {
        rows = rows.filter(Column::Id.gte(edge));
    }
    let rows = rows.all(connection).await?;
    Ok((rows, edge))
}

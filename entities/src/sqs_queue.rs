//! The queues that the desk watches.

use sea_orm::entity::prelude::*;

/// One queue; for a dead-letter queue also the lease on it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sqs_queue")]
pub struct Model {
    /// The last part of its address.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub name: String,
    /// Where its messages come from; null for a queue that is no dead-letter queue.
    #[sea_orm(column_type = "Text", nullable)]
    pub source_queue: Option<String>,
    /// Messages that a receive may get; null before the first sample, like the others.
    pub visible_count: Option<i64>,
    /// Messages in somebody's hands.
    pub in_flight_count: Option<i64>,
    /// Messages that are not yet to be had.
    pub delayed_count: Option<i64>,
    /// Seconds that it keeps a message.
    pub retention_s: Option<i64>,
    /// When it was counted.
    pub sampled_at: Option<DateTimeUtc>,
    /// The process that works on it; null while none does.
    pub leased_by: Option<Uuid>,
    /// Until then nobody else does.
    pub leased_until: Option<DateTimeUtc>,
    /// Messages that were visible when it was last read.
    pub looked_count: Option<i64>,
    /// When it was last read.
    pub looked_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

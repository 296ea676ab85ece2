//! Headers of journal entries.

use sea_orm::entity::prelude::*;

/// The header of a balanced set of postings. Append-only.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal_entry")]
pub struct Model {
    /// A uuid v7; the range of it decides the partition.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The transfer that posted it.
    pub transfer_id: Uuid,
    /// When it was posted, by the database's clock.
    pub posted_at: DateTimeUtc,
    /// When it counts for the business; equals `posted_at` unless backdated.
    pub effective_at: DateTimeUtc,
    /// The entry that this one undoes; null otherwise.
    pub reverses_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

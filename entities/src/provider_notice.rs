//! What payout providers told by themselves.

use domain::notice::NoticeStatus;
use sea_orm::entity::prelude::*;

use crate::row::{InvalidRow, word};

/// One notice. Written by the API, kept 35 days.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_notice")]
pub struct Model {
    /// The payout.
    #[sea_orm(primary_key, auto_increment = false)]
    pub transfer_id: Uuid,
    /// Name of the provider in the path that it was sent to.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub provider: String,
    /// A [`NoticeStatus`].
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub status: String,
    /// The provider's own id of the payout.
    #[sea_orm(column_type = "Text")]
    pub reference: String,
    /// Why it was declined, for programs; null when none was given.
    #[sea_orm(column_type = "Text", nullable)]
    pub code: Option<String>,
    /// Why it was declined, for people; null when none was given.
    #[sea_orm(column_type = "Text", nullable)]
    pub detail: Option<String>,
    /// When it was first received.
    pub received_at: DateTimeUtc,
    /// The body that was signed, byte for byte.
    #[sea_orm(column_type = "Text")]
    pub raw: String,
    /// When the saga got it, or was found to be at its end; null while it may still be of use.
    pub applied_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// How the payout ended, as it says.
    pub fn status(&self) -> Result<NoticeStatus, InvalidRow> {
        word("provider_notice", "status", &self.status)
    }
}

//! Where counting begins: with what was sent in the present day and month.
//!
//! A subject that gets its first limit, or an owner whose days are cut anew, has usage that
//! nobody has counted. It is the sum of the wallets' debit postings and of what is under way and
//! counted already. Most of it is summed up before the wallets are locked, and only the postings
//! after that under the lock, so that a busy wallet is not held up. What was screened
//! before its wallet had a limit and is not yet posted stays uncounted.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::WalletId;
use domain::limit::{LimitPeriod, Subject, TimeZone, Usage};
use domain::money::MinorUnits;
use domain::transfer::TransferKind;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::usage;
use crate::{StoreError, orm};

/// What a subject's wallets have sent, as far as it has been summed up.
pub(super) struct Seed {
    subject: Subject,
    today: NaiveDate,
    wallets: BTreeMap<WalletId, Posted>,
}

/// What one wallet has sent today and this month, up to a place in its statement.
#[derive(Debug, Clone, Copy, Default)]
struct Posted {
    day: Usage,
    month: Usage,
    wallet_seq: i64,
    last_posted_at: Option<DateTime<Utc>>,
}

impl Seed {
    /// Sums up what is there, without a lock.
    pub(super) async fn begin(
        connection: &mut PgConnection,
        subject: Subject,
        wallets: &BTreeSet<WalletId>,
        zone: TimeZone,
    ) -> Result<Self, StoreError> {
        let now: DateTime<Utc> =
            sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&mut *connection).await?;
        let today = zone.day_of(now);
        let wallets = wallets.iter().map(|id| (*id, Posted::default())).collect();
        let mut seed = Self { subject, today, wallets };
        seed.add_postings(connection, zone).await?;
        Ok(seed)
    }

    /// Adds what has come since and what is under way, and writes the windows. The wallets are
    /// locked, and `now` was read after that.
    pub(super) async fn finish(
        mut self,
        connection: &mut PgConnection,
        zone: TimeZone,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let today = zone.day_of(now);
        if today != self.today {
            // The day has changed meanwhile: what was summed up is of another one.
            self.today = today;
            self.wallets.values_mut().for_each(|posted| *posted = Posted::default());
        }
        self.add_postings(connection, zone).await?;
        let (mut day, mut month) = self.under_way(connection).await?;
        for posted in self.wallets.values() {
            (day, month) = (day.plus(posted.day), month.plus(posted.month));
        }
        let windows = self.subject.windows(today);
        let sum = |period| if period == LimitPeriod::Month { month } else { day };
        let written: Vec<_> = windows.iter().map(|window| (window, sum(window.period))).collect();
        usage::write_in_tx(&mut *connection, &written).await?;
        self.clear_ahead(connection).await
    }

    /// Empties the windows of days and months that have not begun.
    async fn clear_ahead(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        sqlx::query(include_str!("clear_ahead.sql"))
            .bind(self.subject.scope.as_str())
            .bind(&self.subject.id)
            .bind(self.subject.currency.to_string())
            .bind(self.today)
            .bind(self.month())
            .bind(self.wallets.keys().map(|id| id.0).collect::<Vec<Uuid>>())
            .execute(connection)
            .await?;
        Ok(())
    }

    /// The first day of the present month.
    fn month(&self) -> NaiveDate {
        LimitPeriod::Month.first_day(self.today).unwrap_or(self.today)
    }

    /// Adds the postings that each wallet has got since it was last looked at.
    async fn add_postings(
        &mut self,
        connection: &mut PgConnection,
        zone: TimeZone,
    ) -> Result<(), StoreError> {
        let month_from = zone.start_of(self.month());
        let kinds: Vec<&str> = TransferKind::ALL
            .iter()
            .filter(|one| one.is_limited())
            .map(|one| one.as_str())
            .collect();
        let rows = sqlx::query(include_str!("posted.sql"))
            .bind(self.wallets.keys().map(|id| id.0).collect::<Vec<Uuid>>())
            .bind(self.wallets.values().map(|one| one.wallet_seq).collect::<Vec<_>>())
            .bind(self.wallets.values().map(|one| one.last_posted_at).collect::<Vec<_>>())
            .bind(month_from)
            .bind(zone.start_of(self.today))
            .bind(orm::first_from(month_from))
            .bind(kinds)
            .fetch_all(connection)
            .await?;
        for row in &rows {
            let Some(posted) = self.wallets.get_mut(&WalletId(row.try_get("wallet_id")?)) else {
                continue;
            };
            posted.day = posted.day.plus(Usage {
                amount: MinorUnits(row.try_get("day_minor")?),
                count: row.try_get("day_count")?,
            });
            posted.month = posted.month.plus(Usage {
                amount: MinorUnits(row.try_get("month_minor")?),
                count: row.try_get("month_count")?,
            });
            posted.wallet_seq = row.try_get("wallet_seq")?;
            posted.last_posted_at = row.try_get("last_posted_at")?;
        }
        Ok(())
    }

    /// What open transfers are counted with, today and this month. No lane changes them, because
    /// it would need a wallet that is locked.
    async fn under_way(&self, connection: &mut PgConnection) -> Result<(Usage, Usage), StoreError> {
        let row = sqlx::query(include_str!("under_way.sql"))
            .bind(self.wallets.keys().map(|id| id.0).collect::<Vec<Uuid>>())
            .bind(self.today)
            .bind(self.month())
            .fetch_one(connection)
            .await?;
        let day = Usage {
            amount: MinorUnits(row.try_get("day_minor")?),
            count: row.try_get("day_count")?,
        };
        let month = Usage {
            amount: MinorUnits(row.try_get("month_minor")?),
            count: row.try_get("month_count")?,
        };
        Ok((day, month))
    }
}

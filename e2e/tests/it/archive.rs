//! Old weeks of the ledger: archived behind a checkpoint, and read as before.

use chrono::{DateTime, TimeDelta, Utc};
use domain::group::{Boundaries, NoFaults};
use domain::ids::{TransferId, WalletId};
use store::archive::{self, ArchiveError, Outcome, Request, Summary};
use store::ledger::{self, Mode, Violation};
use uuid::Uuid;

use crate::support::{World, deposit, rules, transfer};

mod alive;
mod reads;
mod refusals;
mod tampering;

/// A world with a past: its wallets were opened long ago.
pub struct Past {
    pub world: World,
    pub wallets: Vec<WalletId>,
}

impl Past {
    /// `count` wallets, 30 weeks old, that nothing was posted to.
    pub async fn new(count: usize) -> Self {
        let world = World::new().await;
        let weeks = "SELECT create_partitions(now() - interval '20 weeks', now())";
        sqlx::query(weeks).execute(&world.reads).await.expect("partitions");
        let mut wallets = Vec::new();
        for _ in 0..count {
            wallets.push(world.open_wallet(WalletId(older(Uuid::now_v7(), 30))).await);
        }
        Self { world, wallets }
    }

    /// Deposits into two wallets and transfers from each to the other, all settled, and as many rejected.
    pub async fn trade(&self, one: usize, other: usize) -> Vec<TransferId> {
        let (one, other) = (self.wallets[one], self.wallets[other]);
        let commands = [
            deposit(one, 1_000),
            deposit(other, 500),
            transfer(one, other, 120),
            transfer(other, one, 70),
            transfer(one, other, 1_000_000),
        ];
        let ids = self.world.accept(&commands).await;
        self.world.drive(&rules(Boundaries::Fused, NoFaults), &ids).await;
        ids
    }

    /// Makes everything that is there, but for wallets, as many weeks older, and counts its events as sent. Returns
    /// what the ids of transfers have become.
    pub async fn age(&self, weeks: i64, ids: &[TransferId]) -> Vec<TransferId> {
        let mut connection = self.world.reads.acquire().await.expect("a connection");
        let statements = sqlx::AssertSqlSafe(AGE.replace("$WEEKS", &weeks.to_string()));
        sqlx::raw_sql(statements).execute(&mut *connection).await.expect("an older world");
        ids.iter().map(|id| TransferId(older(id.0, weeks))).collect()
    }

    /// Archives all weeks before the Monday that began the week as many weeks ago.
    pub async fn archive(&self, weeks_ago: i64) -> Result<Outcome, ArchiveError> {
        archive::run(&self.world.reads, &request(weeks_ago), |_| ()).await
    }

    /// The same, where it must come to its end.
    pub async fn archived(&self, weeks_ago: i64) -> Summary {
        match self.archive(weeks_ago).await {
            Ok(Outcome::Done(summary)) => summary,
            other => panic!("not archived: {other:?}"),
        }
    }

    /// What the check finds.
    pub async fn violations(&self, mode: Mode) -> Vec<Violation> {
        ledger::check(&self.world.reads, mode).await.expect("a ledger check").violations
    }

    /// Every rule holds, of the archive as well.
    pub async fn assert_all_clean(&self) {
        for mode in [Mode::Full, Mode::Archive] {
            let violations = self.violations(mode).await;
            assert!(violations.is_empty(), "{mode:?}: {violations:#?}");
        }
    }
}

/// The id as if it had been made as many weeks ago.
pub fn older(id: Uuid, weeks: i64) -> Uuid {
    let ms = u128::try_from(TimeDelta::weeks(weeks).num_milliseconds()).expect("a positive number");
    Uuid::from_u128(id.as_u128() - (ms << 80))
}

/// The Monday, 00:00 UTC, of the week as many weeks ago.
pub fn monday(weeks_ago: i64) -> DateTime<Utc> {
    let week = TimeDelta::weeks(1).num_seconds();
    // 1970 began on a Thursday.
    let to_monday = TimeDelta::days(3).num_seconds();
    let at = Utc::now().timestamp() - weeks_ago * week;
    DateTime::from_timestamp(at - (at + to_monday) % week, 0).expect("a time")
}

/// A week is kept, and locks are waited for within half a minute.
pub fn request(weeks_ago: i64) -> Request {
    Request { tries_max: 30, ..Request::new(monday(weeks_ago), TimeDelta::weeks(1)) }
}

/// Ids of entries keep the millisecond of their posting.
const AGE: &str = "
CREATE OR REPLACE FUNCTION pg_temp.older(id uuid) RETURNS uuid LANGUAGE sql AS $$
    SELECT (lpad(to_hex(
        ('x' || left(hex, 12))::bit(48)::bigint - $WEEKS * 7 * 86400000::bigint), 12, '0') || right(hex, 20))::uuid
    FROM replace(id::text, '-', '') AS hex
$$;
UPDATE posting SET entry_id = pg_temp.older(entry_id), posted_at = posted_at - interval '$WEEKS weeks';
UPDATE journal_entry SET id = pg_temp.older(id), transfer_id = pg_temp.older(transfer_id),
    posted_at = posted_at - interval '$WEEKS weeks', effective_at = effective_at - interval '$WEEKS weeks';
UPDATE transfer SET id = pg_temp.older(id), entry_id = pg_temp.older(entry_id),
    created_at = created_at - interval '$WEEKS weeks', updated_at = updated_at - interval '$WEEKS weeks';
UPDATE saga_step SET transfer_id = pg_temp.older(transfer_id), at = at - interval '$WEEKS weeks';
UPDATE saga_open SET transfer_id = pg_temp.older(transfer_id);
UPDATE event SET id = pg_temp.older(id), transfer_id = pg_temp.older(transfer_id),
    occurred_at = occurred_at - interval '$WEEKS weeks';
UPDATE idempotency_key SET resource_id = pg_temp.older(resource_id) WHERE EXISTS (
    SELECT 1 FROM transfer WHERE id = pg_temp.older(resource_id));
UPDATE wallet_balance SET last_posted_at = last_posted_at - interval '$WEEKS weeks';
DELETE FROM outbox;
";

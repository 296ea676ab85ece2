//! What the consumers keep of events: the audit chain and the business figures.

use std::sync::Arc;

use domain::event::EventType;
use domain::group::{Boundaries, NoFaults};
use domain::ids::{EventId, TransferId};
use domain::money::Amount;
use domain::transfer::TransferStatus;
use sqlx::Row;
use store::audit::{self, Appended, Breach};
use store::inbox::{self, IncomingEvent, TransferNews};
use store::metrics::{self, Counted};
use tokio::sync::Barrier;

use crate::support::{World, rules, transfer};

mod outage;
mod packed;
mod queues;

impl World {
    /// Settles and rejects transfers between a few wallets, a third with too little money.
    async fn trade(&self, count: usize) {
        let wallets = self.wallets(5, 1_000).await;
        let commands: Vec<_> = (0..count)
            .map(|index| {
                let (from, to) = (index * 7 % 5, (index * 7 + 1 + index % 4) % 5);
                let amount = if index % 3 == 0 { 1_000_000 } else { 1 + index * 37 % 90 };
                transfer(wallets[from], wallets[to], i64::try_from(amount).expect("small"))
            })
            .collect();
        for commands in commands.chunks(200) {
            let ids = self.accept(commands).await;
            self.drive(&rules(Boundaries::Fused, NoFaults), &ids).await;
        }
    }

    /// All events of the log, as a consumer would receive them.
    async fn events(&self) -> Vec<IncomingEvent> {
        let rows = sqlx::query(
            "SELECT e.id, e.type, e.occurred_at, e.envelope, t.id, t.status, t.amount_minor, t.currency
             FROM event AS e LEFT JOIN transfer AS t ON t.id = e.transfer_id ORDER BY e.id",
        )
        .fetch_all(&self.reads)
        .await
        .expect("the log");
        let event = |row: &sqlx::postgres::PgRow| IncomingEvent {
            id: EventId(row.get(0)),
            event_type: row.get::<&str, _>(1).parse::<EventType>().expect("a type"),
            occurred_at: row.get(2),
            body: row.get(3),
            transfer: row.get::<Option<uuid::Uuid>, _>(4).map(|id| TransferNews {
                id: TransferId(id),
                status: row.get::<&str, _>(5).parse::<TransferStatus>().expect("a status"),
                amount: Amount::new(row.get(6)).expect("an amount"),
                currency: row.get::<&str, _>(7).parse().expect("a currency"),
            }),
        };
        rows.iter().map(event).collect()
    }

    async fn append(&self, events: &[IncomingEvent]) -> Appended {
        let mut connection = self.hot.acquire().await.expect("a connection");
        audit::append(&mut connection, events).await.expect("a committed batch")
    }

    async fn count_events(&self, events: &[IncomingEvent]) -> Counted {
        let mut connection = self.hot.acquire().await.expect("a connection");
        metrics::count(&mut connection, events).await.expect("a committed batch")
    }

    /// Where the chain breaks first: seq and how.
    async fn first_broken(&self) -> Option<(i64, Breach)> {
        let verified = audit::verify(&self.reads).await.expect("a verified chain");
        verified.first_broken.map(|broken| (broken.seq, broken.breach))
    }

    /// Figures that differ from what the transfers themselves add up to.
    async fn assert_figures_equal_the_ledger(&self) {
        assert_eq!(self.count(WRONG_FIGURES).await, 0, "a figure is wrong");
        assert_eq!(self.count(WRONG_VOLUME).await, 0, "a volume is not what was posted");
    }

    async fn execute(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.reads).await.expect("a statement");
    }
}

/// By the minute of the event, with the amounts of the transfers.
const WRONG_FIGURES: &str = "
    WITH wanted AS (
        SELECT date_trunc('minute', e.occurred_at, 'UTC') AS minute, t.status, t.currency,
               count(*) AS transfer_count, sum(t.amount_minor) AS amount_minor
        FROM transfer AS t JOIN event AS e ON e.transfer_id = t.id
        WHERE t.status IN ('settled', 'rejected', 'failed', 'stuck')
        GROUP BY 1, 2, 3
    )
    SELECT count(*) FROM (
        (TABLE wanted EXCEPT TABLE business_minute) UNION ALL (TABLE business_minute EXCEPT TABLE wanted)
    ) AS wrong";

/// The settled volume is what was credited.
const WRONG_VOLUME: &str = "
    SELECT count(*)
    FROM (SELECT currency, sum(amount_minor) AS posted FROM posting WHERE side = 'credit' GROUP BY 1) AS p
    FULL JOIN (
        SELECT currency, sum(amount_minor) AS counted FROM business_minute WHERE status = 'settled' GROUP BY 1
    ) AS b USING (currency)
    WHERE p.posted IS DISTINCT FROM b.counted";

#[tokio::test]
async fn events_that_come_again_do_nothing() {
    let world = World::new().await;
    world.trade(40).await;
    let mut events = world.events().await;
    let total = events.len();
    // The first ones twice in one batch, then everything again in another order.
    events.extend_from_within(..5);
    let first = world.append(&events).await;
    assert_eq!(first, Appended { new: total, duplicates: 5 });
    let counted = world.count_events(&events).await;
    assert_eq!(counted, Counted { new: total, duplicates: 5, too_old: 0 });
    events.reverse();
    let again = world.append(&events).await;
    assert_eq!(again, Appended { new: 0, duplicates: total + 5 });
    let counted = world.count_events(&events).await;
    assert_eq!(counted, Counted { new: 0, duplicates: total + 5, too_old: 0 });

    let verified = audit::verify(&world.reads).await.expect("a verified chain");
    assert_eq!((verified.rows, verified.first_broken), (i64::try_from(total).expect("few"), None));
    let same = "SELECT count(*) FROM event AS e JOIN event_audit AS a
        ON a.event_id = e.id AND a.body = e.envelope AND a.type = e.type
        AND a.transfer_id IS NOT DISTINCT FROM e.transfer_id";
    assert_eq!(world.count(same).await, verified.rows, "the bodies are the sender's bytes");
    world.assert_figures_equal_the_ledger().await;
}

#[tokio::test]
async fn events_stay_known_after_the_inbox_has_forgotten_them() {
    let world = World::new().await;
    world.trade(10).await;
    let mut events = world.events().await;
    world.append(&events).await;
    world.count_events(&events).await;
    // Ids have their time in their first digits.
    let aged = "UPDATE inbox SET handled_at = now() - interval '31 days',
        event_id = overlay(event_id::text PLACING '018bcfe5-6800' FROM 1 FOR 13)::uuid";
    let mut connection = world.reads.acquire().await.expect("a connection");
    let early = inbox::purge(&mut connection).await.expect("a purge");
    world.execute(aged).await;
    let purged = inbox::purge(&mut connection).await.expect("a purge");
    assert_eq!(early, 0);
    assert_eq!(usize::try_from(purged).expect("few"), events.len() * 2);

    assert_eq!(world.append(&events).await, Appended { new: 0, duplicates: events.len() });
    assert_eq!(world.first_broken().await, None);
    for event in &mut events {
        event.occurred_at -= chrono::TimeDelta::days(31);
    }
    let too_old = events.len();
    assert_eq!(world.count_events(&events).await, Counted { new: 0, duplicates: 0, too_old });
    world.assert_figures_equal_the_ledger().await;
}

#[tokio::test]
async fn the_figures_of_random_transfers_are_what_the_ledger_adds_up_to() {
    let world = World::new().await;
    world.trade(1_000).await;
    let events = world.events().await;
    for batch in events.chunks(7) {
        world.count_events(batch).await;
    }
    world.assert_figures_equal_the_ledger().await;
    let kinds = "SELECT count(DISTINCT status) FROM business_minute";
    assert_eq!(world.count(kinds).await, 2, "settled and rejected");
}

#[tokio::test]
async fn a_sum_may_pass_64_bits() {
    let world = World::new().await;
    world.trade(3).await;
    let mut events = world.events().await;
    events.retain(|event| event.transfer.is_some());
    let mut many = Vec::new();
    for _ in 0..2_000 {
        let mut event = events[0].clone();
        event.id = EventId(uuid::Uuid::now_v7());
        let news = event.transfer.as_mut().expect("a transfer");
        news.amount = Amount::new(domain::money::AMOUNT_MINOR_MAX).expect("an amount");
        many.push(event);
    }
    world.count_events(&many).await;
    let sum: String = sqlx::query_scalar("SELECT sum(amount_minor)::text FROM business_minute")
        .fetch_one(&world.reads)
        .await
        .expect("a sum");
    assert_eq!(sum, (2_000 * i128::from(domain::money::AMOUNT_MINOR_MAX)).to_string());
}

#[tokio::test]
async fn whatever_is_done_to_the_chain_the_first_broken_row_is_named() {
    let world = World::new().await;
    world.trade(40).await;
    world.append(&world.events().await).await;
    assert_eq!(world.first_broken().await, None);
    world.execute("CREATE TABLE saved AS TABLE event_audit").await;
    world.execute("CREATE TABLE saved_head AS TABLE event_audit_head").await;
    let newest = world.count("SELECT seq FROM event_audit_head").await;
    let cases: &[(&'static str, i64, Breach)] = &[
        (
            "UPDATE event_audit SET body = replace(body, 'EUR', 'USD') WHERE seq >= 7",
            7,
            Breach::Content,
        ),
        ("UPDATE event_audit SET body = body || ' ' WHERE seq = 3", 3, Breach::Content),
        ("UPDATE event_audit SET type = 'transfer.failed.v1' WHERE seq = 4", 4, Breach::Content),
        (
            "UPDATE event_audit SET transfer_id = gen_random_uuid() WHERE seq = 11",
            11,
            Breach::Content,
        ),
        (
            "UPDATE event_audit SET received_at = received_at + interval '1 us' WHERE seq = 9",
            9,
            Breach::Content,
        ),
        (
            "UPDATE event_audit SET body = 'x', hash = sha256('x') WHERE seq = 12",
            12,
            Breach::Content,
        ),
        ("UPDATE event_audit SET prev_hash = sha256('x') WHERE seq = 5", 5, Breach::Link),
        ("DELETE FROM event_audit WHERE seq = 1", 1, Breach::Missing),
        ("DELETE FROM event_audit WHERE seq IN (8, 9)", 8, Breach::Missing),
        // Removed, and the rest numbered anew.
        (
            "DELETE FROM event_audit WHERE seq = 6;
          UPDATE event_audit SET seq = -seq + 100000 WHERE seq > 6;
          UPDATE event_audit SET seq = 100000 - seq - 1 WHERE seq > 50000;
          UPDATE event_audit_head SET seq = seq - 1",
            6,
            Breach::Link,
        ),
        // Two rows change places.
        (
            "UPDATE event_audit SET seq = 90000 WHERE seq = 10;
          UPDATE event_audit SET seq = 10 WHERE seq = 13;
          UPDATE event_audit SET seq = 13 WHERE seq = 90000",
            10,
            Breach::Link,
        ),
        (
            "DELETE FROM event_audit WHERE seq = (SELECT seq FROM event_audit_head)",
            newest,
            Breach::Missing,
        ),
        ("UPDATE event_audit_head SET hash = sha256('x')", newest, Breach::Head),
        ("UPDATE event_audit_head SET seq = seq - 1", newest, Breach::BeyondHead),
        ("TRUNCATE event_audit", 1, Breach::Missing),
    ];
    for &(sql, seq, breach) in cases {
        world.execute(sql).await;
        assert_eq!(world.first_broken().await, Some((seq, breach)), "{sql}");
        world
            .execute(
                "TRUNCATE event_audit, event_audit_head;
                 INSERT INTO event_audit TABLE saved;
                 INSERT INTO event_audit_head TABLE saved_head",
            )
            .await;
        assert_eq!(world.first_broken().await, None, "restored after {sql}");
    }
}

/// Two processes receive the same events in another order, each in small batches.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_appenders_at_once_keep_one_chain_and_count_each_event_once() {
    let world = Arc::new(World::new().await);
    world.trade(600).await;
    let events = world.events().await;
    let total = events.len();
    let barrier = Arc::new(Barrier::new(4));
    let consume = |offset: usize, step: usize| {
        let (world, barrier, mut events) = (world.clone(), barrier.clone(), events.clone());
        events.rotate_left(offset);
        if step.is_multiple_of(2) {
            events.reverse();
        }
        tokio::spawn(async move {
            barrier.wait().await;
            let (mut appended, mut counted) = (0, 0);
            for batch in events.chunks(step) {
                appended += world.append(batch).await.new;
                counted += world.count_events(batch).await.new;
            }
            (appended, counted)
        })
    };
    let running = [consume(0, 10), consume(3, 8), consume(200, 9), consume(0, 6)];
    let (mut appended, mut counted) = (0, 0);
    for one in running {
        let one = one.await.expect("no deadlock");
        (appended, counted) = (appended + one.0, counted + one.1);
    }
    assert_eq!((appended, counted), (total, total));
    let verified = audit::verify(&world.reads).await.expect("a verified chain");
    assert_eq!((verified.rows, verified.first_broken), (i64::try_from(total).expect("few"), None));
    world.assert_figures_equal_the_ledger().await;
}

/// Two processes at once, in opposite order: first the same events for the chain, then
/// different events that count into the same figures.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn batches_in_opposite_order_do_not_deadlock() {
    let world = Arc::new(World::new().await);
    world.trade(1).await;
    let template = world.events().await.into_iter().find(|event| event.transfer.is_some());
    let template = template.expect("an event of a transfer");
    let batch = |size: i32| -> Vec<IncomingEvent> {
        let event = |index| IncomingEvent {
            id: EventId(uuid::Uuid::now_v7()),
            occurred_at: template.occurred_at - chrono::TimeDelta::minutes(index),
            ..template.clone()
        };
        (0..size.into()).map(event).collect()
    };
    for _ in 0..20 {
        let (chained, counted) = (batch(300), [batch(300), batch(300)]);
        let barrier = Arc::new(Barrier::new(2));
        let consume = |chained: Vec<IncomingEvent>, counted: Vec<IncomingEvent>| {
            let (world, barrier) = (world.clone(), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                let appended = world.append(&chained).await;
                barrier.wait().await;
                world.count_events(&counted).await;
                appended.new
            })
        };
        let reversed = |events: &[IncomingEvent]| events.iter().rev().cloned().collect();
        let two = consume(reversed(&chained), reversed(&counted[1]));
        let one = consume(chained, counted[0].clone());
        let new = one.await.expect("no deadlock") + two.await.expect("no deadlock");
        assert_eq!(new, 300, "each event is chained once");
    }
    assert_eq!(world.first_broken().await, None);
}

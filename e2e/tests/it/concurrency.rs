//! Many at once: exact verdicts, no overdraft, no deadlock.

use std::sync::Arc;

use domain::group::{Boundaries, NoFaults};
use domain::idempotency::IdempotencyKey;
use domain::ids::{TransferId, WalletId};
use store::intake::{Submitted, write_batch};
use store::pool::{self, Purpose};
use tokio::sync::Barrier;

use crate::support::{World, rules, transfer};

/// 1,000 transfers among 10 wallets with too little money, over four lanes.
#[tokio::test(flavor = "multi_thread")]
async fn wallets_with_too_little_money_are_never_overdrawn_and_every_verdict_is_exact() {
    let world = Arc::new(World::new().await);
    let wallets = world.wallets(10, 200).await;
    let commands: Vec<_> = (0..1_000_usize)
        .map(|index| {
            let (from, to) = (index * 7 % 10, (index * 7 + 1 + index % 9) % 10);
            transfer(wallets[from], wallets[to], 1 + i64::try_from(index * 37 % 400).unwrap_or(0))
        })
        .collect();
    let ids = world.accept(&commands).await;
    let lanes = ids.chunks(16).enumerate().fold(vec![Vec::new(); 4], |mut lanes, (turn, chunk)| {
        lanes[turn % 4].push(chunk.to_vec());
        lanes
    });
    let running = lanes.into_iter().map(|groups| {
        let world = world.clone();
        tokio::spawn(async move {
            for group in groups {
                world.drive(&rules(Boundaries::Fused, NoFaults), &group).await;
            }
        })
    });
    for lane in running.collect::<Vec<_>>() {
        lane.await.expect("a lane without a deadlock");
    }

    let (settled, rejected) = (
        world
            .count("SELECT count(*) FROM transfer WHERE status = 'settled' AND kind = 'transfer'")
            .await,
        world.count("SELECT count(*) FROM transfer WHERE status = 'rejected'").await,
    );
    assert_eq!(settled + rejected, 1_000, "each has a verdict");
    assert!(
        settled > 100 && rejected > 100,
        "{settled} settled, {rejected} rejected: the test is one-sided"
    );
    assert_eq!(
        world.count(WRONGLY_REJECTED).await,
        0,
        "one was rejected that could have been paid"
    );
    assert_eq!(balances(&world, &wallets).await, 2_000, "what was there is still there");
    world.assert_clean_slate().await;
}

/// Rejected transfers whose source held enough at that moment: after all postings of
/// earlier groups, and of its own group's transfers with smaller ids.
const WRONGLY_REJECTED: &str = "
    SELECT count(*)
    FROM transfer AS t
    JOIN saga_step AS s ON s.transfer_id = t.id AND s.outcome = 'rejected'
    WHERE t.status = 'rejected' AND t.amount_minor <= (
        SELECT coalesce(sum(CASE p.side WHEN 'credit' THEN p.amount_minor ELSE -p.amount_minor END), 0)
        FROM posting AS p
        JOIN journal_entry AS e ON e.id = p.entry_id
        WHERE p.wallet_id = t.source_wallet_id
            AND (p.posted_at < s.at OR (p.posted_at = s.at AND e.transfer_id < t.id))
    )";

async fn balances(world: &World, wallets: &[WalletId]) -> i64 {
    let mut sum = 0;
    for &wallet in wallets {
        let available = world.available(wallet).await;
        assert!(available >= 0, "wallet {wallet} is overdrawn");
        sum += available;
    }
    sum
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_as_of_an_instant_waits_for_the_transfers_that_may_still_change_it() {
    let world = Arc::new(World::new().await);
    let wallets = world.wallets(1, 100).await;
    let wallet = wallets[0];
    // A lane has the wallet, and its time is before the instant that is asked for.
    let mut lane = world.reads.begin().await.expect("a transaction");
    sqlx::query("SELECT 1 FROM wallet_balance WHERE wallet_id = $1 FOR NO KEY UPDATE")
        .bind(wallet.0)
        .execute(&mut *lane)
        .await
        .expect("a lock");
    let at = chrono::Utc::now();
    let reader = {
        let world = world.clone();
        tokio::spawn(async move { store::statements::ledger_at(&world.reads, wallet, at).await })
    };
    world
        .wait_until(
            "the reader waits",
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock')",
        )
        .await;
    assert!(!reader.is_finished());
    lane.commit().await.expect("a commit");
    let balance = reader.await.expect("a reader").expect("a read");
    assert_eq!(balance.map(|balance| balance.0), Some(100));

    let future = chrono::Utc::now() + chrono::TimeDelta::seconds(30);
    let balance = store::statements::ledger_at(&world.reads, wallet, future).await;
    assert_eq!(balance.expect("a read"), None, "nobody knows the future");
}

#[tokio::test]
async fn equal_keys_in_one_batch_make_one_transfer() {
    let world = World::new().await;
    let wallets = world.wallets(2, 100).await;
    let first = transfer(wallets[0], wallets[1], 10);
    let key = first.key.clone();
    let mut same = transfer(wallets[0], wallets[1], 10);
    same.key = key.clone();
    let mut other = transfer(wallets[0], wallets[1], 11);
    other.key = key;
    let id = first.id;
    let mut connection = world.hot.acquire().await.expect("a connection");
    let batch = [first, same, other];
    let answers = write_batch(&mut connection, &batch).await.expect("a written batch");
    let expected = [Submitted::Accepted(id), Submitted::Replayed(id), Submitted::KeyReused];
    assert_eq!(answers, expected);
    let again = write_batch(&mut connection, &batch).await.expect("a written batch");
    // The first keeps its id, as after a commit whose answer was lost.
    assert_eq!(again, expected);
    assert_eq!(world.count("SELECT count(*) FROM transfer WHERE kind = 'transfer'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_keys_in_opposite_order_from_two_processes_do_not_deadlock() {
    let world = Arc::new(World::new().await);
    let wallets = world.wallets(2, 100).await;
    for round in 0..30 {
        let batch = |reverse: bool| {
            let mut commands: Vec<_> = (0..64)
                .map(|index| {
                    let mut command = transfer(wallets[0], wallets[1], 1);
                    let key = format!("round-{round}-{index}");
                    command.key = IdempotencyKey::new(&key).expect("a key");
                    command
                })
                .collect();
            if reverse {
                commands.reverse();
            }
            commands
        };
        let barrier = Arc::new(Barrier::new(2));
        let write = |commands: Vec<store::intake::NewTransfer>| {
            let (world, barrier) = (world.clone(), barrier.clone());
            tokio::spawn(async move {
                let mut connection = world.hot.acquire().await.expect("a connection");
                barrier.wait().await;
                write_batch(&mut connection, &commands).await.expect("no deadlock")
            })
        };
        let (one, two) = (write(batch(false)), write(batch(true)));
        let (one, mut two) = (one.await.expect("a batch"), two.await.expect("a batch"));
        two.reverse();
        let id = |answer: &Submitted| -> TransferId {
            match answer {
                Submitted::Accepted(id) | Submitted::Replayed(id) => *id,
                Submitted::KeyReused => panic!("the payloads are the same"),
            }
        };
        let ids = |answers: &[Submitted]| answers.iter().map(id).collect::<Vec<_>>();
        assert_eq!(ids(&one), ids(&two), "each key leads to one transfer");
    }
}

/// A host that is gone says nothing any more, and the rows that it had locked are needed by others.
#[tokio::test]
async fn no_transaction_waits_for_ever_for_its_process() {
    use Purpose::{Consumer, Hot, Maintenance, Queue, Reads, Relay};
    let world = World::new().await;
    for purpose in [Hot, Reads, Queue, Relay, Consumer, Maintenance] {
        let pool = pool::open(&world.url, purpose, 1).expect("a pool");
        for setting in ["idle_in_transaction_session_timeout", "tcp_keepalives_idle"] {
            let set: String = sqlx::query_scalar("SELECT current_setting($1)")
                .bind(setting)
                .fetch_one(&pool)
                .await
                .expect("a setting");
            assert_ne!(set, "0", "{purpose:?}: {setting}");
        }
        pool.close().await;
    }
}

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::group::{Boundaries, NoFaults};
use domain::ids::TransferId;
use store::archive::{self, ArchiveError, Outcome};
use store::ledger::Mode;
use store::statements::Line;
use store::transfers::Transfer;
use tokio::sync::mpsc;

use super::reads::{balance_at, lines, list};
use super::{Past, monday, request};
use crate::support::{rules, transfer};

/// Archives in a task of its own, which tells what it does.
fn start(
    past: &Past,
) -> (tokio::task::JoinHandle<Result<Outcome, ArchiveError>>, mpsc::UnboundedReceiver<String>) {
    let (tell, told) = mpsc::unbounded_channel();
    let pool = past.world.reads.clone();
    let task = tokio::spawn(async move {
        archive::run(&pool, &request(8), move |what| drop(tell.send(what.to_owned()))).await
    });
    (task, told)
}

async fn wait_for(told: &mut mpsc::UnboundedReceiver<String>, what: &str) {
    while told.recv().await.expect("it goes on") != what {}
}

#[tokio::test]
async fn an_archive_that_is_killed_between_proof_and_move_leaves_nothing_half_done() {
    let past = Past::new(2).await;
    past.trade(0, 1).await;
    past.age(9, &[]).await;
    let (task, mut told) = start(&past);
    // Frozen by now. It cannot move the weeks while a lane has the table, and is killed there.
    wait_for(&mut told, "writing the checkpoint").await;
    let mut lane = past.world.hot.begin().await.expect("a transaction");
    let lock = "LOCK TABLE posting IN ROW EXCLUSIVE MODE";
    sqlx::query(lock).execute(&mut *lane).await.expect("a lock");
    wait_for(&mut told, "moving the weeks").await;
    task.abort();
    assert!(task.await.expect_err("killed").is_cancelled());
    lane.rollback().await.expect("an end");

    let gone = "SELECT NOT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
    past.world.wait_until("the killed command is gone", gone).await;
    assert_eq!(past.world.count("SELECT count(*) FROM balance_checkpoint").await, 0);
    assert_eq!(past.world.count("SELECT count(*) FROM balance_checkpoint_line").await, 0);
    assert_eq!(past.world.count("SELECT count(*) FROM archive.posting").await, 0);
    past.trade(0, 1).await;
    past.world.assert_ledger_clean().await;

    assert_eq!(past.archived(8).await.posting_count, 8);
    past.assert_all_clean().await;
}

/// What can be read of the last two wallets.
async fn told_of(
    past: &Past,
    ids: &[TransferId],
) -> (Vec<Transfer>, Vec<TransferId>, Vec<Line>, i64) {
    let mut transfers = Vec::new();
    for &id in ids {
        transfers.push(past.world.transfer(id).await);
    }
    let (one, other) = (past.wallets[8], past.wallets[9]);
    let listed = list(past, Some(one), None).await;
    (transfers, listed, lines(past, other).await, balance_at(past, one, monday(4)).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_settle_and_reads_and_checks_stay_right_while_weeks_are_archived() {
    let past = Arc::new(Past::new(10).await);
    for (one, other) in [(0, 1), (2, 3), (4, 5), (6, 7)] {
        past.trade(one, other).await;
    }
    // Nothing happens to the last two wallets from here on.
    let ids = past.trade(8, 9).await;
    let ids = past.age(9, &ids).await;
    let (stop, settled) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let lanes: Vec<_> = (0..3)
        .map(|lane| {
            let (past, stop, settled) = (past.clone(), stop.clone(), settled.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let commands: Vec<_> = (0..8)
                        .map(|n| transfer(past.wallets[n], past.wallets[(n + 1 + lane) % 8], 1))
                        .collect();
                    let ids = past.world.accept(&commands).await;
                    past.world.drive(&rules(Boundaries::Fused, NoFaults), &ids).await;
                    settled.fetch_add(ids.len(), Ordering::Relaxed);
                }
            })
        })
        .collect();
    let checker = {
        let (past, stop) = (past.clone(), stop.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let violations = past.violations(Mode::Full).await;
                assert!(violations.is_empty(), "{violations:#?}");
            }
        })
    };
    let reader = {
        let (past, stop) = (past.clone(), stop.clone());
        tokio::spawn(async move {
            let before = told_of(&past, &ids).await;
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(told_of(&past, &ids).await, before);
            }
        })
    };
    let before = settled.load(Ordering::Relaxed);
    let (task, mut told) = start(&past);
    wait_for(&mut told, "writing the checkpoint").await;
    let outcome = task.await.expect("no panic");
    assert!(matches!(outcome, Ok(Outcome::Done(_))), "{outcome:?}");
    let after = settled.load(Ordering::Relaxed);
    let deadline = Instant::now() + Duration::from_secs(20);
    while settled.load(Ordering::Relaxed) < after + 100 {
        assert!(Instant::now() < deadline, "no transfer settles any more");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.store(true, Ordering::Relaxed);
    for task in lanes {
        task.await.expect("a lane without a failure");
    }
    checker.await.expect("clean at every moment");
    reader.await.expect("the same at every moment");
    assert!(after > before, "transfers settled meanwhile");
    past.assert_all_clean().await;
}

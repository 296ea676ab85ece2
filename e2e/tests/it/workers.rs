//! The worker in this process: what it does with bad data, lost jobs and a stop.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::failure::{Failure, FailureClass};
use domain::group::{Boundaries, Fault, Faults, OpenTransfer};
use domain::ids::TransferId;
use domain::saga::Step;
use domain::transfer::TransferStatus;
use jobs::{Config, Hooks};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::{BOTH_MODES, World, transfer};

/// Workers that run until [`Workers::stop`].
struct Workers {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Workers {
    fn start(world: &World, boundaries: Boundaries, hooks: Hooks) -> Self {
        let mut config = Config::new(world.url.clone());
        config.boundaries = boundaries;
        config.schedule.backoff_base = Duration::from_millis(20);
        config.schedule.attempt_max = 3;
        config.keeper.every = Duration::from_millis(100);
        config.keeper.overdue_after = Duration::from_millis(500);
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let shutdown = async { stopped.await.unwrap_or_default() };
            jobs::run(config, hooks, shutdown).await.expect("workers that run");
        });
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.send(()).expect("workers that still run");
        self.task.await.expect("a clean drain");
    }
}

/// Fails the screening of every transfer of 13 for a while.
struct Unlucky(AtomicU32);

impl Faults for Unlucky {
    fn before(&self, transfer: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        let unlucky = step == Step::Screen && !undo && transfer.amount.minor().0 == 13;
        let left = |left: u32| left.checked_sub(1);
        if !unlucky || self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_err() {
            return None;
        }
        let failure =
            Failure::new(FailureClass::Transient, "screening_away", "Injected by a test.");
        Some(Fault::Fail(failure))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_transfer_that_the_database_refuses_does_not_hold_up_its_group() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        let wallets = world.wallets(2, 100_000).await;
        sqlx::raw_sql(
            "CREATE FUNCTION refuse_666() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'no such posting' USING ERRCODE = '23514'; END $$;
             CREATE TRIGGER refuse_666 BEFORE INSERT ON posting
             FOR EACH ROW WHEN (NEW.amount_minor = 666) EXECUTE FUNCTION refuse_666();",
        )
        .execute(&world.reads)
        .await
        .expect("a trigger");
        let amounts = (1..=100).map(|index| if index == 37 { 666 } else { index });
        let commands: Vec<_> =
            amounts.map(|amount| transfer(wallets[0], wallets[1], amount)).collect();
        let ids = world.accept(&commands).await;
        let workers = Workers::start(&world, mode, Hooks::default());
        world.wait_for_rest().await;
        workers.stop().await;

        assert_eq!(world.status(ids[36]).await, TransferStatus::Stuck);
        let settled =
            "SELECT count(*) FROM transfer WHERE status = 'settled' AND kind = 'transfer'";
        assert_eq!(world.count(settled).await, 99);
        let letter: (String, String) =
            sqlx::query_as("SELECT reason, failure_code FROM dead_letter")
                .fetch_one(&world.reads)
                .await
                .expect("one dead letter");
        assert_eq!(letter, ("broken_invariant".to_owned(), "sqlstate_23514".to_owned()));
        world.assert_ledger_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_whose_job_was_lost_are_found_again() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    let ids = world.accept(&[transfer(wallets[0], wallets[1], 10)]).await;
    sqlx::query("DELETE FROM apalis.jobs").execute(&world.reads).await.expect("no jobs");
    let workers = Workers::start(&world, Boundaries::Fused, Hooks::default());
    world.wait_for_rest().await;
    workers.stop().await;
    assert_eq!(world.status(ids[0]).await, TransferStatus::Settled);
    world.assert_clean_slate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_nobody_can_read_do_not_stop_the_worker() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    for payload in [r#"{"v":"99","ids":[]}"#, "[1,2]", "null", r#"{"v":"1","ids":["x"]}"#] {
        sqlx::query("INSERT INTO apalis.jobs (id, job_type, job, priority) VALUES (apalis.generate_ulid(), 'wallet-saga', $1, 9)")
            .bind(payload.as_bytes())
            .execute(&world.reads)
            .await
            .expect("a strange job");
    }
    let ids = world.accept(&[transfer(wallets[0], wallets[1], 10)]).await;
    let workers = Workers::start(&world, Boundaries::Fused, Hooks::default());
    world.wait_for_rest().await;
    world
        .wait_until(
            "the strange jobs are done",
            "SELECT NOT EXISTS (SELECT 1 FROM apalis.jobs WHERE status <> 'Done')",
        )
        .await;
    workers.stop().await;
    assert_eq!(world.status(ids[0]).await, TransferStatus::Settled);
    world.assert_clean_slate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_steps_come_back_as_jobs_of_their_own_until_they_pass_or_are_used_up() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        let ids = world
            .accept(&[transfer(wallets[0], wallets[1], 13), transfer(wallets[0], wallets[1], 7)])
            .await;
        let hooks =
            |times| Hooks { faults: Box::new(Unlucky(AtomicU32::new(times))), ..Hooks::default() };
        let workers = Workers::start(&world, mode, hooks(2));
        world.wait_for_rest().await;
        assert_eq!(world.status(ids[0]).await, TransferStatus::Settled);
        assert_eq!(world.transfer(ids[0]).await.status, TransferStatus::Settled);
        world.assert_clean_slate().await;
        workers.stop().await;

        let ids = world.accept(&[transfer(wallets[0], wallets[1], 13)]).await;
        let workers = Workers::start(&world, mode, hooks(3));
        world.wait_for_rest().await;
        workers.stop().await;
        assert_eq!(world.status(ids[0]).await, TransferStatus::Stuck);
        world.assert_ledger_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_the_middle_of_the_work_loses_nothing() {
    let world = World::new().await;
    let wallets = world.wallets(10, 1_000_000).await;
    let mut ids: Vec<TransferId> = Vec::new();
    for _ in 0..20 {
        let commands: Vec<_> = (0..200)
            .map(|index| transfer(wallets[index % 10], wallets[(index + 1) % 10], 1))
            .collect();
        ids.extend(world.accept(&commands).await);
    }
    let workers = Workers::start(&world, Boundaries::Fused, Hooks::default());
    let some =
        "SELECT EXISTS (SELECT 1 FROM transfer WHERE status = 'settled' AND kind = 'transfer')";
    world.wait_until("the work has begun", some).await;
    workers.stop().await;
    let taken = "SELECT count(*) FROM apalis.jobs WHERE status IN ('Queued', 'Running')";
    assert_eq!(world.count(taken).await, 0, "a drained worker keeps no job");
    world.assert_ledger_clean().await;

    let (one, two) = (
        Workers::start(&world, Boundaries::Fused, Hooks::default()),
        Workers::start(&world, Boundaries::EveryStep, Hooks::default()),
    );
    world.wait_for_rest().await;
    one.stop().await;
    two.stop().await;
    let settled = "SELECT count(*) FROM transfer WHERE status = 'settled' AND kind = 'transfer'";
    assert_eq!(world.count(settled).await, 4_000);
    world.assert_clean_slate().await;
}

#[tokio::test]
async fn a_transfer_that_only_waits_is_not_suspected_of_anything() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    let ids = world.accept(&[transfer(wallets[0], wallets[1], 10)]).await;
    sqlx::query("UPDATE saga_open SET due_at = now() + interval '1 hour'")
        .execute(&world.reads)
        .await
        .expect("a waiting transfer");
    let mut connection = world.hot.acquire().await.expect("a connection");
    let counts = store::lane::crash_counts(&mut connection, &ids).await.expect("a read");
    assert!(counts.is_empty(), "it is not about to run: {counts:?}");
}

#[tokio::test]
async fn a_sweep_gives_a_new_job_once_and_leaves_the_age_of_the_work_alone() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    world.accept(&[transfer(wallets[0], wallets[1], 10)]).await;
    sqlx::query("UPDATE saga_open SET due_at = now() - interval '1 hour'")
        .execute(&world.reads)
        .await
        .expect("an old transfer");
    let mut connection = world.reads.acquire().await.expect("a connection");
    let overdue = Duration::from_secs(8);
    for swept in [1, 0] {
        let count = store::maintenance::sweep_overdue(&mut connection, overdue).await;
        assert_eq!(count.expect("a sweep"), swept);
    }
    // Backpressure looks at it: an overload must not look cured because it was swept.
    let old = "SELECT count(*) FROM saga_open WHERE due_at < now() - interval '59 minutes'";
    assert_eq!(world.count(old).await, 1);
}

//! Transfers stopped and started by hand, while lanes run them and while nobody does.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use domain::failure::FailureClass;
use domain::group::{Boundaries, NoFaults, OpenTransfer};
use domain::ids::TransferId;
use domain::retry::RetrySchedule;
use domain::saga::{Step, StuckReason};
use domain::transfer::TransferStatus;
use store::desk::{self, DeskError};
use store::lane::{self, LaneRules, Point, Probe};
use store::operator_audit;
use uuid::Uuid;

use super::{Fails, assert_nothing_held, letter_of, olga};
use crate::support::{BOTH_MODES, World, rules, transfer};

const SCREEN_FAILS: Fails = Fails(Step::Screen, false, FailureClass::Transient);

/// A lane that fails at the screening and tries again in an hour.
fn patient() -> LaneRules {
    let hour = Duration::from_hours(1);
    let schedule = RetrySchedule { backoff_base: hour, backoff_max: hour, attempt_max: 4 };
    LaneRules { schedule, ..rules(Boundaries::Fused, SCREEN_FAILS) }
}

/// A transfer of 300 that waits an hour for its second try.
async fn waiting(world: &World) -> TransferId {
    let wallets = world.wallets(2, 1_000).await;
    let ids = world.accept(&[transfer(wallets[0], wallets[1], 300)]).await;
    let mut connection = world.hot.acquire().await.expect("a connection");
    lane::advance(&mut connection, &patient(), &ids, false).await.expect("a group");
    assert_eq!(world.status(ids[0]).await, TransferStatus::Held);
    ids[0]
}

async fn park(world: &World, id: TransferId) -> Result<(), DeskError> {
    desk::park(&world.reads, id, &olga(), "stop it").await
}

#[tokio::test]
async fn a_waiting_transfer_is_parked_with_its_hold_and_unparked_to_settle() {
    let world = World::new().await;
    let id = waiting(&world).await;
    for _ in 0..2 {
        park(&world, id).await.expect("a parked transfer, the second time as well");
        let parked = world.transfer(id).await;
        assert_eq!(parked.status, TransferStatus::Stuck);
        assert_eq!(
            parked.failure.map(|failure| failure.code).as_deref(),
            Some("parked_by_operator")
        );
        let row = desk::open_row(&world.reads, id).await.expect("a read").expect("an open row");
        assert_eq!(row.parked_reason, Some(StuckReason::ParkedByOperator));
        assert_eq!((row.step, row.hold.0), (Step::Screen, 300));
    }
    let letter = letter_of(&world, id).await;
    assert_eq!(letter.fingerprint, "screen/permanent/parked_by_operator");
    assert_eq!(letter.held_minor, 300);
    world.drive(&rules(Boundaries::Fused, NoFaults), &[id]).await;
    assert_eq!(world.status(id).await, TransferStatus::Stuck, "no lane takes it");
    world.assert_ledger_clean().await;

    desk::unpark(&world.reads, id, &olga(), "go on").await.expect("an unparked transfer");
    world.drive(&rules(Boundaries::Fused, NoFaults), &[id]).await;
    assert_eq!(world.status(id).await, TransferStatus::Settled);
    desk::unpark(&world.reads, id, &olga(), "go on").await.expect("the same request again");
    let acts = operator_audit::list(&world.reads, None, 10).await.expect("the audit");
    let acts: Vec<&str> = acts.iter().map(|act| act.action.as_str()).collect();
    assert_eq!(acts, ["dead_letter.redrive", "transfer.park"]);
    let done = park(&world, id).await;
    assert!(matches!(done, Err(DeskError::TransferFinal(TransferStatus::Settled))), "{done:?}");
    assert_nothing_held(&world).await;
}

#[tokio::test]
async fn a_transfer_parked_on_its_way_back_goes_on_back() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    let ids = world.accept(&[transfer(wallets[0], wallets[1], 300)]).await;
    let mut connection = world.hot.acquire().await.expect("a connection");
    let fails = Fails(Step::Screen, false, FailureClass::Permanent);
    let stepwise = rules(Boundaries::EveryStep, fails);
    for _ in 0..2 {
        lane::advance(&mut connection, &stepwise, &ids, false).await.expect("a group");
    }
    park(&world, ids[0]).await.expect("a parked transfer");
    assert!(letter_of(&world, ids[0]).await.undo);
    desk::unpark(&world.reads, ids[0], &olga(), "go on").await.expect("an unparked transfer");
    world.drive(&rules(Boundaries::Fused, NoFaults), &ids).await;
    assert_eq!(world.status(ids[0]).await, TransferStatus::Failed);
    assert_nothing_held(&world).await;
}

#[tokio::test]
async fn a_waiting_transfer_is_retried_now_with_a_job_of_its_own() {
    let world = World::new().await;
    let id = waiting(&world).await;
    let jobs = "SELECT count(*) FROM apalis.jobs";
    let before = world.count(jobs).await;
    for more in 1..=2 {
        desk::retry_now(&world.reads, id, &olga(), "mended").await.expect("a retry");
        assert_eq!(world.count(jobs).await, before + more);
    }
    assert_eq!(world.count("SELECT count(*) FROM operator_audit").await, 1, "one change");
    world.drive(&rules(Boundaries::Fused, NoFaults), &[id]).await;
    assert_eq!(world.status(id).await, TransferStatus::Settled);
    let done = desk::retry_now(&world.reads, id, &olga(), "again").await;
    assert!(matches!(done, Err(DeskError::TransferFinal(TransferStatus::Settled))), "{done:?}");

    let id = waiting(&world).await;
    park(&world, id).await.expect("a parked transfer");
    let done = desk::retry_now(&world.reads, id, &olga(), "again").await;
    assert!(matches!(done, Err(DeskError::TransferParked)), "{done:?}");
    let nobody = TransferId(Uuid::now_v7());
    let done = desk::retry_now(&world.reads, nobody, &olga(), "who").await;
    assert!(matches!(done, Err(DeskError::TransferNotFound)), "{done:?}");
    world.assert_ledger_clean().await;
}

/// Stops a lane before its commit until it is told to go on.
struct Gate {
    here: Sender<()>,
    go_on: Mutex<Receiver<()>>,
}

impl Probe for Gate {
    fn reached(&self, point: Point, _: &[OpenTransfer]) {
        if point == Point::BeforeCommit {
            self.here.send(()).expect("a test that listens");
            let go_on = self.go_on.lock().expect("a lane alone");
            go_on.recv_timeout(Duration::from_secs(20)).expect("a sign to go on");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn to_park_waits_for_the_lane_that_has_the_transfer_and_looks_again() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        let ids = world.accept(&[transfer(wallets[0], wallets[1], 300)]).await;
        let (here, reached) = channel();
        let (release, go_on) = channel();
        let gate = Gate { here, go_on: Mutex::new(go_on) };
        let held = LaneRules { probe: Box::new(gate), ..rules(mode, NoFaults) };
        let (hot, group) = (world.hot.clone(), ids.clone());
        let running = tokio::spawn(async move {
            let mut connection = hot.acquire().await.expect("a connection");
            lane::advance(&mut connection, &held, &group, false).await.expect("a group");
        });
        tokio::task::spawn_blocking(move || reached.recv()).await.expect("a wait").expect("a lane");
        let (reads, id) = (world.reads.clone(), ids[0]);
        let parking = tokio::spawn(async move { desk::park(&reads, id, &olga(), "stop it").await });
        let waits = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock')";
        world.wait_until("the operator waits for the lane", waits).await;
        release.send(()).expect("a lane that waits");
        running.await.expect("a lane");
        let parked = parking.await.expect("an operator");
        if mode == Boundaries::Fused {
            assert!(matches!(parked, Err(DeskError::TransferFinal(_))), "{parked:?}");
            assert_eq!(world.status(id).await, TransferStatus::Settled);
        } else {
            parked.expect("parked after the first step");
            assert_eq!(letter_of(&world, id).await.step, "screen");
            assert_eq!(world.timeline(id).await[0], "place_hold", "what the lane did is kept");
        }
        world.assert_ledger_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn transfers_parked_while_lanes_run_them_end_parked_or_final() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        let wallets = world.wallets(8, 100_000).await;
        let pair = |n: usize| transfer(wallets[n % 8], wallets[(n + 1) % 8], 7);
        let commands: Vec<_> = (0..200).map(pair).collect();
        let ids = world.accept(&commands).await;
        let lane = || async {
            for chunk in ids.chunks(16) {
                world.drive(&rules(mode, NoFaults), chunk).await;
            }
        };
        let operator = |offset: usize| {
            let (world, ids) = (&world, &ids);
            async move {
                let mut final_count = 0;
                for id in ids.iter().rev().skip(offset).step_by(4) {
                    match park(world, *id).await {
                        Ok(()) => {}
                        Err(DeskError::TransferFinal(_)) => final_count += 1,
                        Err(other) => panic!("{other}"),
                    }
                }
                final_count
            }
        };
        let operators = futures::future::join_all((0..4).map(operator));
        let ((), (), counts) = tokio::join!(lane(), lane(), operators);
        let final_count: i64 = counts.iter().sum();
        let parked = world.count("SELECT count(*) FROM saga_open").await;
        assert_eq!(parked + final_count, 200, "each is one or the other");
        let settled = world
            .count("SELECT count(*) FROM transfer WHERE kind = 'transfer' AND status = 'settled'");
        assert_eq!(settled.await, final_count);
        assert_eq!(world.count("SELECT count(*) FROM operator_audit").await, parked);
        let stuck = world.count("SELECT count(*) FROM dead_letter WHERE status = 'open'").await;
        assert_eq!(stuck, parked);
        assert!(parked > 0, "the operators came too late for all of them");
        world.assert_ledger_clean().await;
        for id in &ids {
            match desk::unpark(&world.reads, *id, &olga(), "go on").await {
                Ok(()) | Err(DeskError::TransferNotParked) => {}
                Err(other) => panic!("{other}"),
            }
        }
        world.drive(&rules(mode, NoFaults), &ids).await;
        assert_nothing_held(&world).await;
        assert_eq!(world.count("SELECT count(*) FROM saga_open").await, 0);
    }
}

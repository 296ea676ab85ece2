//! The harness that every saga passes: it succeeds; it succeeds with every step
//! run twice; it fails at each step in turn and leaves a clean slate; the same
//! with every undo run twice. All of it in both boundary modes.

use std::sync::atomic::{AtomicU32, Ordering};

use domain::failure::{Failure, FailureClass};
use domain::group::{Fault, Faults, NoFaults, OpenTransfer};
use domain::saga::{Route, Step};
use domain::transfer::{TransferKind, TransferStatus};

use crate::support::{BOTH_MODES, World, deposit, rules, transfer};

const PLAIN: Route = Route::plain(TransferKind::Transfer);

/// Fails one step with one class, the first `times` times.
struct FailAt {
    step: Step,
    undo: bool,
    class: FailureClass,
    times: AtomicU32,
}

impl FailAt {
    fn always(step: Step, class: FailureClass) -> Self {
        Self { step, undo: false, class, times: AtomicU32::new(u32::MAX) }
    }
}

impl Faults for FailAt {
    fn before(&self, _: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        if (step, undo) != (self.step, self.undo) {
            return None;
        }
        let left = self
            .times
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        left.ok().map(|_| Fault::Fail(Failure::new(self.class, "injected", "Injected by a test.")))
    }
}

/// Runs everything twice and fails one step for good.
struct TwiceAndFailAt(Option<Step>);

impl Faults for TwiceAndFailAt {
    fn before(&self, _: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        if !undo && self.0 == Some(step) {
            let failure = Failure::new(FailureClass::Permanent, "injected", "Injected by a test.");
            return Some(Fault::Fail(failure));
        }
        Some(Fault::Repeat)
    }
}

/// Compensates after `screen` and fails the undo of the hold.
struct UndoFails(FailureClass, AtomicU32);

impl Faults for UndoFails {
    fn before(&self, _: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        let (class, code) = match (step, undo) {
            (Step::Screen, false) => (FailureClass::Permanent, "turned_back"),
            (Step::PlaceHold, true) => {
                let left = self
                    .1
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
                left.ok()?;
                (self.0, "undo_failed")
            }
            _ => return None,
        };
        Some(Fault::Fail(Failure::new(class, code, "Injected by a test.")))
    }
}

#[tokio::test]
async fn a_transfer_settles_and_logs_every_step() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        let ids = world.accept(&[transfer(wallets[0], wallets[1], 300)]).await;
        world.drive(&rules(mode, NoFaults), &ids).await;
        assert_eq!(world.status(ids[0]).await, TransferStatus::Settled);
        assert_eq!(world.timeline(ids[0]).await, ["place_hold", "screen", "post_entry"]);
        assert_eq!(world.available(wallets[0]).await, 700);
        assert_eq!(world.available(wallets[1]).await, 1_300);
        world.assert_clean_slate().await;
    }
}

#[tokio::test]
async fn a_transfer_settles_once_when_every_step_runs_twice() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        let ids =
            world.accept(&[transfer(wallets[0], wallets[1], 300), deposit(wallets[0], 5)]).await;
        let twice = rules(mode, TwiceAndFailAt(None));
        // Two deliveries of the same job, side by side, and a third one afterwards.
        tokio::join!(world.drive(&twice, &ids), world.drive(&twice, &ids));
        world.drive(&twice, &ids).await;
        assert_eq!(world.status(ids[0]).await, TransferStatus::Settled);
        assert_eq!(world.status(ids[1]).await, TransferStatus::Settled);
        assert_eq!(world.available(wallets[0]).await, 705);
        assert_eq!(world.available(wallets[1]).await, 1_300);
        world.assert_clean_slate().await;
    }
}

#[tokio::test]
async fn a_failure_at_each_step_leaves_a_clean_slate() {
    let ends = [
        (FailureClass::Permanent, TransferStatus::Failed),
        (FailureClass::Rejected, TransferStatus::Rejected),
    ];
    for mode in BOTH_MODES {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        for step in PLAIN.steps() {
            for (class, end) in ends {
                let ids = world.accept(&[transfer(wallets[0], wallets[1], 300)]).await;
                world.drive(&rules(mode, FailAt::always(step, class)), &ids).await;
                let failed = world.transfer(ids[0]).await;
                assert_eq!(failed.status, end, "{step} failed as {class}");
                assert_eq!(failed.failure.map(|failure| failure.code).as_deref(), Some("injected"));
                let undone = world.timeline(ids[0]).await.contains(&"undo place_hold".to_owned());
                assert_eq!(undone, step != Step::PlaceHold, "only what was done is undone");
            }
        }
        assert_eq!(world.available(wallets[0]).await, 1_000);
        assert_eq!(world.available(wallets[1]).await, 1_000);
        world.assert_clean_slate().await;
    }
}

#[tokio::test]
async fn a_failure_at_each_step_leaves_a_clean_slate_when_every_undo_runs_twice() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        for step in PLAIN.steps() {
            let ids = world.accept(&[transfer(wallets[0], wallets[1], 300)]).await;
            let twice = rules(mode, TwiceAndFailAt(Some(step)));
            tokio::join!(world.drive(&twice, &ids), world.drive(&twice, &ids));
            assert_eq!(world.status(ids[0]).await, TransferStatus::Failed, "failed at {step}");
        }
        assert_eq!(world.available(wallets[0]).await, 1_000);
        world.assert_clean_slate().await;
    }
}

#[tokio::test]
async fn a_transient_failure_is_tried_again_until_it_passes() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        for step in PLAIN.steps() {
            let ids = world.accept(&[transfer(wallets[0], wallets[1], 10)]).await;
            let faults = FailAt {
                times: AtomicU32::new(2),
                ..FailAt::always(step, FailureClass::Transient)
            };
            world.drive(&rules(mode, faults), &ids).await;
            let settled = world.transfer(ids[0]).await;
            assert_eq!(settled.status, TransferStatus::Settled, "after two failures of {step}");
            let failures =
                world.timeline(ids[0]).await.iter().filter(|line| line.starts_with('!')).count();
            assert_eq!(failures, 2, "both failures of {step} are in the log");
        }
        world.assert_clean_slate().await;
    }
}

#[tokio::test]
async fn a_failure_that_does_not_pass_becomes_a_dead_letter_and_keeps_its_hold() {
    for mode in BOTH_MODES {
        for class in [FailureClass::Transient, FailureClass::Unknown] {
            let world = World::new().await;
            let wallets = world.wallets(2, 1_000).await;
            let ids = world.accept(&[transfer(wallets[0], wallets[1], 300)]).await;
            world.drive(&rules(mode, FailAt::always(Step::Screen, class)), &ids).await;
            assert_eq!(world.status(ids[0]).await, TransferStatus::Stuck);
            assert_eq!(world.available(wallets[0]).await, 700, "the hold stays");
            let letter: (String, String, i32, i64) = sqlx::query_as(
                "SELECT reason, fingerprint, attempt_count, held_minor FROM dead_letter",
            )
            .fetch_one(&world.reads)
            .await
            .expect("one dead letter");
            let reason =
                if class == FailureClass::Unknown { "outcome_unknown" } else { "attempts_used_up" };
            assert_eq!(letter, (reason.to_owned(), format!("screen/{class}/injected"), 4, 300));
            world.assert_ledger_clean().await;
        }
    }
}

#[tokio::test]
async fn a_compensation_that_fails_for_good_becomes_a_dead_letter() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        let ids = world.accept(&[transfer(wallets[0], wallets[1], 300)]).await;
        let faults = UndoFails(FailureClass::Permanent, AtomicU32::new(u32::MAX));
        world.drive(&rules(mode, faults), &ids).await;
        assert_eq!(world.status(ids[0]).await, TransferStatus::Stuck);
        let reason: String = sqlx::query_scalar("SELECT reason FROM dead_letter")
            .fetch_one(&world.reads)
            .await
            .expect("one dead letter");
        assert_eq!(reason, "compensation_failed");
        assert_eq!(world.available(wallets[0]).await, 700, "the hold stays");
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn a_compensation_that_fails_for_a_while_is_tried_again() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        let ids = world.accept(&[transfer(wallets[0], wallets[1], 300)]).await;
        let faults = UndoFails(FailureClass::Transient, AtomicU32::new(2));
        world.drive(&rules(mode, faults), &ids).await;
        assert_eq!(world.status(ids[0]).await, TransferStatus::Failed);
        assert_eq!(
            world.timeline(ids[0]).await,
            [
                "place_hold",
                "!screen:turned_back",
                "!undo place_hold:undo_failed",
                "!undo place_hold:undo_failed",
                "undo place_hold",
            ]
        );
        assert_eq!(world.available(wallets[0]).await, 1_000);
        world.assert_clean_slate().await;
    }
}

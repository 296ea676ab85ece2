//! A transfer that does not send in the end has used nothing.

use chrono::TimeDelta;
use domain::answer::Answer;
use domain::dead_letter::DeskAct;
use domain::failure::{Failure, FailureClass};
use domain::group::{Boundaries, Fault, Faults, NoFaults, OpenTransfer, Outlook};
use domain::limit::{LimitPeriod, LimitUnit};
use domain::money::MinorUnits;
use domain::operator::OperatorRole;
use domain::saga::Step;
use domain::transfer::TransferStatus;
use store::desk::{self, Decision};
use store::lane;
use store::operators::Operator;

use super::{of_wallet, olga, wanted};
use crate::outside::manual;
use crate::support::{BOTH_MODES, World, rules, transfer};

/// Fails the posting, and runs everything else twice.
struct PostingFails(FailureClass);

impl Faults for PostingFails {
    fn before(&self, _: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        let failure = || Failure::new(self.0, "injected", "Injected by a test.");
        let fails = step == Step::PostEntry && !undo;
        Some(if fails { Fault::Fail(failure()) } else { Fault::Repeat })
    }
}

#[tokio::test]
async fn a_compensated_transfer_has_used_nothing_of_its_limit() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        let (from, to) = (wallets[0], wallets[1]);
        world.limit(wanted(of_wallet(from), LimitPeriod::Month, LimitUnit::Amount, 300)).await;
        for class in [FailureClass::Permanent, FailureClass::Rejected] {
            let ids = world.accept(&[transfer(from, to, 300)]).await;
            world.drive(&rules(mode, PostingFails(class)), &ids).await;
            assert!(world.status(ids[0]).await.is_final());
            assert_eq!(world.used(from).await, 0, "{class}");
        }
        // So all of it is there for the next one, and nothing after it.
        let ids = world.accept(&[transfer(from, to, 300), transfer(from, to, 1)]).await;
        world.drive(&rules(mode, NoFaults), &ids).await;
        assert_eq!(world.status(ids[0]).await, TransferStatus::Settled);
        let refused = world.transfer(ids[1]).await;
        assert_eq!(refused.status, TransferStatus::Rejected);
        let detail = refused.failure.expect("a failure").detail;
        let said = "Wallet limit of 3.00 EUR a month: 0.00 EUR are left until ";
        assert!(detail.starts_with(said), "{detail}");
        assert_eq!(world.used(from).await, 300);
        world.assert_clean_slate().await;
    }
}

#[tokio::test]
async fn a_part_that_is_captured_counts_and_the_rest_is_free_again() {
    for mode in BOTH_MODES {
        for unit in [LimitUnit::Amount, LimitUnit::Count] {
            let world = World::new().await;
            let wallets = world.wallets(2, 1_000).await;
            let (from, to) = (wallets[0], wallets[1]);
            let value = if unit == LimitUnit::Amount { 300 } else { 2 };
            world.limit(wanted(of_wallet(from), LimitPeriod::Month, unit, value)).await;
            let id = world.accept(&[manual(from, to, 300, TimeDelta::hours(1))]).await[0];
            let rules = rules(mode, Repeats);
            world.drive_to_wait(&rules, &[id]).await;
            let used = if unit == LimitUnit::Amount { 300 } else { 1 };
            assert_eq!(world.used(from).await, used, "all of the hold may still be sent");
            let capture = Answer::Capture { amount_minor: MinorUnits(120) };
            world.play(&rules, id, &[capture]).await;
            assert_eq!(world.status(id).await, TransferStatus::Settled);
            let used = if unit == LimitUnit::Amount { 120 } else { 1 };
            assert_eq!(world.used(from).await, used);
            // Exactly the rest fits.
            let ids = world.accept(&[transfer(from, to, 180), transfer(from, to, 1)]).await;
            world.drive(&rules, &ids).await;
            let ends = (world.status(ids[0]).await, world.status(ids[1]).await);
            assert_eq!(ends, (TransferStatus::Settled, TransferStatus::Rejected), "{unit}");
            world.assert_clean_slate().await;
        }
    }
}

/// Runs every step and every undo twice.
struct Repeats;

impl Faults for Repeats {
    fn before(&self, _: &OpenTransfer, _: Step, _: bool) -> Option<Fault> {
        Some(Fault::Repeat)
    }
}

#[tokio::test]
async fn between_two_transactions_the_open_row_says_on_which_day_it_is_counted() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    world.limit(wanted(of_wallet(wallets[0]), LimitPeriod::Month, LimitUnit::Count, 5)).await;
    let ids = world.accept(&[transfer(wallets[0], wallets[1], 300)]).await;
    let stepwise = rules(Boundaries::EveryStep, NoFaults);
    let counted = "SELECT count(*) FROM saga_open WHERE limit_day IS NOT NULL";
    for (rows, used) in [(0, 0), (1, 1), (0, 1)] {
        let mut connection = world.hot.acquire().await.expect("a connection");
        lane::advance(&mut connection, &stepwise, &ids, false).await.expect("a group");
        assert_eq!((world.count(counted).await, world.used(wallets[0]).await), (rows, used));
    }
    assert_eq!(world.status(ids[0]).await, TransferStatus::Settled);
    world.assert_clean_slate().await;
}

#[tokio::test]
async fn a_stuck_transfer_keeps_its_share_until_a_person_decides() {
    let acts =
        [(DeskAct::Compensate, 0), (DeskAct::ResolveFailed, 0), (DeskAct::ResolveSettled, 300)];
    for mode in BOTH_MODES {
        for (act, left) in acts {
            let world = World::new().await;
            let wallets = world.wallets(2, 1_000).await;
            let subject = of_wallet(wallets[0]);
            world.limit(wanted(subject, LimitPeriod::Month, LimitUnit::Amount, 300)).await;
            let ids = world.accept(&[transfer(wallets[0], wallets[1], 300)]).await;
            world.drive(&rules(mode, PostingFails(FailureClass::Transient)), &ids).await;
            assert_eq!(world.status(ids[0]).await, TransferStatus::Stuck);
            assert_eq!(world.used(wallets[0]).await, 300);
            let letter = desk::of_transfer(&world.reads, ids[0]).await.expect("a list").remove(0);
            let ann = Operator { name: "ann".to_owned(), role: OperatorRole::Approver };
            let evidence = (act != DeskAct::Compensate).then_some("booking 4711");
            let decision = Decision { act, actor: &ann, reason: "as agreed", evidence };
            desk::act(&world.reads, letter.id, &decision).await.expect("an act");
            world.drive(&rules(mode, NoFaults), &ids).await;
            assert!(world.status(ids[0]).await.is_final());
            assert_eq!(world.used(wallets[0]).await, left, "{act}");
            world.assert_ledger_clean().await;
        }
    }
}

#[tokio::test]
async fn a_preview_knows_of_limits() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    let ids = world.accept(&[transfer(wallets[0], wallets[1], 300)]).await;
    let mut connection = world.hot.acquire().await.expect("a connection");
    let failure = Failure::new(FailureClass::Permanent, "stopped", "Stopped by a test.");
    let reason = domain::saga::StuckReason::ParkedByOperator;
    let fused = rules(Boundaries::Fused, NoFaults);
    lane::halt(&mut connection, &fused, ids[0], reason, &failure).await.expect("a halt");
    let letter = desk::of_transfer(&world.reads, ids[0]).await.expect("a list").remove(0);
    for (value, outlook, code) in
        [(299, Outlook::WouldBeRejected, Some("limit_exceeded")), (300, Outlook::WouldSettle, None)]
    {
        world
            .limit(wanted(of_wallet(wallets[0]), LimitPeriod::Month, LimitUnit::Amount, value))
            .await;
        let options = desk::options(&world.reads, letter.id, &olga()).await.expect("options");
        let redrive = options.acts.iter().find(|one| one.act == DeskAct::Redrive);
        let redrive = redrive.expect("a redrive");
        assert_eq!((redrive.outlook, redrive.code.as_deref()), (Some(outlook), code));
        assert_eq!(world.used(wallets[0]).await, 0, "a look counts nothing");
    }
    world.assert_ledger_clean().await;
}

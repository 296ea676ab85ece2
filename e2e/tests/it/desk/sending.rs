//! Dead letters sent back to work.

use domain::dead_letter::{DeadLetterStatus, Refusal};
use domain::failure::FailureClass;
use domain::group::NoFaults;
use domain::saga::Step;
use domain::transfer::TransferStatus;
use store::desk::{self, DeskError, Way};
use store::operator_audit;

use super::{Fails, olga, stuck};
use crate::support::{BOTH_MODES, World, rules};

#[tokio::test]
async fn a_redriven_transfer_goes_on_where_it_stuck() {
    for mode in BOTH_MODES {
        for step in [Step::PlaceHold, Step::Screen, Step::PostEntry] {
            let world = World::new().await;
            let faults = Fails(step, false, FailureClass::Transient);
            let (id, letter) = stuck(&world, mode, faults).await;
            let groups = desk::groups(&world.reads).await.expect("groups");
            assert_eq!(groups[0].fingerprint, format!("{step}/transient/injected"));
            let held = if step == Step::PlaceHold { "0" } else { "300" };
            assert_eq!((groups[0].count, groups[0].held_minor.as_str()), (1, held));

            let sent =
                desk::send_back(&world.reads, letter.id, Way::Redrive, &olga(), "mended").await;
            assert_eq!(sent.expect("a redrive").status, DeadLetterStatus::Redriven);
            world.assert_ledger_clean().await;
            // The same request again changes nothing.
            let again =
                desk::send_back(&world.reads, letter.id, Way::Redrive, &olga(), "mended").await;
            assert_eq!(again.expect("the same answer").status, DeadLetterStatus::Redriven);

            world.drive(&rules(mode, NoFaults), &[id]).await;
            assert_eq!(world.status(id).await, TransferStatus::Settled, "stuck at {step}");
            let holds =
                world.timeline(id).await.iter().filter(|line| *line == "place_hold").count();
            assert_eq!(holds, 1, "what was done is not done again");
            let acts = operator_audit::list(&world.reads, None, 10).await.expect("the audit");
            assert_eq!(acts.len(), 1, "one act, one row");
            assert_eq!((acts[0].actor.as_str(), acts[0].reason.as_str()), ("olga", "mended"));
            assert_eq!(acts[0].subject, format!("transfer:{id}"));
            world.assert_ledger_clean().await;
        }
    }
}

#[tokio::test]
async fn a_compensated_transfer_ends_as_failed_with_a_clean_slate() {
    for mode in BOTH_MODES {
        for step in [Step::PlaceHold, Step::Screen, Step::PostEntry] {
            let world = World::new().await;
            let faults = Fails(step, false, FailureClass::Transient);
            let (id, letter) = stuck(&world, mode, faults).await;
            let sent =
                desk::send_back(&world.reads, letter.id, Way::Compensate, &olga(), "client asked")
                    .await;
            assert_eq!(sent.expect("a compensation").status, DeadLetterStatus::Compensated);
            world.drive(&rules(mode, NoFaults), &[id]).await;
            let failed = world.transfer(id).await;
            assert_eq!(failed.status, TransferStatus::Failed, "stuck at {step}");
            let code = failed.failure.map(|failure| failure.code);
            assert_eq!(code.as_deref(), Some("compensated_by_operator"));
            let held = "SELECT coalesce(sum(debits_pending), 0)::bigint FROM wallet_balance";
            assert_eq!(world.count(held).await, 0, "the hold is given back");
            world.assert_ledger_clean().await;
        }
    }
}

#[tokio::test]
async fn a_failed_compensation_can_only_be_redriven() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        let faults = Fails(Step::PlaceHold, true, FailureClass::Permanent);
        let (id, letter) = stuck(&world, mode, faults).await;
        assert!(letter.undo);
        let sent = desk::send_back(&world.reads, letter.id, Way::Compensate, &olga(), "no").await;
        assert!(matches!(sent, Err(DeskError::Refused(Refusal::AlreadyCompensating))), "{sent:?}");
        assert_eq!(world.count("SELECT count(*) FROM operator_audit").await, 0, "nothing was done");
        let sent = desk::send_back(&world.reads, letter.id, Way::Redrive, &olga(), "mended").await;
        sent.expect("a redrive");
        world.drive(&rules(mode, NoFaults), &[id]).await;
        assert_eq!(world.status(id).await, TransferStatus::Failed);
        world.assert_ledger_clean().await;
    }
}

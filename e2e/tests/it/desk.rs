//! The dead-letter desk: stuck transfers sent back to work, and the audit of it.

use domain::failure::{Failure, FailureClass};
use domain::group::{Boundaries, Fault, Faults, NoFaults, OpenTransfer};
use domain::ids::TransferId;
use domain::operator::OperatorRole;
use domain::saga::Step;
use domain::transfer::TransferStatus;
use store::desk::{self, DeadLetter, DeskError, Filter, Way};
use store::operator_audit;
use store::operators::Operator;

use crate::support::{BOTH_MODES, World, rules, transfer};

/// Fails one step, or its undo, with a class.
struct Fails(Step, bool, FailureClass);

impl Faults for Fails {
    fn before(&self, _: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        // The undo is reached by turning back at the screening.
        let class = match (step, undo) {
            here if here == (self.0, self.1) => self.2,
            (Step::Screen, false) if self.1 => FailureClass::Permanent,
            _ => return None,
        };
        Some(Fault::Fail(Failure::new(class, "injected", "Injected by a test.")))
    }
}

fn olga() -> Operator {
    Operator { name: "olga".to_owned(), role: OperatorRole::Operator }
}

/// A stuck transfer of 300 from a wallet with 1,000, and its dead letter.
async fn stuck(world: &World, mode: Boundaries, faults: Fails) -> (TransferId, DeadLetter) {
    let wallets = world.wallets(2, 1_000).await;
    let ids = world.accept(&[transfer(wallets[0], wallets[1], 300)]).await;
    world.drive(&rules(mode, faults), &ids).await;
    assert_eq!(world.status(ids[0]).await, TransferStatus::Stuck);
    let mut letters =
        desk::list(&world.reads, &Filter::default(), 10).await.expect("a list of dead letters");
    (ids[0], letters.pop().expect("one dead letter"))
}

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
            assert_eq!(sent.expect("a redrive").status, "redriven");
            world.assert_ledger_clean().await;
            // The same request again changes nothing.
            let again =
                desk::send_back(&world.reads, letter.id, Way::Redrive, &olga(), "mended").await;
            assert_eq!(again.expect("the same answer").status, "redriven");

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
            sent.expect("a compensation");
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
        assert!(matches!(sent, Err(DeskError::CompensatingAlready)), "{sent:?}");
        assert_eq!(world.count("SELECT count(*) FROM operator_audit").await, 0, "nothing was done");
        let sent = desk::send_back(&world.reads, letter.id, Way::Redrive, &olga(), "mended").await;
        sent.expect("a redrive");
        world.drive(&rules(mode, NoFaults), &[id]).await;
        assert_eq!(world.status(id).await, TransferStatus::Failed);
        world.assert_ledger_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_operators_at_once_send_a_dead_letter_back_once() {
    let world = World::new().await;
    let faults = Fails(Step::Screen, false, FailureClass::Transient);
    let (id, letter) = stuck(&world, Boundaries::Fused, faults).await;
    let tries = (0..16).map(|number| {
        let way = if number % 2 == 0 { Way::Redrive } else { Way::Compensate };
        let reads = &world.reads;
        async move { desk::send_back(reads, letter.id, way, &olga(), "race").await }
    });
    for sent in futures::future::join_all(tries).await {
        assert_eq!(sent.expect("an answer").status, "redriven");
    }
    assert_eq!(world.count("SELECT count(*) FROM operator_audit").await, 1, "one of them won");
    world.drive(&rules(Boundaries::Fused, NoFaults), &[id]).await;
    assert!(world.status(id).await.is_final());
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn the_audit_shows_which_row_was_touched() {
    for (harm, seq, what) in [
        (
            "UPDATE operator_audit SET body = replace(body, 'olga', 'otto') WHERE seq = 2",
            2,
            "changed",
        ),
        ("UPDATE operator_audit SET actor = 'otto' WHERE seq = 2", 2, "differ"),
        ("DELETE FROM operator_audit WHERE seq = 2", 2, "missing"),
        ("DELETE FROM operator_audit WHERE seq = 3", 2, "head"),
    ] {
        let world = World::new().await;
        for _ in 0..3 {
            let faults = Fails(Step::Screen, false, FailureClass::Transient);
            let (id, _) = stuck(&world, Boundaries::Fused, faults).await;
            let open = Filter { status: Some("open".to_owned()), ..Filter::default() };
            let letters = desk::list(&world.reads, &open, 10).await.expect("a list");
            let sent =
                desk::send_back(&world.reads, letters[0].id, Way::Redrive, &olga(), "mended").await;
            sent.expect("a redrive");
            world.drive(&rules(Boundaries::Fused, NoFaults), &[id]).await;
        }
        let good = operator_audit::verify(&world.reads).await.expect("a check");
        assert_eq!((good.rows, good.broken), (3, None));
        sqlx::query(harm).execute(&world.reads).await.expect("some harm");
        let bad = operator_audit::verify(&world.reads).await.expect("a check");
        let (row, found) = bad.broken.expect("a broken row");
        assert_eq!(row, seq, "{harm}: {found}");
        assert!(found.contains(what), "{harm}: {found}");
    }
}

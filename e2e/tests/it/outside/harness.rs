//! The harness that every saga passes, for those that wait for somebody: it succeeds; with every
//! step run twice; it fails at each step before its pivot and leaves a clean slate; the same
//! with every undo run twice. In both boundary modes.

use domain::failure::{Failure, FailureClass};

use super::*;

/// Runs each step and each undo twice.
struct Twice;

impl Faults for Twice {
    fn before(&self, _: &OpenTransfer, _: Step, _: bool) -> Option<Fault> {
        Some(Fault::Repeat)
    }
}

/// Fails one step for good, and runs all undos as often as told.
struct FailFor {
    step: Step,
    undo_twice: bool,
}

impl Faults for FailFor {
    fn before(&self, _: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        if undo {
            return self.undo_twice.then_some(Fault::Repeat);
        }
        let failure = Failure::new(FailureClass::Permanent, "injected", "Injected by a test.");
        (step == self.step).then_some(Fault::Fail(failure))
    }
}

/// One of each saga, with what comes from outside until it settles.
fn sagas(a: WalletId, b: WalletId, settled: TransferId) -> Vec<(NewTransfer, Vec<Answer>)> {
    let reference = || Some("p-1".to_owned());
    let capture = Answer::Capture { amount_minor: MinorUnits(30) };
    vec![
        (manual(a, b, 40, TimeDelta::hours(1)), vec![capture]),
        (
            payout(a, 40),
            vec![
                Answer::Accepted { provider_reference: reference() },
                Answer::Paid { provider_reference: reference() },
            ],
        ),
        (screened(a, b, 40), vec![Answer::Allowed]),
        (reversal(settled, 500, b, a, 40), vec![]),
    ]
}

/// A world with two wallets and a settled transfer of 500 between them.
async fn world() -> (World, WalletId, WalletId, TransferId) {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    let ids = world.accept(&[transfer(wallets[0], wallets[1], 500)]).await;
    world.drive(&rules(BOTH_MODES[0], NoFaults), &ids).await;
    (world, wallets[0], wallets[1], ids[0])
}

async fn reversed(world: &World) -> i64 {
    world.count("SELECT coalesce(sum(reversed_minor), 0)::bigint FROM transfer_reversal").await
}

#[tokio::test]
async fn each_saga_settles_also_with_every_step_run_twice() {
    for mode in BOTH_MODES {
        let (world, a, b, settled) = world().await;
        for twice in [false, true] {
            for (command, answers) in sagas(a, b, settled) {
                let kind = command.kind;
                let id = world.accept(&[command]).await[0];
                let rules = if twice { rules(mode, Twice) } else { rules(mode, NoFaults) };
                world.play(&rules, id, &answers).await;
                assert_eq!(world.state(id).await, (TransferStatus::Settled, None), "{kind}");
                world.assert_clean_slate().await;
            }
        }
        // Twice: 30 captured, 40 paid out, 40 screened, 40 taken back.
        assert_eq!(world.available(a).await, 1_000 - 500 - 2 * (30 + 40 + 40 - 40));
        assert_eq!(reversed(&world).await, 80);
    }
}

#[tokio::test]
async fn a_failure_at_each_step_before_the_pivot_leaves_a_clean_slate() {
    for mode in BOTH_MODES {
        let (world, a, b, settled) = world().await;
        let before = (world.available(a).await, world.available(b).await);
        for undo_twice in [false, true] {
            for (at, (command, _)) in sagas(a, b, settled).iter().enumerate() {
                let route = Route::of(command.kind, command.terms.as_deref());
                for step in route.steps().filter(|&step| !route.is_after_pivot(step)) {
                    let (command, answers) = sagas(a, b, settled).swap_remove(at);
                    let id = world.accept(&[command]).await[0];
                    world.play(&rules(mode, FailFor { step, undo_twice }), id, &answers).await;
                    let (status, code) = world.state(id).await;
                    assert_eq!(status, TransferStatus::Failed, "{route:?} at {step}");
                    assert_eq!(code.as_deref(), Some("injected"));
                    world.assert_clean_slate().await;
                    assert_eq!((world.available(a).await, world.available(b).await), before);
                    assert_eq!(reversed(&world).await, 0, "a reversal that failed counts");
                }
            }
        }
    }
}

/// Runs each undo twice, and nothing else.
struct UndoTwice;

impl Faults for UndoTwice {
    fn before(&self, _: &OpenTransfer, _: Step, undo: bool) -> Option<Fault> {
        undo.then_some(Fault::Repeat)
    }
}

/// Each way in which somebody outside turns a saga back, and how it ends.
fn ways_back(a: WalletId, b: WalletId) -> Vec<(NewTransfer, Vec<Answer>, TransferStatus)> {
    use TransferStatus::{Expired, Failed, Rejected, Voided};
    let declined = || Answer::Declined { code: "closed".into(), detail: "Closed.".into() };
    let denied = Answer::Denied { code: "on_a_list".into(), detail: "On a list.".into() };
    let unsure = Answer::Review { detail: "Like one on a list.".into() };
    let no = Answer::ReviewDenied { detail: "It is him.".into() };
    let unknown = || Answer::Unknown { detail: "timed out".into() };
    let hour = TimeDelta::hours(1);
    let accepted = Answer::Accepted { provider_reference: None };
    vec![
        (payout(a, 40), vec![declined()], Failed),
        (payout(a, 40), vec![unknown(), declined()], Failed),
        (payout(a, 40), vec![accepted, Answer::Pending, declined()], Failed),
        (screened(a, b, 40), vec![denied], Rejected),
        (screened(a, b, 40), vec![unknown(), unsure, no], Rejected),
        (manual(a, b, 40, hour), vec![Answer::Void { detail: "changed".into() }], Voided),
        (manual(a, b, 40, hour), vec![Answer::Expired], Expired),
    ]
}

#[tokio::test]
async fn whoever_turns_a_saga_back_leaves_a_clean_slate_also_with_every_step_and_undo_run_twice() {
    for mode in BOTH_MODES {
        let (world, a, b, _) = world().await;
        let before = (world.available(a).await, world.available(b).await);
        for which in 0..3 {
            for (command, answers, end) in ways_back(a, b) {
                let label = format!("{:?} after {answers:?}", command.kind);
                let id = world.accept(&[command]).await[0];
                let rules = match which {
                    0 => rules(mode, NoFaults),
                    1 => rules(mode, Twice),
                    _ => rules(mode, UndoTwice),
                };
                world.play(&rules, id, &answers).await;
                assert_eq!(world.state(id).await.0, end, "{label}");
                world.assert_clean_slate().await;
                assert_eq!((world.available(a).await, world.available(b).await), before, "{label}");
            }
        }
    }
}

#[tokio::test]
async fn a_payout_that_fails_after_its_pivot_waits_for_a_person_with_its_hold() {
    for mode in BOTH_MODES {
        let (world, a, _, _) = world().await;
        let id = world.accept(&[payout(a, 40)]).await[0];
        let fails = FailFor { step: Step::PostEntry, undo_twice: false };
        world.play(&rules(mode, fails), id, &[Answer::Paid { provider_reference: None }]).await;
        assert_eq!(world.state(id).await.0, TransferStatus::Stuck);
        assert_eq!(world.available(a).await, 460);
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn reversals_together_take_back_what_was_moved_and_no_more() {
    for mode in BOTH_MODES {
        let (world, a, b, settled) = world().await;
        let commands: Vec<_> = (0..8).map(|_| reversal(settled, 500, b, a, 70)).collect();
        let ids = world.accept(&commands).await;
        world.drive(&rules(mode, NoFaults), &ids).await;
        let mut statuses = Vec::new();
        for &id in &ids {
            statuses.push(world.state(id).await);
        }
        let settled = statuses.iter().filter(|one| one.0 == TransferStatus::Settled).count();
        assert_eq!(settled, 7, "{statuses:?}");
        let refused = (TransferStatus::Rejected, Some("reversal_too_large".to_owned()));
        assert!(statuses.contains(&refused));
        assert_eq!((world.available(a).await, reversed(&world).await), (990, 490));
        world.assert_clean_slate().await;
    }
}

//! Each act from each place where a saga can be stuck: what its option says is what it does.

use domain::dead_letter::{DeadLetterStatus, DeskAct, Refusal};
use domain::failure::FailureClass;
use domain::group::{Boundaries, NoFaults, Outlook};
use domain::saga::{Route, Step};
use domain::transfer::{TransferKind, TransferStatus};
use store::desk::{self, ActOption, DeadLetter, DeskError, Ran};
use store::operator_audit;
use store::wallets::{Change, Origin};

use super::{Fails, PLACES, act, assert_nothing_held, balance, letter_of, olga, stuck};
use crate::support::{BOTH_MODES, World, deposit, rules};

async fn option(world: &World, letter: &DeadLetter, act: DeskAct) -> ActOption {
    let options = desk::options(&world.reads, letter.id, &olga()).await.expect("options");
    let found = options.acts.into_iter().find(|option| option.act == act);
    found.expect("an option for each act")
}

/// Why an act on a saga that is stuck there is refused.
fn refusal(place: Fails, act: DeskAct) -> Option<Refusal> {
    match act {
        DeskAct::Compensate if place.1 => Some(Refusal::AlreadyCompensating),
        DeskAct::RetryCompensation if !place.1 => Some(Refusal::NotCompensating),
        DeskAct::ForceForward => Some(Refusal::NotPastPivot),
        _ => None,
    }
}

fn words(executed: &[Ran]) -> Vec<String> {
    let word = |ran: &Ran| format!("{}{}", if ran.undo { "undo " } else { "" }, ran.step);
    executed.iter().map(word).collect()
}

#[tokio::test]
async fn each_act_does_what_its_option_says_or_is_refused_for_the_reason_it_names() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        for place in PLACES {
            for one in DeskAct::ALL.iter().copied() {
                check(&world, mode, place, one).await;
            }
        }
    }
}

async fn check(world: &World, mode: Boundaries, place: Fails, one: DeskAct) {
    let label = format!("{one} at {place:?} in {mode:?}");
    let (id, letter) = stuck(world, mode, place).await;
    let before = world.timeline(id).await;
    let told = option(world, &letter, one).await;
    for change in &told.wallets {
        assert_eq!(balance(world, change.wallet_id).await, change.before, "{label}");
    }
    let done = act(world, &letter, one).await;
    if let Some(refusal) = refusal(place, one) {
        assert_eq!(told.refusal.as_deref(), Some(refusal.detail()), "{label}");
        assert_eq!((told.outlook, told.wallets.len()), (None, 0), "{label}");
        assert!(matches!(done, Err(DeskError::Refused(why)) if why == refusal), "{label}");
        assert_eq!(letter_of(world, id).await.status, DeadLetterStatus::Open, "{label}");
        act(world, &letter, DeskAct::Discard).await.expect("a discard");
        return;
    }
    assert_eq!(told.refusal, None, "{label}");
    let closed = done.expect("an act");
    assert_eq!(closed.status, one.closes_as(), "{label}");
    let by = (closed.closed_by.as_deref(), closed.closed_reason.as_deref());
    assert_eq!(by, (Some("olga"), Some("as agreed")), "{label}");
    assert_eq!(closed.evidence.is_some(), closed.status == DeadLetterStatus::Resolved, "{label}");
    world.assert_ledger_clean().await;

    world.drive(&rules(mode, NoFaults), &[id]).await;
    let ended = world.transfer(id).await;
    let outlook = match ended.status {
        TransferStatus::Settled => Outlook::WouldSettle,
        TransferStatus::Failed => Outlook::WouldFail,
        other => panic!("{label}: {other}"),
    };
    assert_eq!(told.outlook, Some(outlook), "{label}");
    let code = ended.failure.map(|failure| failure.code);
    assert_eq!(told.code, code, "{label}");
    let resolution = one.resolution().map(|resolution| resolution.as_str().to_owned());
    assert_eq!(ended.resolution, resolution, "{label}");
    for change in &told.wallets {
        assert_eq!(balance(world, change.wallet_id).await, change.after, "{label}");
    }
    let ran = world.timeline(id).await.split_off(before.len());
    match told.resume {
        None => assert_eq!(ran, ["undo place_hold"], "{label}"),
        Some(resume) => {
            assert_eq!(words(&resume.executed), ran, "{label}");
            let reused: Vec<Step> = Route::plain(TransferKind::Transfer)
                .steps()
                .take_while(|step| *step != resume.step)
                .collect();
            assert_eq!(resume.reused, reused, "{label}");
        }
    }
    assert_nothing_held(world).await;
}

#[tokio::test]
async fn the_audit_holds_the_balances_before_and_after() {
    let world = World::new().await;
    let (id, letter) = stuck(&world, Boundaries::Fused, PLACES[1]).await;
    act(&world, &letter, DeskAct::ResolveSettled).await.expect("a resolution");
    let acts = operator_audit::list(&world.reads, None, 10).await.expect("the audit");
    assert_eq!((acts.len(), acts[0].action.as_str()), (1, "dead_letter.resolve"));
    assert_eq!(acts[0].subject, format!("transfer:{id}"));
    let source = letter.source_wallet_id.expect("a source").to_string();
    let held = |side: &serde_json::Value| side["balances"][&source].clone();
    let balance = |available, held| serde_json::json!({"ledger_minor": 1_000, "available_minor": available, "held_minor": held});
    assert_eq!(held(&acts[0].before), balance(700, 300));
    assert_eq!(held(&acts[0].after), balance(1_000, 0));
    assert_eq!(acts[0].after["evidence"], "booking 4711");
    assert_eq!(acts[0].after["resolution"], "settled_outside");
}

#[tokio::test]
async fn an_option_names_the_rule_that_would_say_no_now() {
    let world = World::new().await;
    let (id, letter) = stuck(&world, Boundaries::Fused, PLACES[1]).await;
    let source = letter.source_wallet_id.expect("a source");
    let (reads, nobody) = (&world.reads, Origin::default());
    let frozen = store::wallets::change(reads, source, Change::Freeze, "a test", &nobody).await;
    frozen.expect("a frozen wallet");
    let told = option(&world, &letter, DeskAct::Redrive).await;
    let outcome = (told.outlook, told.code.as_deref());
    assert_eq!(outcome, (Some(Outlook::WouldBeRejected), Some("source_frozen")));
    let resume = told.resume.expect("a step to go on from");
    assert_eq!((resume.step, resume.reused), (Step::Screen, vec![Step::PlaceHold]));
    assert_eq!(words(&resume.executed), ["screen", "undo place_hold"]);
    act(&world, &letter, DeskAct::Redrive).await.expect("a redrive");
    world.drive(&rules(Boundaries::Fused, NoFaults), &[id]).await;
    assert_eq!(world.status(id).await, TransferStatus::Rejected);
    for change in &told.wallets {
        assert_eq!(balance(&world, change.wallet_id).await, change.after);
    }
    assert_nothing_held(&world).await;
}

#[tokio::test]
async fn a_closed_dead_letter_answers_the_same_act_and_refuses_another() {
    let all = DeskAct::ALL.iter().copied();
    for first in all.clone().filter(|one| refusal(PLACES[1], *one).is_none()) {
        let world = World::new().await;
        let (_, letter) = stuck(&world, Boundaries::Fused, PLACES[1]).await;
        let closed = act(&world, &letter, first).await.expect("an act");
        for second in all.clone() {
            let again = act(&world, &letter, second).await;
            if second == first {
                assert_eq!(again.expect("the same answer").closed_at, closed.closed_at);
            } else {
                let refused = matches!(again, Err(DeskError::Closed(by)) if by == closed.status);
                assert!(refused, "{second} after {first}: {again:?}");
            }
        }
        assert_eq!(world.count("SELECT count(*) FROM operator_audit").await, 1);
        let options = desk::options(&world.reads, letter.id, &olga()).await.expect("options");
        for told in options.acts {
            assert_eq!(told.outlook, Some(Outlook::ClosedAlready));
            assert!(told.refusal.is_some_and(|why| why.contains(closed.status.as_str())));
        }
    }
}

#[tokio::test]
async fn a_deposit_without_a_source_yet_is_resolved_too() {
    let world = World::new().await;
    for one in [DeskAct::Discard, DeskAct::ResolveSettled, DeskAct::Redrive] {
        let wallet = world.wallets(1, 0).await[0];
        let id = world.accept(&[deposit(wallet, 50)]).await[0];
        desk::park(&world.reads, id, &olga(), "first look").await.expect("a parked deposit");
        let letter = letter_of(&world, id).await;
        let told = option(&world, &letter, one).await;
        act(&world, &letter, one).await.expect("an act");
        world.drive(&rules(Boundaries::Fused, NoFaults), &[id]).await;
        assert!(world.status(id).await.is_final(), "{one}");
        assert_eq!(told.wallets.len(), 2);
        // The other is the cash wallet, which has no balance that clients could ask for.
        assert_eq!(told.wallets[1].wallet_id, wallet);
        assert_eq!(balance(&world, wallet).await, told.wallets[1].after, "{one}");
        assert_nothing_held(&world).await;
    }
}

#[tokio::test]
async fn a_hold_that_the_wallet_does_not_know_is_a_refusal_and_changes_nothing() {
    let world = World::new().await;
    let (id, letter) = stuck(&world, Boundaries::Fused, PLACES[1]).await;
    let harm = "UPDATE wallet_balance SET debits_pending = 0 WHERE debits_pending > 0";
    sqlx::query(harm).execute(&world.reads).await.expect("some harm");
    let told = option(&world, &letter, DeskAct::Discard).await;
    assert!(told.refusal.is_some_and(|why| why.contains("pending debits")));
    let done = act(&world, &letter, DeskAct::Discard).await;
    assert!(matches!(done, Err(DeskError::Store(_))), "{done:?}");
    assert_eq!(world.status(id).await, TransferStatus::Stuck);
    assert_eq!(world.count("SELECT count(*) FROM operator_audit").await, 0);
}

#[tokio::test]
async fn what_is_stuck_again_has_a_new_dead_letter() {
    let world = World::new().await;
    let place = Fails(Step::Screen, false, FailureClass::Transient);
    let (id, letter) = stuck(&world, Boundaries::Fused, place).await;
    act(&world, &letter, DeskAct::Redrive).await.expect("a redrive");
    world.drive(&rules(Boundaries::Fused, place), &[id]).await;
    let again = letter_of(&world, id).await;
    assert_ne!(again.id, letter.id);
    assert_eq!(again.status, DeadLetterStatus::Open);
    act(&world, &again, DeskAct::Discard).await.expect("a discard");
    assert_nothing_held(&world).await;
}

//! Canaries, ramp, halts, and operators who pause and stop.

use std::time::Instant;

use super::*;

/// Still broken, all of it.
struct Unmended;

impl Faults for Unmended {
    fn before(&self, transfer: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        TwelveCauses.before(transfer, step, undo)
    }
}

/// One transfer in five dies of something else.
struct NewCause;

impl Faults for NewCause {
    fn before(&self, transfer: &OpenTransfer, step: Step, _: bool) -> Option<Fault> {
        let failure = Failure::new(FailureClass::Transient, "brand_new", "Away, for the test.");
        let chosen = transfer.amount.minor().0 % 5 == 0 && step == Step::PostEntry;
        chosen.then_some(Fault::Fail(failure))
    }
}

async fn hundred() -> World {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000_000).await;
    let ends: Vec<_> = (600..700).map(|amount| (wallets[0], wallets[1], amount)).collect();
    stuck(&world, &ends).await;
    world
}

const CAREFUL: Pace = Pace { canary_count: 10, rate_per_second: 1_000, failure_percent_max: 5 };

async fn act(world: &World, plan: &Plan, act: PlanAct) -> Result<Plan, PlanError> {
    plans::act(&world.reads, plan.id, act, &olga(), "looked at it").await
}

#[tokio::test]
async fn canaries_that_die_again_keep_the_rest_from_harm() {
    let world = hundred().await;
    let plan = plan_of_all(&world, Way::Redrive).await;
    apply(&world, &plan, CAREFUL).await;
    let halted = carry_out(&world, &plan, Unmended).await;
    assert_eq!((halted.status, halted.dispatched_count), (PlanStatus::Halted, 10));
    let halt = halted.halted.expect("a reason");
    assert_eq!((halt.reason, halt.cause), (HaltReason::TooManyBad, None));
    assert_eq!(world.count("SELECT count(*) FROM dead_letter WHERE status = 'open'").await, 100);

    // Mended and resumed, it begins with canaries again; what died again stays dead.
    act(&world, &plan, PlanAct::Resume).await.expect("a resumed plan");
    assert_eq!(tick(&world, &plan).await, 10, "canaries");
    assert_eq!(tick(&world, &plan).await, 0, "and no others before they are through");
    let done = carry_out(&world, &plan, NoFaults).await;
    assert_eq!((done.status, done.ended_count), (PlanStatus::Done, 100));
    let receipt = plans::receipt(&world.reads, plan.id).await.expect("a receipt");
    let lines = |status| {
        let of = receipt.iter().filter(|line| line.status == status);
        of.map(|line| line.count).sum::<i64>()
    };
    assert_eq!((lines(ItemStatus::Settled), lines(ItemStatus::DeadAgain)), (90, 10));
    assert_audited(&world, 100).await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_cause_that_the_plan_did_not_know_halts_it_once() {
    let world = hundred().await;
    let plan = plan_of_all(&world, Way::Redrive).await;
    apply(&world, &plan, Pace { failure_percent_max: 100, ..CAREFUL }).await;
    let halted = carry_out(&world, &plan, NewCause).await;
    let halt = halted.halted.expect("a reason");
    assert_eq!(halt.reason, HaltReason::NewCause);
    assert_eq!(halt.cause.as_deref(), Some("post_entry/transient/brand_new"));
    // Nobody did that: neither the act nor its reason is the operator's.
    let audit = store::operator_audit::list(&world.reads, None, 1).await.expect("the audit");
    assert_eq!(audit[0].action, "redrive_plan.halted_itself");
    assert_eq!(audit[0].reason, "new_cause: post_entry/transient/brand_new");
    // Resumed after a person has seen it, it is no news any more.
    act(&world, &plan, PlanAct::Resume).await.expect("a resumed plan");
    let done = carry_out(&world, &plan, NewCause).await;
    assert_eq!(done.status, PlanStatus::Done);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_operator_pauses_resumes_and_stops_it() {
    let world = hundred().await;
    let plan = plan_of_all(&world, Way::Redrive).await;
    let refused = act(&world, &plan, PlanAct::Pause).await;
    assert!(matches!(refused, Err(PlanError::Illegal { .. })), "a draft: {refused:?}");
    apply(&world, &plan, CAREFUL).await;
    assert_eq!(tick(&world, &plan).await, 10);
    act(&world, &plan, PlanAct::Pause).await.expect("a paused plan");
    act(&world, &plan, PlanAct::Pause).await.expect("the same again");
    // What is under way comes to its end and is counted; nothing else is sent.
    let paused = carry_out(&world, &plan, NoFaults).await;
    let counts = (paused.status, paused.dispatched_count, paused.ended_count);
    assert_eq!(counts, (PlanStatus::Paused, 10, 10));
    act(&world, &plan, PlanAct::Resume).await.expect("a resumed plan");
    assert_eq!(tick(&world, &plan).await, 10);
    act(&world, &plan, PlanAct::Stop).await.expect("a stopped plan");
    let stopped = carry_out(&world, &plan, NoFaults).await;
    assert_eq!((stopped.status, stopped.ended_count), (PlanStatus::Stopped, 20));
    let refused = act(&world, &plan, PlanAct::Resume).await;
    assert!(matches!(refused, Err(PlanError::Illegal { .. })), "stopped: {refused:?}");
    assert_eq!(world.count("SELECT count(*) FROM dead_letter WHERE status = 'open'").await, 80);
    let acts = "SELECT count(*) FROM operator_audit WHERE action LIKE 'redrive_plan.%'";
    assert_eq!(world.count(acts).await, 4, "apply, pause, resume, stop");
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_plans_and_many_desks_send_each_dead_letter_once() {
    let world = hundred().await;
    let (one, two) =
        (plan_of_all(&world, Way::Redrive).await, plan_of_all(&world, Way::Compensate).await);
    apply(&world, &one, HEADLONG).await;
    apply(&world, &two, HEADLONG).await;
    let looks = (0..24).map(|number| {
        let (world, plan) = (&world, if number % 2 == 0 { &one } else { &two });
        async move { tick(world, plan).await }
    });
    futures::future::join_all(looks).await;
    let (one, two) =
        (carry_out(&world, &one, NoFaults).await, carry_out(&world, &two, NoFaults).await);
    assert_eq!(one.dispatched_count + two.dispatched_count, 100);
    assert_eq!(one.skipped_count + two.skipped_count, 100, "each was skipped by the other plan");
    assert_audited(&world, 100).await;
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_cannot_be_read_keeps_no_other_from_its_turn() {
    let world = hundred().await;
    let (broken, sound) =
        (plan_of_all(&world, Way::Redrive).await, plan_of_all(&world, Way::Redrive).await);
    apply(&world, &broken, HEADLONG).await;
    apply(&world, &sound, HEADLONG).await;
    let break_it = sqlx::query("UPDATE redrive_plan SET applied_role = 'nobody' WHERE id = $1");
    break_it.bind(broken.id.0).execute(&world.reads).await.expect("a broken plan");
    let mut config = jobs::Config::new(&world.url);
    config.roles = Some(vec![jobs::Role::Desk]);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async { _ = stopped.await };
    let desk = tokio::spawn(jobs::run(config, jobs::Hooks::default(), shutdown));
    world
        .wait_until(
            "the sound one is sent",
            "SELECT EXISTS (SELECT 1 FROM redrive_plan WHERE dispatched_count = 100)",
        )
        .await;
    stop.send(()).expect("a desk that runs");
    desk.await.expect("a task").expect("a desk");
}

#[tokio::test]
async fn a_plan_leaves_alone_what_died_again_after_it_was_made() {
    let world = hundred().await;
    let (first, second) =
        (plan_of_all(&world, Way::Redrive).await, plan_of_all(&world, Way::Redrive).await);
    apply(&world, &first, HEADLONG).await;
    let done = carry_out(&world, &first, Unmended).await;
    assert_eq!((done.status, done.ended_count), (PlanStatus::Done, 100));
    // The same transfers are stuck, but with other dead letters than the plan shows.
    apply(&world, &second, HEADLONG).await;
    let done = carry_out(&world, &second, NoFaults).await;
    assert_eq!((done.dispatched_count, done.skipped_count), (0, 100));
    assert_audited(&world, 100).await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_ramp_that_stood_still_goes_on_at_its_rate() {
    let world = hundred().await;
    let plan = plan_of_all(&world, Way::Redrive).await;
    apply(&world, &plan, Pace { canary_count: 0, rate_per_second: 2, failure_percent_max: 5 })
        .await;
    let mut sent = 0;
    // The first tick begins the ramp.
    while sent == 0 {
        sent = tick(&world, &plan).await;
    }
    let away = "UPDATE redrive_plan SET ramp_since = ramp_since - interval '10 minutes'";
    sqlx::query(away).execute(&world.reads).await.expect("a plan");
    let began = Instant::now();
    for _ in 0..20 {
        sent += tick(&world, &plan).await;
    }
    // What has gone before, the burst, what is left to be caught up with, and what time brings.
    let allowed = 2 + 2 + 2 + 2 * (1 + began.elapsed().as_secs());
    assert!(u64::from(sent) <= allowed, "{sent} of {allowed}");
}

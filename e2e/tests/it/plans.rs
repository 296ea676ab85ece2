//! Redrive plans: frozen, forecast, applied by their hash, and followed to a receipt.

use domain::dead_letter::DeadLetterStatus;
use domain::failure::{Failure, FailureClass};
use domain::group::{Boundaries, Fault, Faults, NoFaults, OpenTransfer, Outlook};
use domain::ids::{TransferId, WalletId};
use domain::operator::OperatorRole;
use domain::plan::{HaltReason, ItemStatus, Pace, PlanAct, PlanStatus};
use domain::retry::RetrySchedule;
use domain::saga::Step;
use store::desk::{self, Way};
use store::lane::LaneRules;
use store::operators::Operator;
use store::plans::{self, Choice, Item, Plan, PlanError};

use crate::support::{World, rules, transfer};

mod crash;
mod forecasts;
mod pace;

/// Fails each transfer for good at one step and class, by its amount: twelve causes.
pub struct TwelveCauses;

/// What fails a transfer of this amount.
fn cause(amount: i64) -> (Step, &'static str) {
    const CODES: [&str; 4] = ["screening_away", "list_not_loaded", "limits_away", "lock_lost"];
    let code = CODES[usize::try_from(amount / 3 % 4).expect("an index")];
    let step = [Step::PlaceHold, Step::Screen, Step::PostEntry];
    (step[usize::try_from(amount % 3).expect("an index")], code)
}

impl Faults for TwelveCauses {
    fn before(&self, transfer: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        let (fails, code) = cause(transfer.amount.minor().0);
        let failure = Failure::new(FailureClass::Transient, code, "Away, for the test.");
        (!undo && step == fails).then_some(Fault::Fail(failure))
    }
}

/// Gives up at the first failure.
pub fn impatient(faults: impl Faults + 'static) -> LaneRules {
    let schedule = RetrySchedule { attempt_max: 1, ..RetrySchedule::default() };
    LaneRules { schedule, ..rules(Boundaries::Fused, faults) }
}

pub fn olga() -> Operator {
    Operator { name: "olga".to_owned(), role: OperatorRole::Operator }
}

/// At once, and with whatever comes of it.
const HEADLONG: Pace = Pace { canary_count: 0, rate_per_second: 5_000, failure_percent_max: 100 };

/// Transfers of these amounts, all of them stuck.
async fn stuck(world: &World, ends: &[(WalletId, WalletId, i64)]) -> Vec<TransferId> {
    let commands: Vec<_> = ends.iter().map(|one| transfer(one.0, one.1, one.2)).collect();
    let ids = world.accept(&commands).await;
    world.drive(&impatient(TwelveCauses), &ids).await;
    ids
}

async fn plan_of_all(world: &World, way: Way) -> Plan {
    let choice = Choice::Matching(open());
    plans::make(&world.reads, way, &choice, &olga()).await.expect("a plan")
}

fn open() -> desk::Filter {
    desk::Filter { status: Some(DeadLetterStatus::Open), ..desk::Filter::default() }
}

async fn items(world: &World, plan: &Plan) -> Vec<Item> {
    let found = plans::items(&world.reads, plan.id, plans::Filter::default(), 10_000).await;
    found.expect("its items")
}

async fn apply(world: &World, plan: &Plan, pace: Pace) {
    let applied = plans::apply(&world.reads, plan.id, &plan.hash, pace, &olga(), "mended").await;
    assert_eq!(applied.expect("an applied plan").status, PlanStatus::Running);
}

/// One look of the desk.
async fn tick(world: &World, plan: &Plan) -> u32 {
    let mut connection = world.hot.acquire().await.expect("a connection");
    plans::run::tick(&mut connection, plan.id).await.expect("a tick").sent
}

/// Looks of the desk and work of a lane in turns, until the plan sends no more and nothing is under way.
async fn carry_out(world: &World, plan: &Plan, faults: impl Faults + 'static) -> Plan {
    let lane = impatient(faults);
    for _ in 0..2_000 {
        tick(world, plan).await;
        let ids: Vec<TransferId> = sqlx::query_scalar::<_, uuid::Uuid>(
            "SELECT transfer_id FROM saga_open WHERE parked_reason IS NULL ORDER BY transfer_id",
        )
        .fetch_all(&world.reads)
        .await
        .expect("open work")
        .into_iter()
        .map(TransferId)
        .collect();
        world.drive(&lane, &ids).await;
        let now = plans::get(&world.reads, plan.id).await.expect("a read").expect("the plan");
        if now.status != PlanStatus::Running && now.ended_count == now.dispatched_count {
            return now;
        }
    }
    panic!("the plan comes to no end");
}

/// One audit row for each item sent, and the chain holds.
async fn assert_audited(world: &World, sent: u32) {
    let rows = "SELECT count(*) FROM operator_audit WHERE action LIKE 'dead_letter.%'";
    assert_eq!(world.count(rows).await, i64::from(sent));
    let verified = store::operator_audit::verify(&world.reads).await.expect("a check");
    assert_eq!(verified.broken, None);
}

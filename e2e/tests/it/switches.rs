//! Switches against running processes: each obeys soon, nothing is lost by it.

use std::time::{Duration, Instant};

use domain::failure::{Failure, FailureClass};
use domain::group::{Boundaries, Fault, Faults, NoFaults, OpenTransfer};
use domain::job::Queue;
use domain::operator::OperatorRole;
use domain::saga::Step;
use domain::switch::Switch;
use domain::transfer::{TransferKind, TransferStatus};
use embedded::sqs::Endpoint;
use reqwest::StatusCode;
use serde_json::json;
use store::lane;
use store::operators::Operator;
use store::switches::{self, Switches};

use crate::support::load::Load;
use crate::support::process::Process;
use crate::support::queue::QUEUES;
use crate::support::sqs::Sqs;
use crate::support::{BOTH_MODES, World, deposit, http_client, rules, transfer};

/// After this every process has obeyed: a second where there is time, and as much again for a busy machine.
const OBEYED: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(30);
const SAGAS: (&str, &str) = ("HOLDFAST_ROLES", "sagas");
const PAUSED: &str =
    "SELECT count(*) FROM saga_open WHERE waiting_for = 'switch:pause_step:screen'";
const ADVANCED: &str = "SELECT count(*) FROM saga_step";

fn olga() -> Operator {
    Operator { name: "olga".to_owned(), role: OperatorRole::Approver }
}

impl World {
    pub async fn turn(&self, switch: Switch, on: bool) {
        let set = switches::set(&self.reads, &olga(), switch, on, "a test").await;
        assert_eq!(set.expect("a turned switch").on, on);
    }

    async fn edit(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.reads).await.expect("a statement");
    }

    /// One look of a keeper.
    pub async fn release(&self) -> usize {
        let mut connection = self.reads.acquire().await.expect("a connection");
        switches::release(&mut connection).await.expect("a round")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_saga_queue_gives_out_nothing_and_goes_on_at_once() {
    let world = World::new().await;
    let wallets = world.wallets(10, 1_000_000).await;
    let api = Process::api(&world.url, "127.0.0.1:0");
    let addresses = [api.address.clone().expect("an address")];
    let workers = [Process::jobs(&world.url, &[SAGAS]), Process::jobs(&world.url, &[SAGAS])];
    let load = Load::start(&addresses, &wallets, 8);
    load.wait_for_more(100).await;

    let pause = Switch::PauseQueue(Queue::Saga);
    world.turn(pause, true).await;
    tokio::time::sleep(OBEYED).await;
    let advanced = world.count(ADVANCED).await;
    let in_hand = "SELECT count(*) FROM apalis.jobs WHERE status IN ('Queued', 'Running')";
    assert_eq!(world.count(in_hand).await, 0, "what was in hand is finished");
    load.wait_for_more(200).await;
    assert_eq!(world.count(ADVANCED).await, advanced, "nothing has moved meanwhile");
    let alive = "SELECT count(*) FROM apalis.workers WHERE last_seen > now() - interval '3 s'";
    assert_eq!(world.count(alive).await, 2, "their hearts go on beating");

    world.turn(pause, false).await;
    let resumed = Instant::now();
    while world.count(ADVANCED).await == advanced {
        assert!(resumed.elapsed() < PATIENCE, "still paused");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let accepted = load.stop().await.len();
    world.wait_for_rest().await;
    let settled = "SELECT count(*) FROM transfer WHERE kind = 'transfer' AND status IN ('settled', 'rejected')";
    assert_eq!(world.count(settled).await, i64::try_from(accepted).expect("a count"));
    for process in workers.into_iter().chain([api]) {
        assert!(process.stop());
    }
    world.assert_clean_slate().await;
}

#[tokio::test]
async fn the_keeper_gives_paused_work_no_new_jobs() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    world.accept(&[transfer(wallets[0], wallets[1], 1)]).await;
    world.edit("UPDATE saga_open SET due_at = now() - interval '1 h'").await;
    let mut connection = world.reads.acquire().await.expect("a connection");
    let mut sweep = async || {
        let overdue = Duration::from_secs(8);
        store::maintenance::sweep_overdue(&mut connection, overdue).await.expect("a sweep")
    };
    let sample = async || {
        let aged = store::backlog::sample(&world.reads, 9, Duration::from_secs(5)).await;
        aged.expect("a sample")
    };
    assert_eq!((sample().await.runnable, sample().await.overdue), (1, 1));
    let pause = Switch::PauseQueue(Queue::Saga);
    world.turn(pause, true).await;
    assert_eq!(sweep().await, 0, "paused");
    assert_eq!((sample().await.runnable, sample().await.overdue), (1, 0), "not a sign of load");
    world.turn(pause, false).await;
    assert_eq!(sweep().await, 0, "its job has had no chance yet");
    assert_eq!(sample().await.overdue, 0);
    world.edit("UPDATE switch SET changed_at = now() - interval '9 s'").await;
    assert_eq!((sweep().await, sample().await.overdue), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_wait_held_before_a_paused_step_and_settle_when_it_goes_on() {
    let world = World::new().await;
    let wallets = world.wallets(10, 100_000).await;
    let pause = Switch::PauseStep(Step::Screen);
    world.turn(pause, true).await;
    let workers = [
        Process::jobs(&world.url, &[SAGAS]),
        Process::jobs(&world.url, &[SAGAS, ("HOLDFAST_STEP_BOUNDARIES", "all")]),
    ];
    let commands: Vec<_> =
        (0..200).map(|at| transfer(wallets[at % 10], wallets[(at + 1) % 10], 7)).collect();
    let ids = world.accept(&commands).await;
    world.wait_until("all are paused", "SELECT count(*) = 200 FROM saga_open WHERE waiting_for = 'switch:pause_step:screen' AND step = 'screen' AND attempt = 0 AND hold_minor = 7").await;
    assert_eq!(world.status(ids[0]).await, TransferStatus::Held);
    let held = "SELECT sum(debits_pending)::bigint FROM wallet_balance";
    assert_eq!(world.count(held).await, 200 * 7);
    world.assert_ledger_clean().await;
    let runnable = store::backlog::sample(&world.reads, 999, Duration::ZERO).await;
    assert_eq!(runnable.expect("a sample").runnable, 0, "they are no backlog");
    let queue = store::queues::saga(&world.reads).await.expect("the queue");
    assert_eq!((queue.paused, queue.runnable, queue.workers_alive), (200, 0, 2));

    world.turn(pause, false).await;
    world.wait_for_rest().await;
    let steps = "SELECT count(*) FROM saga_step WHERE attempt > 1 OR outcome <> 'succeeded'";
    assert_eq!(world.count(steps).await, 0, "the pause has cost nobody an attempt");
    assert_eq!(world.timeline(ids[7]).await, ["place_hold", "screen", "post_entry"]);
    for worker in workers {
        assert!(worker.stop());
    }
    world.assert_clean_slate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_obeyed_by_processes_that_run() {
    let world = World::new().await;
    let wallets = world.wallets(2, 100_000).await;
    let worker = Process::jobs(&world.url, &[SAGAS]);
    let ids = world.accept(&[transfer(wallets[0], wallets[1], 1)]).await;
    world.wait_for_rest().await;
    for switch in [Switch::PauseSaga(TransferKind::Transfer), Switch::PauseStep(Step::PlaceHold)] {
        world.turn(switch, true).await;
        tokio::time::sleep(OBEYED).await;
        let paused = world.accept(&[transfer(wallets[0], wallets[1], 1)]).await;
        world
            .wait_until(
                "it is paused",
                "SELECT count(*) = 1 FROM saga_open WHERE waiting_for IS NOT NULL",
            )
            .await;
        assert_eq!(world.status(paused[0]).await, TransferStatus::Accepted, "nothing was begun");
        world.turn(switch, false).await;
        world.wait_for_rest().await;
        assert_eq!(world.status(paused[0]).await, TransferStatus::Settled);
    }
    assert_eq!(world.status(ids[0]).await, TransferStatus::Settled);
    assert!(worker.stop());
    world.assert_clean_slate().await;
}

/// Fails the screening for good, so that the saga turns back.
struct TurnsBack;

impl Faults for TurnsBack {
    fn before(&self, _: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        let failure = Failure::new(FailureClass::Permanent, "injected", "Injected by a test.");
        (step == Step::Screen && !undo).then_some(Fault::Fail(failure))
    }
}

#[tokio::test]
async fn what_turned_back_is_undone_while_a_step_is_paused_but_not_while_its_kind_is() {
    for switch in [Switch::PauseStep(Step::PlaceHold), Switch::PauseSaga(TransferKind::Transfer)] {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        let ids = world.accept(&[transfer(wallets[0], wallets[1], 300)]).await;
        let mut connection = world.hot.acquire().await.expect("a connection");
        let mut rules = rules(Boundaries::EveryStep, TurnsBack);
        for _ in 0..2 {
            lane::advance(&mut connection, &rules, &ids, true).await.expect("a group");
        }
        assert_eq!(world.count("SELECT count(*) FROM saga_open WHERE undo").await, 1);
        world.turn(switch, true).await;
        rules.switches = Switches::start(&world.url).await.expect("the switches");
        lane::advance(&mut connection, &rules, &ids, true).await.expect("a group");
        if switch == Switch::PauseStep(Step::PlaceHold) {
            assert_eq!(world.status(ids[0]).await, TransferStatus::Failed, "it is undone");
        } else {
            let waits = "SELECT count(*) FROM saga_open WHERE waiting_for = 'switch:pause_saga:transfer' AND undo AND hold_minor = 300";
            assert_eq!(world.count(waits).await, 1);
            world.assert_ledger_clean().await;
            assert_eq!(world.release().await, 0, "the switch is still on");
            world.turn(switch, false).await;
            assert_eq!(world.release().await, 1);
            rules.switches = Switches::default();
            world.drive(&rules, &ids).await;
            assert_eq!(world.status(ids[0]).await, TransferStatus::Failed);
        }
        world.assert_clean_slate().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_knew_of_a_pause_too_long_strands_nobody() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        let ids = world.accept(&[transfer(wallets[0], wallets[1], 1)]).await;
        world.turn(Switch::PauseStep(Step::Screen), true).await;
        let mut stale = rules(mode, NoFaults);
        stale.switches = Switches::start(&world.url).await.expect("the switches");
        world.turn(Switch::PauseStep(Step::Screen), false).await;
        let mut connection = world.hot.acquire().await.expect("a connection");
        lane::advance(&mut connection, &stale, &ids, true).await.expect("a group");
        assert_eq!(world.count(PAUSED).await, 1, "it did not know better");
        // A reason of another kind is not the keeper's to end.
        let other = world.accept(&[deposit(wallets[0], 1)]).await;
        world.edit("UPDATE saga_open SET waiting_for = 'partner' WHERE waiting_for IS NULL").await;
        world.edit("DELETE FROM apalis.jobs").await;
        let worker = Process::jobs(&world.url, &[SAGAS]);
        world.wait_until("it goes on", "SELECT count(*) = 1 FROM saga_open").await;
        assert!(worker.stop());
        assert_eq!(world.status(ids[0]).await, TransferStatus::Settled);
        assert_eq!(world.status(other[0]).await, TransferStatus::Accepted);
        world.assert_ledger_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_outbox_grows_and_paused_consumers_receive_nothing() {
    let (world, endpoint) = (World::new().await, Endpoint::start(None).await.expect("an endpoint"));
    let url = endpoint.url();
    let variables = [("SQS_ENDPOINT_URL", url.as_str()), ("HOLDFAST_CREATE_QUEUES", "true")];
    let process = Process::jobs(&world.url, &variables);
    let wallets = world.wallets(2, 1_000).await;
    let consumed = "SELECT count(*) FROM inbox";
    world.wait_until("all is told", "SELECT NOT EXISTS (SELECT 1 FROM outbox) AND (SELECT count(*) FROM inbox) = 2 * (SELECT count(*) FROM event)").await;

    let outbox = Switch::PauseQueue(Queue::Outbox);
    world.turn(outbox, true).await;
    tokio::time::sleep(OBEYED).await;
    world.accept(&[transfer(wallets[0], wallets[1], 1)]).await;
    world.wait_for_rest().await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(world.count("SELECT count(*) FROM outbox").await, 1, "it waits");
    let open = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'holdfast relay' AND state LIKE 'idle in transaction%' AND datname = current_database()";
    assert_eq!(world.count(open).await, 0, "no transaction is open meanwhile");

    let before = world.count(consumed).await;
    for queue in [Queue::WalletAudit, Queue::WalletMetrics] {
        world.turn(Switch::PauseQueue(queue), true).await;
    }
    tokio::time::sleep(OBEYED).await;
    world.turn(outbox, false).await;
    world.wait_until("it is sent", "SELECT NOT EXISTS (SELECT 1 FROM outbox)").await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(world.count(consumed).await, before, "nobody receives");
    let sqs = Sqs::at(endpoint.url());
    for queue in QUEUES {
        assert_eq!(sqs.count(queue).await, 1, "{queue}");
    }
    for queue in [Queue::WalletAudit, Queue::WalletMetrics] {
        world.turn(Switch::PauseQueue(queue), false).await;
    }
    world
        .wait_until(
            "both have it",
            "SELECT (SELECT count(*) FROM inbox) = 2 * (SELECT count(*) FROM event)",
        )
        .await;
    assert!(process.stop());
    world.assert_clean_slate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_closes_every_process_to_changes() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    let apis = [(), ()].map(|()| Process::api(&world.url, "127.0.0.1:0"));
    let http = http_client();
    let send = async |api: &Process, key: &str| {
        let address = api.address.as_ref().expect("an address");
        let body = json!({ "wallet_id": wallets[0], "amount_minor": 1, "currency": "EUR" });
        let request = http.post(format!("http://{address}/v1/deposits"));
        let sent = request.header("Idempotency-Key", key).json(&body).send().await;
        sent.expect("an answer")
    };
    for api in &apis {
        assert_eq!(send(api, "before").await.status(), StatusCode::ACCEPTED);
    }
    world.turn(Switch::Maintenance, true).await;
    tokio::time::sleep(OBEYED).await;
    // One that starts now knows it from its first answer on.
    let late = Process::api(&world.url, "127.0.0.1:0");
    for api in apis.iter().chain([&late]) {
        let answer = send(api, "during").await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key("retry-after"));
        let problem: serde_json::Value = answer.json().await.expect("a problem document");
        assert_eq!(problem["code"], "maintenance");
        let address = api.address.as_ref().expect("an address");
        let read = http.get(format!("http://{address}/v1/wallets/{}", wallets[0])).send().await;
        assert_eq!(read.expect("an answer").status(), StatusCode::OK);
    }
    world.turn(Switch::Maintenance, false).await;
    tokio::time::sleep(OBEYED).await;
    for api in apis.into_iter().chain([late]) {
        assert_eq!(send(&api, "after").await.status(), StatusCode::ACCEPTED);
        assert!(api.stop());
    }
    let deposits = "SELECT count(*) FROM transfer WHERE kind = 'deposit' AND amount_minor = 1";
    assert_eq!(world.count(deposits).await, 2, "one before, one after");
}

#[tokio::test]
async fn many_operators_at_once_turn_a_switch_once_and_leave_one_row_in_the_audit() {
    let world = World::new().await;
    let switch = Switch::PauseStep(Step::Screen);
    let turns = (0..16).map(|_| world.turn(switch, true));
    futures::future::join_all(turns).await;
    assert_eq!(world.count("SELECT count(*) FROM operator_audit").await, 1);
    let turns = (0..16).map(|_| world.turn(switch, false));
    futures::future::join_all(turns).await;
    assert_eq!(world.count("SELECT count(*) FROM operator_audit").await, 2);
    let verified = store::operator_audit::verify(&world.reads).await.expect("a check");
    assert_eq!((verified.rows, verified.broken), (2, None));
}

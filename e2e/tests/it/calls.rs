//! The worker of outside calls on a real database, against the sandbox provider. A statement
//! stands in for the lane: it takes the answers and asks for the next call.

mod deaths;
mod hanging;

use std::time::{Duration, Instant};

use dev::sandbox::{Sandbox, SandboxOptions};
use domain::ids::TransferId;
use jobs::outside::ProviderConfig;
use jobs::{Config, Hooks, Role};
use sqlx::Row;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::support::{World, transfer};

/// Longer than anything here takes when it works.
const PATIENCE: Duration = Duration::from_mins(1);

async fn sandbox() -> Sandbox {
    let listen = "127.0.0.1:0".parse().expect("an address");
    let options = SandboxOptions { listen, notices: None, journal: None };
    Sandbox::start(options).await.expect("a sandbox")
}

/// Transfers before a step that makes a call, each with its amount and a behavior of the sandbox.
async fn waiting_at(world: &World, step: &str, wanted: &[(i64, &str)]) -> Vec<TransferId> {
    let wallets = world.wallets(2, 0).await;
    let commands: Vec<_> = wanted
        .iter()
        .map(|(amount, behavior)| {
            let mut command = transfer(wallets[0], wallets[1], *amount);
            command.reference = Some(format!("sandbox:{behavior}"));
            command
        })
        .collect();
    let mut ids = Vec::with_capacity(commands.len());
    for commands in commands.chunks(256) {
        ids.extend(world.accept(commands).await);
    }
    let sql = "UPDATE saga_open
        SET kind = 'payout', step = $2, waiting_for = 'call', due_at = now(),
            terms = '{\"payout\": {\"beneficiary\": {\"name\": \"Carol\", \"account\": \"1\"}}}'
        WHERE transfer_id = ANY($1)";
    let query = sqlx::query(sql).bind(uuids(&ids)).bind(step);
    query.execute(&world.reads).await.expect("payouts");
    enqueue(world, &uuids(&ids)).await;
    ids
}

async fn enqueue(world: &World, ids: &[Uuid]) {
    let sql = "INSERT INTO apalis.jobs (id, job_type, job)
        SELECT apalis.generate_ulid(), 'wallet-call',
            convert_to(json_build_object('version', '1', 'id', id)::text, 'UTF8')
        FROM unnest($1::uuid[]) AS id";
    sqlx::query(sql).bind(ids).execute(&world.reads).await.expect("jobs");
}

/// What the lane will do: take every answer that is no end, and ask for the next call.
/// Returns how many transfers have no end yet.
async fn advance(world: &World) -> i64 {
    let sql = "UPDATE saga_open
        SET step = CASE answer ->> 'kind' WHEN 'accepted' THEN 'confirm_payout' ELSE step END,
            call_count = CASE answer ->> 'kind' WHEN 'accepted' THEN 0 ELSE call_count END,
            answer = NULL, waiting_for = 'call', due_at = now()
        WHERE waiting_for IS NULL
            AND answer ->> 'kind' IN ('accepted', 'pending', 'not_sent', 'unknown')
        RETURNING transfer_id";
    let rows = sqlx::query(sql).fetch_all(&world.reads).await.expect("answers");
    let ids: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    enqueue(world, &ids).await;
    // One that was answered since is open, too, unless it was the end.
    let open = "SELECT count(*) FROM saga_open
        WHERE coalesce(answer ->> 'kind', 'none') NOT IN ('paid', 'declined')";
    world.count(open).await
}

/// Frees the leases of callers that are dead, as the keeper will.
async fn free_leases(world: &World) {
    let sql = "UPDATE saga_open SET due_at = now() WHERE waiting_for = 'call'
        RETURNING transfer_id";
    let rows = sqlx::query(sql).fetch_all(&world.reads).await.expect("leases");
    let ids: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    enqueue(world, &ids).await;
}

/// Kind of each answer, by transfer.
async fn answers(world: &World) -> Vec<(Uuid, Option<String>)> {
    let sql = "SELECT transfer_id, answer ->> 'kind' FROM saga_open";
    let rows = sqlx::query(sql).fetch_all(&world.reads).await.expect("answers");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn uuids(ids: &[TransferId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.0).collect()
}

/// A worker of calls within this process.
struct Worker {
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Worker {
    fn start(
        world: &World,
        payouts: Option<ProviderConfig>,
        screening: Option<ProviderConfig>,
    ) -> Self {
        let mut config = Config::new(&world.url);
        config.roles = Some(vec![Role::Calls]);
        (config.outside.payouts, config.outside.screening) = (payouts, screening);
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(async move {
            let stopped = async {
                stopped.await.ok();
            };
            jobs::run(config, Hooks::default(), stopped).await.expect("a worker");
        });
        Self { stop, running }
    }

    async fn stop(self) {
        self.stop.send(()).ok();
        self.running.await.expect("its end");
    }
}

fn provider(sandbox: &Sandbox, timeout_ms: u64) -> ProviderConfig {
    let timeout = Duration::from_millis(timeout_ms);
    ProviderConfig { timeout, ..ProviderConfig::new("payouts", &sandbox.url()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_made_and_its_answer_written_down_once() {
    let (world, sandbox) = (World::new().await, sandbox().await);
    let ids = waiting_at(&world, "submit_payout", &[(500, "paid")]).await;
    // The same job three times, and one that nobody can read.
    enqueue(&world, &[ids[0].0, ids[0].0]).await;
    let unreadable = "INSERT INTO apalis.jobs (id, job_type, job)
        VALUES (apalis.generate_ulid(), 'wallet-call', convert_to('{\"version\": \"9\"}', 'UTF8'))";
    sqlx::query(unreadable).execute(&world.reads).await.expect("a job");
    let worker = Worker::start(&world, Some(provider(&sandbox, 2_000)), None);
    let done = "SELECT count(*) = 4 FROM apalis.jobs
        WHERE job_type = 'wallet-call' AND status = 'Done'";
    world.wait_until("all jobs are done", done).await;
    assert_eq!(answers(&world).await, [(ids[0].0, Some("paid".to_owned()))]);
    let made = sandbox.payouts();
    assert_eq!((made.len(), made[0].submit_count, made[0].executed_count), (1, 1, 1));
    // A lane is told, once.
    let told = "SELECT count(*) FROM apalis.jobs WHERE job_type = 'wallet-saga'";
    assert_eq!(world.count(told).await, 2, "one job at intake, one by the answer");
    worker.stop().await;
}

/// Waits until all transfers have an end, with the stand-in for the lane.
async fn come_to_an_end(world: &World, mut meanwhile: impl AsyncFnMut()) {
    let began = Instant::now();
    while advance(world).await > 0 {
        assert!(began.elapsed() < PATIENCE, "still open: {:?}", answers(world).await);
        meanwhile().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

//! Ten thousand payouts against a provider that does everything wrong, while the processes that
//! call it die before and after calls, those of the lanes and the API are killed, and operators
//! decide what only people can. In the end the provider's own book has the last word.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use domain::ids::TransferId;
use domain::transfer::TransferStatus;
use uuid::Uuid;

use self::cases::{COUNT, Case, DEADLY, PLACES, cases};
use self::people::People;
use super::{burned, folder, left, payout};
use crate::support::World;
use crate::support::outside::Outside;
use crate::support::process::Process;

mod cases;
mod people;

/// What is not at its end by then never will be, however busy the machine is.
const PATIENCE: Duration = Duration::from_mins(20);
/// What each wallet has at the beginning.
const BALANCE: i64 = 10_000_000;
const WALLETS: usize = 40;

/// The processes of Holdfast but the API, two lanes with a mode each.
struct Fleet {
    url: String,
    provider: String,
    folder: PathBuf,
    sagas: [Process; 2],
    calls: [Process; 2],
    deaths: usize,
    kills: usize,
}

impl Fleet {
    fn start(url: &str, provider: &str, folder: &Path) -> Self {
        let (url, provider) = (url.to_owned(), provider.to_owned());
        let sagas = [0, 1].map(|which| sagas(&url, which));
        let calls = [0; 2].map(|_| calls(&url, &provider, folder));
        let folder = folder.to_owned();
        Self { url, provider, folder, sagas, calls, deaths: 0, kills: 0 }
    }

    /// Starts again whoever has died.
    fn mend(&mut self) {
        for process in &mut self.calls {
            if process.has_ended() {
                self.deaths += 1;
                *process = calls(&self.url, &self.provider, &self.folder);
            }
        }
    }

    /// SIGKILL wherever it is, and a new one.
    fn kill(&mut self, turn: usize) {
        self.kills += 1;
        if turn.is_multiple_of(3) {
            self.calls[turn % 2].kill();
            self.calls[turn % 2] = calls(&self.url, &self.provider, &self.folder);
        } else {
            self.sagas[turn % 2].kill();
            self.sagas[turn % 2] = sagas(&self.url, turn % 2);
        }
    }

    fn stop(self) {
        for process in self.sagas.into_iter().chain(self.calls) {
            assert!(process.stop(), "a process ends well");
        }
    }
}

fn sagas(url: &str, which: usize) -> Process {
    let mut variables = schedule();
    variables.push(("HOLDFAST_ROLES", "sagas"));
    variables.push(("HOLDFAST_STEP_BOUNDARIES", ["fused", "all"][which]));
    Process::jobs(url, &variables)
}

fn calls(url: &str, provider: &str, folder: &Path) -> Process {
    let deadly = (DEADLY..).zip(PLACES).map(|(amount, place)| format!("{amount}={place}"));
    let deadly = deadly.collect::<Vec<_>>().join(",");
    let mut variables = schedule();
    variables.extend([
        ("HOLDFAST_ROLES", "calls"),
        ("HOLDFAST_PAYOUT_PROVIDER_URL", provider),
        ("HOLDFAST_PAYOUT_TIMEOUT_MS", "600"),
        ("HOLDFAST_SCREENING_URL", provider),
        ("HOLDFAST_SCREENING_TIMEOUT_MS", "600"),
        ("HOLDFAST_CALL_PAUSE_MS", "500"),
        ("E2E_DIE_AT", deadly.as_str()),
        ("E2E_DIE_DIR", folder.to_str().expect("a path")),
    ]);
    Process::jobs(url, &variables)
}

/// Short, so that what would take a day is seen in a minute.
fn schedule() -> Vec<(&'static str, &'static str)> {
    vec![
        ("HOLDFAST_RETRY_ATTEMPT_MAX", "6"),
        ("HOLDFAST_RETRY_BACKOFF_BASE_MS", "200"),
        ("HOLDFAST_RETRY_BACKOFF_MAX_MS", "2000"),
        ("HOLDFAST_PAYOUT_CONFIRM_EVERY_MS", "1000"),
        ("HOLDFAST_PAYOUT_CONFIRMATION_MAX_S", "6"),
    ]
}

/// Writes down all payouts; each case by the id of its transfer.
async fn send(world: &World) -> BTreeMap<Uuid, Case> {
    let wallets = world.wallets(WALLETS, BALANCE).await;
    let cases = cases();
    let command = |(index, case): (usize, &Case)| {
        payout(wallets[index % WALLETS], case.amount, case.behavior)
    };
    let commands: Vec<_> = cases.iter().enumerate().map(command).collect();
    let mut ids: Vec<TransferId> = Vec::with_capacity(COUNT);
    for commands in commands.chunks(250) {
        ids.extend(world.accept(commands).await);
    }
    ids.into_iter().map(|id| id.0).zip(cases).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_10_000_payouts_each_is_made_once_or_not_at_all_whatever_goes_wrong_and_whoever_dies() {
    let world = World::new().await;
    let mut outside = Outside::start(&world.url);
    let cases = send(&world).await;
    let folder = folder();
    let mut fleet = Fleet::start(&world.url, &outside.provider(), &folder);
    let mut people = People::start(&world).await;
    let began = Instant::now();
    let (mut open, mut turn, mut rounds) = (COUNT, 0, 0);
    while open > 0 {
        rounds += 1;
        if rounds % 100 == 0 {
            eprintln!("{open} are open after {:?}, {} deaths", began.elapsed(), fleet.deaths);
        }
        let patient = began.elapsed() < PATIENCE;
        assert!(patient, "{open} have no end: {:?}", left(&world).await);
        fleet.mend();
        people.decide(&world, &cases).await;
        let left = world.count("SELECT count(*) FROM saga_open").await;
        open = usize::try_from(left).expect("a count");
        // A kill for each thousand that have come to their end, of the API for each three of them.
        while turn < (COUNT - open) / 1_000 {
            fleet.kill(turn);
            if turn % 3 == 1 {
                outside.kill_api();
            }
            turn += 1;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let took = began.elapsed();
    let (deaths, kills) = (fleet.deaths, fleet.kills);
    fleet.stop();
    assert_all_ended_as_they_must(&world, &outside, &cases).await;
    let report = assert_deaths(&cases, &burned(&folder));
    std::fs::remove_dir_all(&folder).ok();
    eprintln!(
        "{COUNT} payouts in {took:?}: {deaths} deaths at calls ({report}), {kills} kills; \
         {} reviews; stuck, and then decided: {:?}",
        people.reviews, people.stuck
    );
}

async fn assert_all_ended_as_they_must(
    world: &World,
    outside: &Outside,
    cases: &BTreeMap<Uuid, Case>,
) {
    let book = outside.book().await;
    let sql = "SELECT id, status, failure_code FROM transfer WHERE kind = 'payout'";
    let ended: Vec<(Uuid, String, Option<String>)> =
        sqlx::query_as(sql).fetch_all(&world.reads).await.expect("payouts");
    assert_eq!(ended.len(), COUNT, "none is lost, none is new");
    let mut paid = 0;
    for (id, status, code) in &ended {
        let case = &cases[id];
        let (wanted, why) = case.end.seen();
        assert_eq!((status.as_str(), code.as_deref()), (wanted.as_str(), why), "{id}: {case:?}");
        let record = book.get(&id.to_string());
        let executed = record.map_or(0, |record| record.executed_count);
        let settled = wanted == TransferStatus::Settled;
        assert_eq!(executed, u32::from(settled), "{id} is {status}: {case:?}: {record:?}");
        if let Some(record) = record {
            assert_eq!(record.conflict_count, 0, "{case:?}: {record:?}");
            // Nobody asked for it again without having asked about it.
            assert!(record.repeat_count == 0 || case.comes_late(), "{case:?}: {record:?}");
        }
        paid += if settled { case.amount } else { 0 };
    }
    let strangers = book.keys().filter(|key| key.parse().is_ok_and(|id| !cases.contains_key(&id)));
    assert_eq!(strangers.count(), 0, "no other key was ever used");
    let forged = outside.notices().await.into_iter().filter(|notice| notice["forged"] == true);
    assert!(forged.into_iter().all(|notice| notice["answered"] != 200), "a forgery was believed");
    assert_money(world, paid).await;
}

/// What the wallets have lost is what the provider has paid, and nothing is held any more.
async fn assert_money(world: &World, paid: i64) {
    let all = i64::try_from(WALLETS).expect("a count") * BALANCE;
    let rest = "SELECT coalesce(sum(credits_posted - debits_posted), 0)::bigint FROM wallet_balance
        WHERE normal_side = 'credit'";
    assert_eq!(all - world.count(rest).await, paid);
    let held =
        "SELECT coalesce(sum(debits_pending + credits_pending), 0)::bigint FROM wallet_balance";
    assert_eq!(world.count(held).await, 0, "money is still held");
    let letters = "SELECT count(*) FROM dead_letter WHERE status = 'open'";
    assert_eq!(world.count(letters).await, 0);
    world.assert_ledger_clean().await;
}

/// At each place there was a death; some payouts lose theirs to that of a neighbour in the same
/// process. Returns how many of how many.
fn assert_deaths(cases: &BTreeMap<Uuid, Case>, burned: &[String]) -> String {
    let mut places: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (id, case) in cases {
        let Some(place) = case.place else { continue };
        let (had, of) = places.entry(place).or_default();
        *of += 1;
        *had += usize::from(burned.contains(&id.to_string()));
    }
    for (place, (had, of)) in &places {
        assert!(*had > 0, "{place}: none of {of}");
    }
    let one = |(place, (had, of)): (&&str, &(usize, usize))| format!("{place} {had}/{of}");
    places.iter().map(one).collect::<Vec<_>>().join(", ")
}

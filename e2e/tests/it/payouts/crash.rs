//! SIGKILL before and after the commit of every transaction of every saga that waits for somebody,
//! in both boundary modes: each transfer kills its process at one place of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::group::{Boundaries, NoFaults};
use domain::ids::{TransferId, WalletId};
use domain::transfer::TransferStatus;
use serde_json::json;
use store::intake::NewTransfer;
use uuid::Uuid;

use super::{burned, bury, folder, left, payout};
use crate::outside::{manual, reversal, screened};
use crate::support::outside::Outside;
use crate::support::process::Process;
use crate::support::{World, rules, transfer};

/// What is not at its end by then never will be, however busy the machine is.
const PATIENCE: Duration = Duration::from_mins(10);
/// Processes with a lane.
const LANES: usize = 3;
/// The first amount that is deadly; the others follow.
const DEADLY: i64 = 1_001;
/// What is moved by a transfer that all reversals together do not take back.
const LARGE: i64 = 500_000;
/// The same of one that none of them fits into.
const SMALL: i64 = DEADLY - 1;
/// What is captured of a hold.
const CAPTURED: i64 = 300;

/// A saga, the steps with which its transactions begin in either mode, and how it ends.
struct Saga {
    name: &'static str,
    fused: &'static [&'static str],
    every: &'static [&'static str],
    end: TransferStatus,
}

const SAGAS: &[Saga] = &[
    Saga {
        name: "payout paid",
        fused: &["place_hold", "submit_payout", "confirm_payout"],
        every: &["place_hold", "screen", "submit_payout", "confirm_payout", "post_entry"],
        end: TransferStatus::Settled,
    },
    Saga {
        name: "payout declined",
        fused: &["place_hold", "submit_payout", "confirm_payout"],
        every: &["place_hold", "screen", "submit_payout", "confirm_payout", "undo place_hold"],
        end: TransferStatus::Failed,
    },
    Saga {
        name: "screened payout",
        fused: &["place_hold", "screen_outside", "submit_payout"],
        every: &["place_hold", "screen", "screen_outside", "submit_payout", "post_entry"],
        end: TransferStatus::Settled,
    },
    Saga {
        name: "screened and allowed",
        fused: &["place_hold", "screen_outside"],
        every: &["place_hold", "screen", "screen_outside", "post_entry"],
        end: TransferStatus::Settled,
    },
    Saga {
        name: "screened and denied",
        fused: &["place_hold", "screen_outside"],
        every: &["place_hold", "screen", "screen_outside", "undo place_hold"],
        end: TransferStatus::Rejected,
    },
    Saga {
        name: "captured",
        fused: &["place_hold", "await_capture"],
        every: &["place_hold", "screen", "await_capture", "post_entry"],
        end: TransferStatus::Settled,
    },
    Saga {
        name: "voided",
        fused: &["place_hold", "await_capture"],
        every: &["place_hold", "screen", "await_capture", "undo place_hold"],
        end: TransferStatus::Voided,
    },
    Saga {
        name: "expired",
        fused: &["place_hold", "await_capture"],
        every: &["place_hold", "screen", "await_capture", "undo place_hold"],
        end: TransferStatus::Expired,
    },
    Saga {
        name: "reversal",
        fused: &["place_hold"],
        every: &["place_hold", "screen", "post_entry"],
        end: TransferStatus::Settled,
    },
    Saga {
        name: "reversal of too much",
        fused: &["place_hold"],
        every: &["place_hold"],
        end: TransferStatus::Rejected,
    },
];

/// The wallets, and two transfers from the first to the second: one that is reversed again and again,
/// and one that has moved less than each reversal of it would take back.
struct Ground {
    from: WalletId,
    to: WalletId,
    large: TransferId,
    small: TransferId,
}

impl Saga {
    fn steps(&self, mode: Boundaries) -> &'static [&'static str] {
        match mode {
            Boundaries::Fused => self.fused,
            Boundaries::EveryStep => self.every,
        }
    }

    fn command(&self, ground: &Ground, amount: i64) -> NewTransfer {
        let &Ground { from, to, large, small } = ground;
        let asks = |behavior: &str| NewTransfer {
            reference: Some(format!("sandbox:{behavior}")),
            ..screened(from, to, amount)
        };
        match self.name {
            // Silent: a notice that is quicker than the answer would leave the confirmation out.
            "payout paid" => payout(from, amount, "silent:50"),
            "payout declined" => payout(from, amount, "silent+declined_later:50"),
            "screened payout" => payout(from, amount, "screen_allow+paid"),
            "screened and allowed" => asks("screen_allow"),
            "screened and denied" => asks("screen_deny"),
            "captured" | "voided" => manual(from, to, amount, TimeDelta::hours(1)),
            "expired" => manual(from, to, amount, TimeDelta::zero()),
            "reversal" => reversal(large, LARGE, to, from, amount),
            "reversal of too much" => reversal(small, SMALL, to, from, amount),
            other => panic!("what is {other}?"),
        }
    }

    /// What it takes out of the first wallet in the end.
    fn moves(&self, amount: i64) -> i64 {
        match (self.name, self.end) {
            ("captured", _) => CAPTURED,
            ("reversal", _) => -amount,
            (_, TransferStatus::Settled) => amount,
            _ => 0,
        }
    }
}

/// A transfer whose process dies at `place`.
struct Victim {
    saga: &'static Saga,
    amount: i64,
    place: String,
}

/// One for each place of each saga, before and after the commit.
fn victims(mode: Boundaries) -> Vec<Victim> {
    let places = SAGAS.iter().flat_map(|saga| {
        let whens = ["commit-before", "commit-after"];
        whens.into_iter().flat_map(move |when| {
            saga.steps(mode).iter().map(move |step| (saga, format!("{when}:{step}")))
        })
    });
    (DEADLY..).zip(places).map(|(amount, (saga, place))| Victim { saga, amount, place }).collect()
}

/// Lanes, which die, and one process that makes the calls, which does not.
struct Fleet {
    start: Box<dyn Fn() -> Process>,
    lanes: [Process; LANES],
    calls: Process,
    deaths: usize,
}

impl Fleet {
    fn start(mode: Boundaries, url: &str, provider: &str, folder: &Path, deadly: &str) -> Self {
        let mode = if mode == Boundaries::Fused { "fused" } else { "all" };
        let calls = Process::jobs(
            url,
            &[
                ("HOLDFAST_ROLES", "calls"),
                ("HOLDFAST_PAYOUT_PROVIDER_URL", provider),
                ("HOLDFAST_SCREENING_URL", provider),
            ],
        );
        let texts = [url, mode, folder.to_str().expect("a path"), deadly].map(str::to_owned);
        let start = move || {
            let [url, mode, folder, deadly] = texts.each_ref().map(String::as_str);
            let variables = [
                ("HOLDFAST_ROLES", "sagas"),
                ("HOLDFAST_STEP_BOUNDARIES", mode),
                ("HOLDFAST_PAYOUT_CONFIRM_EVERY_MS", "200"),
                ("E2E_DIE_AT", deadly),
                ("E2E_DIE_DIR", folder),
            ];
            Process::jobs(url, &variables)
        };
        Self { lanes: [0; LANES].map(|_| start()), start: Box::new(start), calls, deaths: 0 }
    }

    async fn mend(&mut self, world: &World) {
        for process in &mut self.lanes {
            if process.has_ended() {
                self.deaths += 1;
                bury(world, process.pid()).await;
                *process = (self.start)();
            }
        }
    }
}

/// Captures and voids what waits for it.
async fn decide(world: &World, outside: &Outside, sagas: &BTreeMap<Uuid, &'static Saga>) {
    let waiting = "SELECT transfer_id FROM saga_open WHERE waiting_for = 'capture'";
    let ids: Vec<Uuid> = sqlx::query_scalar(waiting).fetch_all(&world.reads).await.expect("holds");
    for id in ids {
        let (act, body) = match sagas[&id].name {
            "captured" => ("capture", json!({ "amount_minor": CAPTURED })),
            "voided" => ("void", json!({ "reason": "changed" })),
            _ => continue,
        };
        let path = format!("/v1/transfers/{id}/{act}");
        let (status, answer) = outside.post(&path, None, &body).await;
        assert!((200..300).contains(&status), "{act}: {status}: {answer:#}");
    }
}

async fn every_saga_survives_every_death(mode: Boundaries) {
    let world = World::new().await;
    let outside = Outside::start(&world.url);
    let wallets = world.wallets(2, 1_000_000).await;
    let reversed = [LARGE, SMALL].map(|moved| transfer(wallets[0], wallets[1], moved));
    let ids = world.accept(&reversed).await;
    world.drive(&rules(mode, NoFaults), &ids).await;
    let ground = Ground { from: wallets[0], to: wallets[1], large: ids[0], small: ids[1] };

    let victims = victims(mode);
    let commands: Vec<_> =
        victims.iter().map(|one| one.saga.command(&ground, one.amount)).collect();
    let mut ids = Vec::new();
    // A job for each: one that shared its job with two killers would look like one.
    for command in commands {
        ids.extend(world.accept(&[command]).await);
    }
    let sagas: BTreeMap<Uuid, &'static Saga> =
        ids.iter().map(|id| id.0).zip(victims.iter().map(|one| one.saga)).collect();
    let deadly = victims.iter().map(|one| format!("{}={}", one.amount, one.place));
    let deadly = deadly.collect::<Vec<_>>().join(",");
    let folder = folder();
    let mut fleet = Fleet::start(mode, &world.url, &outside.provider(), &folder, &deadly);
    let began = Instant::now();
    while world.count("SELECT count(*) FROM saga_open WHERE parked_reason IS NULL").await > 0 {
        let patient = began.elapsed() < PATIENCE;
        assert!(patient, "no end after {} deaths: {:?}", fleet.deaths, left(&world).await);
        fleet.mend(&world).await;
        decide(&world, &outside, &sagas).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    fleet.mend(&world).await;
    let took = began.elapsed();
    assert!(fleet.calls.stop(), "who makes calls dies of nothing");
    // A lane whose death came with the last of the commits may still be on its way out.
    let late = fleet.lanes.into_iter().map(|lane| usize::from(!lane.stop())).sum::<usize>();
    let deaths = fleet.deaths + late;
    let burned = burned(&folder);
    std::fs::remove_dir_all(folder).ok();
    let book = outside.book().await;
    let mut taken = LARGE + SMALL;
    for (id, Victim { saga, amount, place }) in ids.iter().zip(&victims) {
        let label = format!("{} with a death at {place}", saga.name);
        assert_eq!(world.status(*id).await, saga.end, "{label}");
        assert!(burned.contains(&id.to_string()), "{label} has not happened");
        let executed = book.get(&id.to_string()).map_or(0, |record| record.executed_count);
        let paid = saga.name.contains("payout") && saga.end == TransferStatus::Settled;
        assert_eq!(executed, u32::from(paid), "{label}");
        taken += saga.moves(*amount);
    }
    assert_eq!(world.available(ground.from).await, 1_000_000 - taken);
    world.assert_clean_slate().await;
    eprintln!("{} sagas in {took:?} with {deaths} deaths, {mode:?}", victims.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_saga_survives_a_kill_around_each_of_its_transactions() {
    every_saga_survives_every_death(Boundaries::Fused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_saga_survives_a_kill_around_each_of_its_steps() {
    every_saga_survives_every_death(Boundaries::EveryStep).await;
}

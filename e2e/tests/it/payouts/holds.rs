//! Capture, void and the end of a hold at once, as clients see it: who was told yes is who won.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use domain::ids::TransferId;
use domain::transfer::TransferStatus;
use jobs::{Config, Role};
use serde_json::{Value, json};
use store::timers;

use super::Workers;
use crate::outside::manual;
use crate::support::World;
use crate::support::outside::Outside;

const HOLDS: usize = 300;
/// Holds that the clock may end; it is quicker than all clients.
const EXPIRE_MAX: usize = 80;
const NEVER: Duration = Duration::from_hours(1);

/// Asks for the same of each hold, in an order of its own. Whether the answer was yes.
async fn ask(
    outside: &Outside,
    ids: &[TransferId],
    skip: usize,
    act: &str,
    body: Value,
) -> BTreeMap<TransferId, bool> {
    let mut told = BTreeMap::new();
    for at in 0..ids.len() {
        // 7 and 300 have no common divisor, so each comes once.
        let id = ids[(at * 7 + skip) % ids.len()];
        let (status, answer) =
            outside.post(&format!("/v1/transfers/{id}/{act}"), None, &body).await;
        let fine = (200..300).contains(&status);
        assert!(fine || answer["code"] == "hold_not_open", "{act}: {status}: {answer:#}");
        told.insert(id, fine);
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_is_told_yes_has_won_the_race_and_nobody_else_is_told_so() {
    let world = World::new().await;
    let outside = Outside::start(&world.url);
    let mut config = Config::new(&world.url);
    config.roles = Some(vec![Role::Sagas]);
    // The clock is turned by hand, so that it does not come to all of them first.
    config.keeper.every = NEVER;
    let workers = Workers::start(config);
    // The keeper's first look comes at once.
    let wallets = world.wallets(10, 100_000).await;
    let commands: Vec<_> = (0..HOLDS)
        .map(|at| manual(wallets[at % 10], wallets[(at + 1) % 10], 10, TimeDelta::seconds(3)))
        .collect();
    let ids = world.accept(&commands).await;
    let held = "SELECT count(*) = 300 FROM saga_open WHERE waiting_for = 'capture'";
    world.wait_until("all are held", held).await;
    let over = "SELECT bool_and(due_at < now()) FROM saga_open";
    world.wait_until("all are out of time", over).await;

    let clock = async {
        let mut connection = world.hot.acquire().await.expect("a connection");
        let mut expired = 0;
        while expired < EXPIRE_MAX {
            let rung = timers::ring_some(&mut connection, NEVER, 4).await.expect("a round");
            if rung.expired == 0 {
                break;
            }
            expired += rung.expired;
            tokio::task::yield_now().await;
        }
        expired
    };
    let (part, whole) = (json!({ "amount_minor": 4 }), json!({}));
    let void = json!({ "reason": "changed" });
    let (one, other, voided, expired) = tokio::join!(
        ask(&outside, &ids, 0, "capture", part),
        ask(&outside, &ids, 100, "capture", whole),
        ask(&outside, &ids, 200, "void", void),
        clock
    );
    world.wait_for_rest().await;
    let mut seen = [0; 4];
    for id in &ids {
        let ended = world.transfer(*id).await;
        let captured =
            ended.terms.and_then(|terms| terms.hold).and_then(|hold| hold.captured_minor);
        let captured = captured.map(|minor| minor.0);
        let yes = (one[id], other[id], voided[id]);
        let (who, wanted) = match (ended.status, captured) {
            (TransferStatus::Settled, Some(4)) => (0, (true, false, false)),
            (TransferStatus::Settled, Some(10)) => (1, (false, true, false)),
            (TransferStatus::Voided, None) => (2, (false, false, true)),
            (TransferStatus::Expired, None) => (3, (false, false, false)),
            other => panic!("{other:?}"),
        };
        assert_eq!(yes, wanted, "{} of {captured:?}", ended.status);
        seen[who] += 1;
    }
    assert_eq!(seen[3], expired);
    assert!(seen.iter().all(|count| *count > 0), "nobody always wins: {seen:?}");
    workers.stop().await;
    world.assert_clean_slate().await;
}

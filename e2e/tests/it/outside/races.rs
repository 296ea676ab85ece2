//! Capture, void and the end of the hold at once: one of them has its way.

use domain::answer::Awaited;
use store::answers::Posted;

use super::*;

const HOLDS: usize = 1_000;

/// Writes the answer for each, in an order of its own; how often it was in time.
async fn race(world: &World, ids: &[TransferId], skip: usize, answer: Answer) -> usize {
    let mut connection = world.hot.acquire().await.expect("a connection");
    let mut taken = 0;
    for at in 0..ids.len() {
        // 7 and 1,000 have no common divisor, so each comes once.
        let id = ids[(at * 7 + skip) % ids.len()];
        let posted = answers::post(&mut connection, id, &[Awaited::Capture], &answer).await;
        taken += usize::from(posted.expect("an answer") == Posted::Taken);
    }
    taken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_capture_void_and_expiry_one_wins_each_race() {
    let world = World::new().await;
    let wallets = world.wallets(10, 100_000).await;
    // Out of time before they are held, so that the clock may win at any moment.
    let commands: Vec<_> = (0..HOLDS)
        .map(|at| manual(wallets[at % 10], wallets[(at + 1) % 10], 10, TimeDelta::zero()))
        .collect();
    let mut ids = Vec::new();
    for commands in commands.chunks(250) {
        ids.extend(world.accept(commands).await);
    }
    let rules = rules(BOTH_MODES[0], NoFaults);
    world.drive_to_wait(&rules, &ids).await;
    assert_eq!(world.count("SELECT count(*) FROM transfer WHERE status = 'held'").await, 1_000);

    let clock = async {
        let mut connection = world.hot.acquire().await.expect("a connection");
        let mut expired = 0;
        // It comes in the middle of the others' races, in passes as the keeper's.
        while expired < 200 {
            tokio::task::yield_now().await;
            let rung = store::timers::ring_some(&mut connection, Duration::from_secs(8), 50).await;
            let now = rung.expect("a round").expired;
            if now == 0 {
                break;
            }
            expired += now;
        }
        expired
    };
    let capture = Answer::Capture { amount_minor: MinorUnits(10) };
    let void = Answer::Void { detail: "changed".into() };
    let (captured, voided, expired) =
        tokio::join!(race(&world, &ids, 0, capture), race(&world, &ids, 500, void), clock);
    assert_eq!(captured + voided + expired, HOLDS, "each hold has one winner");
    assert!(captured > 0 && voided > 0 && expired > 0, "{captured} {voided} {expired}");

    world.drive_to_wait(&rules, &ids).await;
    for (status, wanted) in [("settled", captured), ("voided", voided), ("expired", expired)] {
        let sql = "SELECT count(*) FROM transfer WHERE kind = 'transfer' AND status = $1";
        let found: i64 =
            sqlx::query_scalar(sql).bind(status).fetch_one(&world.reads).await.expect("a count");
        assert_eq!(usize::try_from(found), Ok(wanted), "{status}");
    }
    world.assert_clean_slate().await;
}

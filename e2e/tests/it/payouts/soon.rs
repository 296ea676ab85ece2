//! Nothing waits for a timer that need not.

use std::time::Duration;

use domain::answer::Answer;
use domain::group::NoFaults;
use domain::notice::{Notice, NoticeStatus};
use domain::transfer::TransferStatus;
use jobs::{Config, Role};
use store::notices::{self, Received};
use store::wake::{self, Channel};
use store::{calls, put_off, timers};

use super::{Workers, payout};
use crate::support::{BOTH_MODES, World, rules};

/// Longer than any of this takes, and than no test waits.
const NEVER: Duration = Duration::from_hours(1);
const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn whoever_makes_calls_is_woken_when_a_lane_has_brought_some() {
    let world = World::new().await;
    let wallet = world.wallets(1, 1_000).await[0];
    let mut woken = wake::listen(&world.reads, Channel::Calls).await.expect("a listener");
    let mut config = Config::new(&world.url);
    config.roles = Some(vec![Role::Sagas]);
    config.keeper.every = NEVER;
    let workers = Workers::start(config);
    world.accept(&[payout(wallet, 300, "paid")]).await;
    let heard = tokio::time::timeout(SOON, woken.recv()).await;
    heard.expect("nobody was woken").expect("a wake-up");
    let calls = "SELECT count(*) FROM apalis.jobs WHERE job_type = 'wallet-call'";
    assert_eq!(world.count(calls).await, 1, "there is what it was woken for");
    workers.stop().await;
}

#[tokio::test]
async fn a_notice_that_was_quicker_than_the_answer_settles_its_payout_with_the_answer() {
    for mode in BOTH_MODES {
        for (status, end) in [
            (NoticeStatus::Paid, TransferStatus::Settled),
            (NoticeStatus::Declined, TransferStatus::Failed),
        ] {
            let world = World::new().await;
            let wallet = world.wallets(1, 1_000).await[0];
            let id = world.accept(&[payout(wallet, 300, "early")]).await[0];
            let rules = rules(mode, NoFaults);
            world.drive_to_wait(&rules, &[id]).await;
            let mut connection = world.hot.acquire().await.expect("a connection");
            let call = calls::take(&mut connection, id, SOON).await.expect("a lease");
            let notice = Notice {
                transfer: id,
                provider: "payouts".to_owned(),
                status,
                reference: "p-1".to_owned(),
                code: None,
                detail: None,
            };
            let received = Received { notice, raw: "{}".to_owned() };
            notices::record(&mut connection, &[received]).await.expect("a notice");
            assert!(notices::apply(&mut connection, &[id]).await.expect("a look").is_empty());
            let accepted = Answer::Accepted { provider_reference: None };
            let lease = call.expect("a call").lease();
            calls::answer(&mut connection, lease, &accepted).await.expect("an answer");
            drop(connection);
            // No keeper runs here.
            world.drive_to_wait(&rules, &[id]).await;
            assert_eq!(world.status(id).await, end, "{mode:?}");
            world.assert_clean_slate().await;
        }
    }
}

#[tokio::test]
async fn a_call_gets_another_job_when_its_own_is_lost_and_not_while_that_waits_its_turn() {
    let world = World::new().await;
    let wallet = world.wallets(1, 1_000).await[0];
    let id = world.accept(&[payout(wallet, 300, "paid")]).await[0];
    world.drive_to_wait(&rules(BOTH_MODES[0], NoFaults), &[id]).await;
    let mut connection = world.hot.acquire().await.expect("a connection");
    let lost = "DELETE FROM apalis.jobs WHERE job_type = 'wallet-call'";
    for (loses_it, calls) in [(false, 0), (true, 1), (false, 0), (true, 1), (false, 0)] {
        if loses_it {
            sqlx::query(lost).execute(&world.reads).await.expect("a lost job");
        }
        // Whatever is due is overdue here.
        let rung = timers::ring(&mut connection, Duration::ZERO).await.expect("a round");
        assert_eq!(rung.calls, calls);
        let jobs = "SELECT count(*) FROM apalis.jobs WHERE job_type = 'wallet-call'";
        assert_eq!(world.count(jobs).await, 1);
    }
}

#[tokio::test]
async fn a_call_in_somebodys_hands_has_its_next_job_at_the_end_of_the_lease() {
    let world = World::new().await;
    let wallet = world.wallets(1, 1_000).await[0];
    let id = world.accept(&[payout(wallet, 300, "paid")]).await[0];
    world.drive_to_wait(&rules(BOTH_MODES[0], NoFaults), &[id]).await;
    let mut connection = world.hot.acquire().await.expect("a connection");
    let jobs = "SELECT count(*) FROM apalis.jobs AS j JOIN saga_open AS o ON o.due_at = j.run_at
        WHERE j.job_type = 'wallet-call' AND j.run_at > now()";
    put_off::behind_lease(&mut connection, id).await.expect("nothing to do");
    assert_eq!(world.count(jobs).await, 0, "nobody has it in hand");
    let call = calls::take(&mut connection, id, SOON).await.expect("a lease").expect("a call");
    put_off::behind_lease(&mut connection, id).await.expect("a job");
    assert_eq!(world.count(jobs).await, 1);
    let paid = Answer::Paid { provider_reference: None };
    calls::answer(&mut connection, call.lease(), &paid).await.expect("an answer");
    put_off::behind_lease(&mut connection, id).await.expect("nothing to do");
    assert_eq!(world.count("SELECT count(*) FROM apalis.jobs WHERE run_at > now()").await, 1);
}

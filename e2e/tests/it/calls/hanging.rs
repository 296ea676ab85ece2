//! A provider that hangs.

use std::time::{Duration, Instant};

use dev::sandbox::Mode;
use domain::saga::Step;
use domain::switch::Switch;
use jobs::outside::ProviderConfig;

use super::{PATIENCE, Worker, answers, come_to_an_end, provider, sandbox, waiting_at};
use crate::support::World;

/// Connections of the worker that do something, or hold a transaction open.
const BUSY: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'holdfast hot' AND state <> 'idle'";

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_hangs_holds_no_connection_and_keeps_nobody_elses_calls_waiting() {
    let world = World::new().await;
    let (hanging, screening) = (sandbox().await, sandbox().await);
    hanging.set_mode(Mode::Hang);
    // More than the worker can have in hand, and before all screenings.
    let payouts = waiting_at(&world, "submit_payout", &[(500, "paid"); 100]).await;
    let screenings = waiting_at(&world, "screen_outside", &[(500, "paid"); 60]).await;
    let config = ProviderConfig { concurrency: 8, ..provider(&hanging, 20_000) };
    let worker = Worker::start(&world, Some(config), Some(provider(&screening, 2_000)));
    let began = Instant::now();
    let screened = loop {
        let answers = answers(&world).await;
        let allowed = answers.iter().filter(|(_, kind)| kind.as_deref() == Some("allowed"));
        if allowed.count() == screenings.len() {
            break began.elapsed();
        }
        assert!(began.elapsed() < PATIENCE, "screenings wait for payouts: {answers:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(screened < Duration::from_secs(15), "they waited for a payout: {screened:?}");
    assert_eq!(hanging.payouts().len(), 0);
    // Calls hang by now; looks at the queue are short, so a few tries find none under way.
    let mut tries = 0;
    while world.count(BUSY).await > 0 {
        tries += 1;
        assert!(tries < 100, "calls that hang hold a connection");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What waits for its turn has not been counted as a call.
    let counted = "SELECT count(*) FROM saga_open WHERE step = 'submit_payout' AND call_count > 0";
    let counted = world.count(counted).await;
    assert!(counted < 64, "{counted} of {} calls were counted", payouts.len());
    // At a stop, calls that hang are cut off; they are asked about later.
    worker.running.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_paused_wait_for_the_end_of_the_pause() {
    let (world, sandbox) = (World::new().await, sandbox().await);
    let ids = waiting_at(&world, "submit_payout", &[(500, "paid"); 40]).await;
    let pause = Switch::PauseStep(Step::SubmitPayout);
    world.turn(pause, true).await;
    let worker = Worker::start(&world, Some(provider(&sandbox, 1_000)), None);
    let paused = "SELECT count(*) = 40 FROM saga_open
        WHERE waiting_for = 'switch:pause_step:submit_payout' AND call_count = 0";
    world.wait_until("all are paused", paused).await;
    assert_eq!(sandbox.payouts().len(), 0, "nobody was asked");
    world.turn(pause, false).await;
    assert_eq!(world.release().await, ids.len());
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_every_payout_is_made_once() {
    let (world, sandbox) = (World::new().await, sandbox().await);
    let ids = waiting_at(&world, "submit_payout", &[(500, "paid"); 40]).await;
    sandbox.set_mode(Mode::Error);
    let worker = Worker::start(&world, Some(provider(&sandbox, 1_000)), None);
    let began = Instant::now();
    come_to_an_end(&world, async || {
        if began.elapsed() > Duration::from_secs(1) {
            sandbox.set_mode(Mode::Normal);
        }
    })
    .await;
    let made = sandbox.payouts();
    assert_eq!(made.len(), ids.len());
    assert!(made.iter().all(|one| one.executed_count == 1 && one.repeat_count == 0), "{made:#?}");
    worker.stop().await;
}

//! Pauses of sagas that wait for somebody outside.

use chrono::TimeDelta;
use domain::answer::{Answer, Awaited};
use domain::group::NoFaults;
use domain::money::MinorUnits;
use domain::saga::Step;
use domain::switch::Switch;
use domain::transfer::{TransferKind, TransferStatus};
use store::answers::{self, Posted};
use store::switches::Switches;

use super::{manual, payout};
use crate::support::{BOTH_MODES, World, rules};

const KEPT: &str = "SELECT count(*) FROM saga_open
    WHERE waiting_for LIKE 'switch:%' AND answer IS NOT NULL AND parked_reason IS NULL AND attempt = 0";

#[tokio::test]
async fn an_answer_that_meets_a_pause_is_kept_and_used_at_its_end() {
    let pauses = [
        [Switch::PauseSaga(TransferKind::Transfer), Switch::PauseSaga(TransferKind::Payout)],
        [Switch::PauseStep(Step::AwaitCapture), Switch::PauseStep(Step::ConfirmPayout)],
    ];
    for (mode, pause) in BOTH_MODES.into_iter().flat_map(|mode| pauses.map(|pause| (mode, pause))) {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        let hold = manual(wallets[0], wallets[1], 300, TimeDelta::hours(1));
        let ids = world.accept(&[hold, payout(wallets[0], 200)]).await;
        let mut rules = rules(mode, NoFaults);
        world.drive_to_wait(&rules, &ids).await;
        for switch in pause {
            world.turn(switch, true).await;
        }
        let capture = Answer::Capture { amount_minor: MinorUnits(300) };
        let mut connection = world.hot.acquire().await.expect("a connection");
        let posted = answers::post(&mut connection, ids[0], &[Awaited::Capture], &capture).await;
        assert_eq!(posted.expect("an answer"), Posted::Taken);
        assert!(world.call(ids[1], &Answer::Paid { provider_reference: None }).await);
        drop(connection);
        rules.switches = Switches::start(&world.url).await.expect("the switches");
        world.drive_to_wait(&rules, &ids).await;
        assert_eq!(world.count(KEPT).await, 2, "{mode:?} {pause:?}");
        for switch in pause {
            world.turn(switch, false).await;
        }
        assert_eq!(world.release().await, 2);
        rules.switches = Switches::default();
        world.drive(&rules, &ids).await;
        for id in &ids {
            assert_eq!(world.status(*id).await, TransferStatus::Settled, "{mode:?} {pause:?}");
        }
        world.assert_clean_slate().await;
    }
}

#[tokio::test]
async fn who_waits_for_a_capture_is_told_so_while_its_step_is_paused() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        let wallets = world.wallets(2, 1_000).await;
        world.turn(Switch::PauseStep(Step::AwaitCapture), true).await;
        let ids = world.accept(&[manual(wallets[0], wallets[1], 300, TimeDelta::hours(1))]).await;
        let mut rules = rules(mode, NoFaults);
        rules.switches = Switches::start(&world.url).await.expect("the switches");
        world.drive_to_wait(&rules, &ids).await;
        let waits = "SELECT count(*) FROM saga_open WHERE waiting_for = 'capture'";
        let told = "SELECT count(*) FROM event WHERE type = 'transfer.held.v1'";
        assert_eq!((world.count(waits).await, world.count(told).await), (1, 1), "{mode:?}");
    }
}

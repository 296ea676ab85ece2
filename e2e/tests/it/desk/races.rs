//! Many operators at once: one of them wins.

use std::collections::BTreeSet;

use domain::dead_letter::DeskAct;
use domain::group::NoFaults;
use store::desk::DeskError;

use super::{PLACES, act, assert_nothing_held, stuck};
use crate::support::{BOTH_MODES, World, rules};

#[tokio::test(flavor = "multi_thread")]
async fn different_acts_at_once_close_a_dead_letter_once() {
    for mode in BOTH_MODES {
        let world = World::new().await;
        for round in 0..8 {
            let place = PLACES[round % PLACES.len()];
            let (id, letter) = stuck(&world, mode, place).await;
            let tries = (0..16).map(|number| {
                let one = DeskAct::ALL[(number + round) % DeskAct::ALL.len()];
                let (world, letter) = (&world, &letter);
                async move { (one, act(world, letter, one).await) }
            });
            let mut won = BTreeSet::new();
            for (one, done) in futures::future::join_all(tries).await {
                match done {
                    Ok(closed) => {
                        assert_eq!(closed.status, one.closes_as());
                        // The same by another name when an undo is what failed.
                        let retry = one == DeskAct::RetryCompensation;
                        won.insert(if retry { DeskAct::Redrive } else { one });
                    }
                    Err(DeskError::Closed(_) | DeskError::Refused(_)) => {}
                    Err(other) => panic!("{one}: {other}"),
                }
            }
            assert_eq!(won.len(), 1, "{won:?}");
            let audited = world.count("SELECT count(*) FROM operator_audit").await;
            assert_eq!(audited, i64::try_from(round).expect("a small number") + 1);
            world.drive(&rules(mode, NoFaults), &[id]).await;
            assert!(world.status(id).await.is_final());
            assert_nothing_held(&world).await;
        }
    }
}

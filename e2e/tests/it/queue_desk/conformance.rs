//! What we use of SQS, against another endpoint than the embedded one: `e2e/conformance/run.sh`.

use super::{Desk, index, redrive};
use crate::support::process::Process;
use crate::support::transfer;

/// Declares the ignored test of a scenario.
macro_rules! scenarios {
    ($($name:ident = $scenario:path, $suffix:literal;)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        #[ignore = "needs another SQS endpoint"]
        async fn $name() {
            $scenario(elsewhere($suffix).await).await;
        }
    )+};
}

scenarios! {
    unreadable_is_set_aside_and_indexed = index::poison, "";
    a_look_receives_each_message_once = index::quiet, "";
    what_was_taken_is_gone = index::gone, "";
    refused_too_often_is_moved_and_redriven = index::refused, "";
    selected_go_back_by_hand = redrive::selected, "";
    a_purge_empties = purge, "";
    a_killed_redrive_goes_on = redrive::killed, "";
    a_fifo_queue_keeps_its_groups = redrive::fifo, ".fifo";
    what_sqs_moved_goes_back = moved, "";
    events_go_the_whole_way_through_queues_that_we_create = whole_way, "";
}

fn url() -> String {
    let url = std::env::var("HOLDFAST_CONFORMANCE_SQS_URL");
    url.expect("HOLDFAST_CONFORMANCE_SQS_URL names an SQS endpoint")
}

/// The endpoint under test.
async fn elsewhere(suffix: &str) -> Desk {
    Desk::at(url(), None, suffix, 2).await
}

async fn purge(desk: Desk) {
    redrive::purge(&desk).await;
}

async fn moved(desk: Desk) {
    eprintln!("20 messages that SQS moved went back {}", redrive::moved(desk).await);
}

/// Creation with policies, batches, long polls and deletion, as production has them.
async fn whole_way(desk: Desk) {
    let world = &desk.world;
    let (audit, metrics) = (format!("new-{}", desk.audit), format!("new-{}", desk.metrics));
    let variables = [
        ("SQS_ENDPOINT_URL", desk.endpoint_url.as_str()),
        ("HOLDFAST_QUEUE_AUDIT_URL", audit.as_str()),
        ("HOLDFAST_QUEUE_METRICS_URL", metrics.as_str()),
        ("HOLDFAST_CREATE_QUEUES", "true"),
    ];
    let process = Process::jobs(&world.url, &variables);
    let wallets = world.wallets(2, 10_000).await;
    for _ in 0..5 {
        let commands: Vec<_> = (0..100).map(|_| transfer(wallets[0], wallets[1], 1)).collect();
        world.accept(&commands).await;
    }
    world.wait_for_rest().await;
    world
        .wait_until(
            "every event is chained and counted",
            "SELECT NOT EXISTS (SELECT 1 FROM outbox)
                AND (SELECT count(*) FROM event) = (SELECT count(*) FROM event_audit)
                AND (SELECT count(*) FROM event WHERE transfer_id IS NOT NULL)
                    = (SELECT coalesce(sum(transfer_count), 0) FROM business_minute)",
        )
        .await;
    assert!(process.stop(), "a clean drain");
    let verified = store::audit::verify(&world.reads).await.expect("a verified chain");
    assert_eq!(verified.first_broken, None);
    world.assert_ledger_clean().await;
}

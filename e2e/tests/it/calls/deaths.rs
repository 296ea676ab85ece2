//! Workers killed before and after calls, against a provider that does everything wrong.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{answers, come_to_an_end, free_leases, sandbox, waiting_at};
use crate::support::World;
use crate::support::process::Process;

/// Behavior and end. Most are well, or the breaker would keep everybody waiting.
const MIX: &[(&str, &str)] = &[
    ("paid", "paid"),
    ("declined", "declined"),
    ("later:50", "paid"),
    ("declined_later:50", "declined"),
    ("paid", "paid"),
    ("slow:30+paid", "paid"),
    ("timeout_before+paid", "paid"),
    ("timeout_after+later:50", "paid"),
    ("paid", "paid"),
    ("error_before+declined", "declined"),
    ("error_after+later:50", "paid"),
    ("drop_before+paid", "paid"),
    ("drop_after*2+paid", "paid"),
    ("paid", "paid"),
    ("garbage_after+paid", "paid"),
    ("busy*2+later:50", "paid"),
    ("paid", "paid"),
    ("paid", "paid"),
    ("declined", "declined"),
    ("paid", "paid"),
    ("paid", "paid"),
    ("later:50", "paid"),
    ("paid", "paid"),
    ("paid", "paid"),
];

/// Payouts in all.
const COUNT: usize = 144;
/// Each payout at such a place kills its worker twice. No divisor of the mix, so that
/// several behaviors get their turn.
const FATAL: usize = 29;

#[tokio::test(flavor = "multi_thread")]
async fn no_payout_is_made_twice_and_none_is_lost_when_workers_die_before_and_after_calls() {
    let (world, sandbox) = (World::new().await, sandbox().await);
    let mix = || MIX.iter().cycle().take(COUNT);
    let amount = |index: usize| if index.is_multiple_of(FATAL) { 666 } else { 500 };
    let wanted = mix().enumerate().map(|(index, (behavior, _))| (amount(index), *behavior));
    let ids = waiting_at(&world, "submit_payout", &wanted.collect::<Vec<_>>()).await;
    let folder = std::env::temp_dir().join(format!("holdfast-deaths-{}", Uuid::now_v7()));
    std::fs::create_dir(&folder).expect("a folder");
    let url = sandbox.url();
    let variables = [
        ("HOLDFAST_ROLES", "calls"),
        ("HOLDFAST_PAYOUT_PROVIDER_URL", url.as_str()),
        ("HOLDFAST_PAYOUT_TIMEOUT_MS", "500"),
        ("E2E_ABORT_CALL_AMOUNT", "666"),
        ("E2E_ABORT_CALL_DIR", folder.to_str().expect("a path")),
    ];
    let mut worker = Process::jobs(&world.url, &variables);
    let mut deaths = 0;
    come_to_an_end(&world, async || {
        if worker.has_ended() {
            deaths += 1;
            free_leases(&world).await;
            worker = Process::jobs(&world.url, &variables);
        }
    })
    .await;
    assert!(worker.stop(), "the last one ends well");
    let fuses = std::fs::read_dir(&folder).expect("a folder").count();
    assert_eq!(fuses, 2 * COUNT.div_ceil(FATAL), "once before and once after each");
    std::fs::remove_dir_all(folder).ok();

    let made: BTreeMap<String, _> =
        sandbox.payouts().into_iter().map(|record| (record.key.clone(), record)).collect();
    let told: BTreeMap<Uuid, Option<String>> = answers(&world).await.into_iter().collect();
    for (id, (behavior, end)) in ids.iter().zip(mix()) {
        let (record, told) = (&made[&id.to_string()], &told[&id.0]);
        assert_eq!(told.as_deref(), Some(*end), "{behavior}");
        let executed = u32::from(*end == "paid");
        assert_eq!(record.executed_count, executed, "{behavior}: {record:?}");
        assert_eq!((record.repeat_count, record.conflict_count), (0, 0), "{behavior}: {record:?}");
    }
    assert_eq!(made.len(), COUNT, "no other key was ever used");
    // One process may burn two fuses.
    assert!(deaths > 1, "{deaths} deaths");
}

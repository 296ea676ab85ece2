//! The retry schedule: when a failed step is tried again.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::retry::RetrySchedule;
use proptest::prelude::*;

use crate::helpers::transfer_id;

const fn schedule(base_ms: u64, max_ms: u64, attempt_max: u32) -> RetrySchedule {
    RetrySchedule {
        backoff_base: Duration::from_millis(base_ms),
        backoff_max: Duration::from_millis(max_ms),
        attempt_max,
    }
}

#[test]
fn the_full_wait_doubles_up_to_the_cap_and_ends_with_the_last_attempt() {
    let default = RetrySchedule::default();
    let patient = schedule(1, 60_000, u32::MAX);
    // Schedule, attempt that failed, full wait in milliseconds.
    let table = [
        (default, 1, Some(250)),
        (default, 2, Some(500)),
        (default, 3, Some(1_000)),
        (default, 4, Some(2_000)),
        (default, 5, Some(4_000)),
        (default, 6, Some(8_000)),
        (default, 7, Some(16_000)),
        (default, 8, None),
        (default, 9, None),
        (default, u32::MAX, None),
        (schedule(1_000, 3_000, 5), 2, Some(2_000)),
        (schedule(1_000, 3_000, 5), 3, Some(3_000)),
        (schedule(1_000, 3_000, 5), 4, Some(3_000)),
        (schedule(1_000, 3_000, 5), 5, None),
        (schedule(1_000, 3_000, 1), 1, None),
        (schedule(1_000, 3_000, 0), 1, None),
        (schedule(5_000, 3_000, 5), 1, Some(3_000)),
        (schedule(0, 3_000, 5), 3, Some(0)),
        (patient, 31, Some(60_000)),
        (patient, 32, Some(60_000)),
        (patient, 1_000_000, Some(60_000)),
    ];
    for (schedule, attempt, full_ms) in table {
        let delay = schedule.delay_after(transfer_id(1), attempt);
        let Some(full_ms) = full_ms else {
            assert_eq!(delay, None, "{schedule:?} after {attempt}");
            continue;
        };
        let full = Duration::from_millis(full_ms);
        let delay = delay.expect("another attempt");
        assert!(full / 2 <= delay && delay <= full, "{schedule:?} after {attempt}: {delay:?}");
    }
}

/// Pinned, so that a schedule that was told to a person stays true across releases.
#[test]
fn the_delays_of_a_known_transfer_are_known() {
    let delays: Vec<u128> = (1..8)
        .filter_map(|attempt| RetrySchedule::default().delay_after(transfer_id(42), attempt))
        .map(|delay| delay.as_millis())
        .collect();
    assert_eq!(delays, [129, 499, 927, 1502, 2020, 7848, 11015]);
}

#[test]
fn a_thousand_transfers_that_failed_together_come_back_spread_out() {
    let schedule = schedule(2_000, 2_000, 10);
    for attempt in 1..5 {
        let delay = |n| schedule.delay_after(transfer_id(n), attempt).expect("another attempt");
        // The jitter takes up to half of two seconds away: twenty slots of 50 ms.
        let mut slots = [0_u32; 20];
        for n in 0..1_000 {
            let slot = (delay(n).as_millis() - 1_000) / 50;
            slots[usize::try_from(slot).expect("a small number").min(19)] += 1;
        }
        for (slot, count) in slots.iter().enumerate() {
            assert!((25..=75).contains(count), "attempt {attempt}, slot {slot}: {slots:?}");
        }
    }
}

#[test]
fn one_transfer_takes_another_share_of_jitter_each_time() {
    let schedule = schedule(1_000, 1_000, 100);
    let delays: BTreeSet<_> =
        (1..100).map(|attempt| schedule.delay_after(transfer_id(7), attempt)).collect();
    assert!(delays.len() > 95, "only {} different delays", delays.len());
}

proptest! {
    #[test]
    fn a_delay_is_the_same_each_time_and_between_half_and_full(
        n in any::<u128>(),
        attempt in 1..100_u32,
        base_ms in 0..100_000_u64,
        max_ms in 0..100_000_u64,
        attempt_max in 0..100_u32,
    ) {
        let schedule = schedule(base_ms, max_ms, attempt_max);
        let delay = schedule.delay_after(transfer_id(n), attempt);
        prop_assert_eq!(delay, schedule.delay_after(transfer_id(n), attempt));
        prop_assert_eq!(delay.is_none(), attempt >= attempt_max);
        if let Some(delay) = delay {
            let doubled = u128::from(base_ms) << (attempt - 1).min(40);
            let full = u64::try_from(doubled.min(u128::from(max_ms))).expect("capped");
            let full = Duration::from_millis(full);
            prop_assert!(full / 2 <= delay && delay <= full, "{:?} of {:?}", delay, full);
        }
    }

    #[test]
    fn no_schedule_overflows(attempt in any::<u32>(), base in any::<u64>(), max in any::<u64>()) {
        let schedule = RetrySchedule {
            backoff_base: Duration::from_secs(base),
            backoff_max: Duration::from_secs(max),
            attempt_max: u32::MAX,
        };
        if let Some(delay) = schedule.delay_after(transfer_id(1), attempt) {
            prop_assert!(delay <= schedule.backoff_max);
        }
    }
}

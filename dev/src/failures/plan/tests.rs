use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::*;

fn at(second: u64) -> Duration {
    Duration::from_secs(second)
}

/// A transfer with this lot.
fn transfer(lot: u128) -> TransferId {
    TransferId(Uuid::from_u128(lot))
}

/// All that can happen to a first try, by (step, undo).
fn failures(lot: u128, elapsed: Duration) -> Vec<Failure> {
    let steps = Step::ALL.iter().flat_map(|&step| [(step, false), (step, true)]);
    steps.filter_map(|step| failure(transfer(lot), step, 0, elapsed)).collect()
}

#[test]
fn every_cause_occurs_as_often_as_the_others_and_most_transfers_meet_none() {
    let mut counts: BTreeMap<Option<&str>, u32> = BTreeMap::new();
    for lot in 0..1000 {
        let code = mishap(transfer(lot)).map(|mishap| match mishap {
            Mishap::Cause(cause) => cause.code,
            Mishap::Permanent => "permanent",
            Mishap::Passes => "passes",
        });
        *counts.entry(code).or_default() += 1;
        assert_eq!(is_chosen(transfer(lot)), code.is_some());
    }
    assert_eq!(counts.remove(&None), Some(936));
    assert_eq!(
        (counts.remove(&Some("permanent")), counts.remove(&Some("passes"))),
        (Some(6), Some(10))
    );
    let causes: BTreeSet<_> = STEP_CAUSES.iter().map(|cause| Some(cause.code)).collect();
    assert_eq!(counts.keys().copied().collect::<BTreeSet<_>>(), causes);
    assert!(counts.values().all(|count| *count == 6), "{counts:?}");
}

#[test]
fn the_same_transfer_at_the_same_time_always_fails_alike() {
    for lot in 0..1000 {
        for second in [0, 39, 40, 100, 1_000] {
            assert_eq!(failures(lot, at(second)), failures(lot + 1_000_000, at(second)));
        }
    }
}

#[test]
fn every_cause_breaks_and_is_mended_again_and_again() {
    for (number, cause) in (0..).zip(&STEP_CAUSES) {
        let lot = number * CAUSE_PERMILLE;
        let fails =
            |second| failures(lot, at(second)).iter().any(|failure| failure.code == cause.code);
        let changes = (1..400).filter(|&second| fails(second) != fails(second - 1)).count();
        assert!(changes >= 9, "{}: {changes}", cause.code);
        assert_eq!((0..400).filter(|&second| fails(second)).count(), 200, "{}", cause.code);
    }
}

#[test]
fn half_of_the_causes_of_dead_letters_are_broken_at_any_time() {
    let codes: BTreeSet<_> = STEP_CAUSES.iter().map(|cause| cause.code).collect();
    for second in 0..200 {
        let broken = broken(at(second));
        assert_eq!(broken.iter().filter(|code| codes.contains(*code)).count(), 4, "{second}");
    }
}

#[test]
fn dead_letters_have_at_least_six_causes_and_all_three_reasons() {
    let mut fingerprints = BTreeSet::new();
    for lot in 0..1000 {
        for second in [0, 40] {
            for &step in Step::ALL {
                for undo in [false, true] {
                    let failed = failure(transfer(lot), (step, undo), 7, at(second));
                    let failed =
                        failed.filter(|failed| undo || failed.class != FailureClass::Permanent);
                    fingerprints.extend(failed.map(|failed| failed.fingerprint(step).0));
                }
            }
        }
    }
    let found: Vec<_> = fingerprints.iter().map(String::as_str).collect();
    assert_eq!(
        found,
        [
            "place_hold/permanent/hold_release_refused",
            "place_hold/transient/hold_ledger_busy",
            "place_hold/transient/limit_service_away",
            "post_entry/transient/posting_lock_lost",
            "screen/transient/risk_model_not_loaded",
            "screen/transient/sanctions_list_unavailable",
            "screen/transient/screening_timeout",
            "screen/unknown/screening_answer_lost",
        ]
    );
}

#[test]
fn a_failure_that_passes_does_so_after_two_tries() {
    let lot = CAUSE_PERMILLE * 8 + PERMANENT_PERMILLE;
    let fails = |attempt| failure(transfer(lot), (Step::Screen, false), attempt, at(0)).is_some();
    assert_eq!([0, 1, 2].map(fails), [true, true, false]);
}

#[test]
fn each_consumer_drops_one_message_in_a_hundred_while_its_cause_is_broken() {
    for (consumer, broken_at, well_at) in [(Consumer::Audit, 10, 90), (Consumer::Metrics, 90, 10)] {
        let count = |second| {
            let dropped = |lot: &u128| drops(consumer, EventId(Uuid::from_u128(*lot)), at(second));
            (0..1000).filter(dropped).count()
        };
        assert_eq!((count(broken_at), count(well_at)), (10, 0));
    }
}

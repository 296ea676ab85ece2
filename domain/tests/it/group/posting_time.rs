//! Time never runs backwards in a wallet, even when the clock does.

use domain::wallet::HotWallet;
use proptest::prelude::*;

use crate::helpers::{Lane, Rows, at, transfer, wallet};

#[test]
fn an_entry_is_posted_now_or_with_the_newest_posting_of_its_wallets() {
    let last =
        |seconds: Option<i64>, wallet| HotWallet { last_posted_at: seconds.map(at), ..wallet };
    // Newest posting of source and destination, the clock, time of the new posting.
    let table = [
        (None, None, 10, 10),
        (Some(5), Some(7), 10, 10),
        (Some(10), None, 10, 10),
        (Some(20), Some(7), 10, 20),
        (Some(5), Some(30), 10, 30),
        (Some(20), Some(30), 10, 30),
    ];
    for (source, destination, now, expected) in table {
        let mut rows = Rows::new([last(source, wallet(1, 100)), last(destination, wallet(2, 0))]);
        let story = rows.drive(&Lane { now: at(now), ..Lane::default() }, transfer(1, 1, 2, 40));
        let posted_at = story.entries[0].posted_at;
        assert_eq!(posted_at, at(expected), "{source:?}, {destination:?}, {now}");
        for n in [1, 2] {
            assert_eq!(rows.wallet(n).last_posted_at, Some(posted_at));
        }
    }
}

/// The millisecond in the first 48 bits of an id.
fn millisecond(id: domain::ids::EntryId) -> i64 {
    i64::try_from(id.0.as_u128() >> 80).expect("48 bits")
}

#[test]
fn an_entry_has_the_millisecond_of_its_posting_in_its_id_whatever_the_clock_of_its_maker() {
    // Newest posting of the destination, the clock, time of the new posting: also where it is pushed forward.
    for (newest, now, expected) in [(None, 10, 10), (Some(30), 10, 30), (Some(5), 10, 10)] {
        let to = HotWallet { last_posted_at: newest.map(at), ..wallet(2, 0) };
        let mut rows = Rows::new([wallet(1, 100), to]);
        let lane = Lane { now: at(now), ..Lane::default() };
        let mut ids = Vec::new();
        for n in 1..=2 {
            let entry = rows.drive(&lane, transfer(n, 1, 2, 40)).entries.remove(0);
            assert_eq!(entry.posted_at, at(expected));
            assert_eq!(millisecond(entry.id), at(expected).timestamp_millis());
            ids.push(entry.id);
        }
        assert_ne!(ids[0], ids[1], "one millisecond, two entries");
    }
}

proptest! {
    #[test]
    fn the_postings_before_any_instant_are_the_first_of_their_wallet_by_the_ids_of_their_entries(
        moves in prop::collection::vec((0..3_u128, 1..3_u128, 0..100_i64), 1..20),
        boundary in 0..100_i64,
    ) {
        let mut rows = Rows::new((0..3).map(|n| wallet(n, 1_000)));
        let mut behind = [false; 3];
        for (source, step, now) in moves {
            let lane = Lane { now: at(now), ..Lane::default() };
            let story = rows.drive(&lane, transfer(1, source, (source + step) % 3, 10));
            let is_behind = millisecond(story.entries[0].id) >= at(boundary).timestamp_millis();
            for line in &story.entries[0].lines {
                let n = usize::try_from(line.posting.wallet.0.as_u128()).expect("a small id");
                prop_assert!(is_behind || !behind[n]);
                behind[n] = is_behind;
            }
        }
    }

    #[test]
    fn the_postings_of_a_wallet_stand_in_order_of_time(
        moves in prop::collection::vec((0..3_u128, 1..3_u128, 0..100_i64), 1..20)
    ) {
        let mut rows = Rows::new((0..3).map(|n| wallet(n, 1_000)));
        let mut newest = [None; 3];
        for (source, step, now) in moves {
            let destination = (source + step) % 3;
            let lane = Lane { now: at(now), ..Lane::default() };
            let story = rows.drive(&lane, transfer(1, source, destination, 10));
            for line in &story.entries[0].lines {
                let n = usize::try_from(line.posting.wallet.0.as_u128()).expect("a small id");
                prop_assert!(newest[n] <= Some(story.entries[0].posted_at));
                newest[n] = Some(story.entries[0].posted_at);
            }
        }
    }
}

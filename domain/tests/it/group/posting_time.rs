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

proptest! {
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

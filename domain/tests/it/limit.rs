//! Limits: where days and months begin and end, what is counted, and what is said.

use chrono::{DateTime, NaiveDate, Utc};
use domain::failure::FailureClass;
use domain::limit::{
    Limit, LimitBook, LimitExceeded, LimitPeriod, LimitScope, LimitUnit, LimitedWallet, Subject,
    TimeZone, Usage, check_kind,
};
use domain::money::MinorUnits;

use crate::helpers::{currency, eur, wallet_id};

pub fn zone(name: &str) -> TimeZone {
    name.parse().expect("a time zone")
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub fn of_wallet(n: u128) -> Subject {
    Subject { scope: LimitScope::Wallet, id: wallet_id(n).to_string(), currency: eur() }
}

pub fn of_owner(id: &str) -> Subject {
    Subject { scope: LimitScope::Owner, id: id.to_owned(), currency: eur() }
}

pub fn limit(subject: Subject, period: LimitPeriod, unit: LimitUnit, value: i64) -> Limit {
    Limit { subject, period, unit, value }
}

/// Wallet `n` in UTC on 21 November 2026.
pub fn limited(n: u128, limits: Vec<Limit>) -> LimitedWallet {
    let (zone, today) = (TimeZone::default(), day("2026-11-21"));
    LimitedWallet { id: wallet_id(n), zone, today, limits }
}

fn take(book: &mut LimitBook, n: u128, amount: i64) -> Result<(), LimitExceeded> {
    let day = book.take(wallet_id(n), MinorUnits(amount))?;
    assert_eq!(day, Some(self::day("2026-11-21")));
    Ok(())
}

#[test]
fn a_day_begins_at_midnight_of_its_zone_and_ends_where_the_next_one_begins() {
    // Zone, day, first instant of it, first instant after it.
    let table = [
        ("UTC", "2026-11-21", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
        ("Europe/Berlin", "2026-11-21", "2026-11-20T23:00:00Z", "2026-11-21T23:00:00Z"),
        // 23 hours: clocks go forward at 02:00.
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        // 25 hours: clocks go back at 03:00.
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        ("Asia/Kathmandu", "2026-11-21", "2026-11-20T18:15:00Z", "2026-11-21T18:15:00Z"),
        // 24:00 is 01:00 there: clocks jump over midnight.
        ("Africa/Cairo", "2025-04-25", "2025-04-24T22:00:00Z", "2025-04-25T21:00:00Z"),
        // Midnight comes twice: clocks go back from 01:00 to 00:00.
        ("America/Havana", "2025-11-02", "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"),
        // The last hour comes twice: clocks go back from 24:00 to 23:00.
        ("Asia/Beirut", "2025-10-25", "2025-10-24T21:00:00Z", "2025-10-25T22:00:00Z"),
        ("Pacific/Kiritimati", "2026-11-21", "2026-11-20T10:00:00Z", "2026-11-21T10:00:00Z"),
        ("Pacific/Pago_Pago", "2026-11-21", "2026-11-21T11:00:00Z", "2026-11-22T11:00:00Z"),
        // A date that never was: Samoa crossed the date line.
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"),
    ];
    for (name, date, start, end) in table {
        let (zone, date) = (zone(name), day(date));
        let next = date.succ_opt().expect("a next day");
        let found = (zone.start_of(date), zone.start_of(next));
        assert_eq!(found, (utc(start), utc(end)), "{name} {date}");
    }
}

#[test]
fn every_instant_is_in_the_day_that_its_zone_says() {
    // Each quarter of an hour of a year with both jumps, and the seconds around it.
    for name in ["UTC", "Europe/Berlin", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe"] {
        let zone = zone(name);
        let first = utc("2025-01-01T00:00:00Z").timestamp();
        for quarter in 0..(366 * 96) {
            for second in [-1, 0, 1] {
                let at = DateTime::from_timestamp(first + quarter * 900 + second, 0);
                let at = at.expect("an instant");
                // Days are found by search, so look only near their ends.
                let day = zone.day_of(at);
                if zone.day_of(at - chrono::TimeDelta::hours(2)) == day {
                    continue;
                }
                assert!(zone.start_of(day) <= at, "{name} {at}");
                assert!(at < zone.start_of(day.succ_opt().expect("a day")), "{name} {at}");
            }
        }
    }
}

#[test]
fn a_month_is_that_of_the_zone_however_long_it_is() {
    // Zone, day in it, when the month's limit frees.
    let table = [
        ("UTC", "2026-01-31", "2026-02-01T00:00:00Z"),
        ("UTC", "2026-02-28", "2026-03-01T00:00:00Z"),
        ("UTC", "2028-02-29", "2028-03-01T00:00:00Z"),
        ("UTC", "2026-12-01", "2027-01-01T00:00:00Z"),
        ("Europe/Berlin", "2026-03-15", "2026-03-31T22:00:00Z"),
        ("Europe/Berlin", "2026-10-31", "2026-10-31T23:00:00Z"),
    ];
    for (name, date, frees_at) in table {
        let month = limit(of_owner("o"), LimitPeriod::Month, LimitUnit::Amount, 1);
        assert_eq!(month.frees_at(zone(name), day(date)), Some(utc(frees_at)), "{name} {date}");
        let window = month.window(day(date)).expect("a window");
        assert_eq!(window.first_day.to_string(), format!("{}-01", &date[..7]));
    }
}

#[test]
fn a_zone_is_known_by_its_name_only() {
    assert_eq!(zone("Europe/Berlin").to_string(), "Europe/Berlin");
    assert_eq!(TimeZone::default(), zone("UTC"));
    for name in ["", "europe/berlin", "Berlin", "+01:00", "UTC\0"] {
        assert!(name.parse::<TimeZone>().is_err(), "{name:?}");
    }
}

#[test]
fn a_limit_is_exact_to_the_unit() {
    use LimitPeriod::{Day, Month, Transfer};
    use LimitUnit::{Amount, Count};
    // Limit, amounts that pass in this order, and one that does not.
    let table = [
        ((Transfer, Amount, 100), vec![100, 100, 99], 101),
        ((Day, Amount, 100), vec![60, 40], 1),
        ((Day, Amount, 100), vec![60], 41),
        ((Month, Amount, 100), vec![100], 1),
        ((Day, Count, 2), vec![1_000_000, 1], 1),
        ((Month, Count, 1), vec![5], 5),
        ((Day, Amount, 0), vec![], 1),
        ((Day, Count, 0), vec![], 1),
    ];
    for ((period, unit, value), passing, refused) in table {
        let rule = limit(of_wallet(1), period, unit, value);
        let mut book = LimitBook::new([limited(1, vec![rule.clone()])], []);
        for amount in passing {
            take(&mut book, 1, amount).expect("within the limit");
        }
        let before = book.changes().into_iter().map(|(_, usage)| usage).collect::<Vec<_>>();
        let exceeded = take(&mut book, 1, refused).expect_err("over the limit");
        assert_eq!(exceeded.limit, rule);
        let after = book.changes().into_iter().map(|(_, usage)| usage).collect::<Vec<_>>();
        assert_eq!(before, after, "what is refused is not counted");
    }
}

#[test]
fn an_owners_limit_counts_all_its_wallets_and_a_wallets_only_one() {
    let owner = limit(of_owner("o"), LimitPeriod::Day, LimitUnit::Amount, 100);
    let own = limit(of_wallet(1), LimitPeriod::Day, LimitUnit::Amount, 30);
    let wallets = [limited(1, vec![own.clone(), owner.clone()]), limited(2, vec![owner.clone()])];
    let mut book = LimitBook::new(wallets, []);
    take(&mut book, 1, 30).expect("both allow it");
    let exceeded = take(&mut book, 1, 1).expect_err("its own limit is used up");
    assert_eq!((exceeded.limit, exceeded.left), (own, 0));
    take(&mut book, 2, 70).expect("the owner has 70 left");
    let exceeded = take(&mut book, 2, 1).expect_err("the owner's limit is used up");
    assert_eq!((exceeded.limit, exceeded.left), (owner, 0));
}

#[test]
fn of_several_broken_limits_the_one_that_frees_last_is_named() {
    let rule = |period, value| limit(of_wallet(1), period, LimitUnit::Amount, value);
    let day = rule(LimitPeriod::Day, 10);
    let month = rule(LimitPeriod::Month, 20);
    let transfer = rule(LimitPeriod::Transfer, 50);
    for (amount, named) in [(11, &day), (21, &month), (51, &transfer)] {
        let limits = vec![month.clone(), transfer.clone(), day.clone()];
        let mut book = LimitBook::new([limited(1, limits)], []);
        assert_eq!(&take(&mut book, 1, amount).expect_err("too much").limit, named);
    }
}

#[test]
fn what_is_given_back_can_be_sent_again_and_never_makes_more_than_there_was() {
    let rule = limit(of_wallet(1), LimitPeriod::Day, LimitUnit::Amount, 100);
    let yesterday = day("2026-11-20");
    let before = Usage { amount: MinorUnits(90), count: 9 };
    let usage = of_wallet(1).windows(yesterday).into_iter().map(|window| (window, before));
    let mut book = LimitBook::new([limited(1, vec![rule])], usage.collect::<Vec<_>>());
    // 90 of this month are yesterday's: the day is free.
    take(&mut book, 1, 100).expect("nothing was sent today");
    take(&mut book, 1, 1).expect_err("now it is used up");
    book.give_back(wallet_id(1), day("2026-11-21"), MinorUnits(100));
    assert!(book.changes().is_empty(), "as it was");
    take(&mut book, 1, 100).expect("all of it is there again");
    book.give_back(wallet_id(1), yesterday, MinorUnits(40));
    let used = |day| {
        let usage = |window| book.usage(&window).amount.0;
        of_wallet(1).windows(day).into_iter().map(usage).collect::<Vec<_>>()
    };
    assert_eq!(used(yesterday), [50, 150], "yesterday, and the month");
    assert_eq!(used(day("2026-11-21")), [100, 150], "today, and the month");
    book.give_back(wallet_id(1), yesterday, MinorUnits(51));
    let window = &of_wallet(1).windows(yesterday)[0];
    assert_eq!(book.usage(window).amount, MinorUnits::ZERO, "never below nothing");
}

#[test]
fn nothing_limits_a_wallet_that_is_not_in_the_book() {
    let mut book = LimitBook::default();
    assert_eq!(book.take(wallet_id(1), MinorUnits(i64::MAX)), Ok(None));
    book.give_back(wallet_id(1), day("2026-11-21"), MinorUnits(1));
    assert!(book.changes().is_empty());
}

#[test]
fn a_sum_beyond_all_numbers_is_over_every_limit() {
    let rule = limit(of_wallet(1), LimitPeriod::Day, LimitUnit::Amount, i64::MAX);
    let mut book = LimitBook::new([limited(1, vec![rule])], []);
    take(&mut book, 1, i64::MAX).expect("as much as there is");
    take(&mut book, 1, 1).expect_err("no number is as large");
}

#[test]
fn the_sentence_says_which_limit_what_is_left_and_when_it_frees() {
    use LimitPeriod::{Day, Month, Transfer};
    use LimitUnit::{Amount, Count};
    let berlin = zone("Europe/Berlin");
    let exceeded = |subject: Subject, period, unit, value, left| {
        let limit = limit(subject, period, unit, value);
        let frees_at = limit.frees_at(berlin, day("2026-11-21"));
        LimitExceeded { limit, left, frees_at, zone: berlin }
    };
    let yen = Subject { currency: currency("JPY"), ..of_wallet(1) };
    let table = [
        (
            exceeded(of_owner("o"), Day, Amount, 100_000, 12_000),
            "Owner limit of 1000.00 EUR a day: 120.00 EUR are left until 2026-11-22T00:00:00+01:00.",
        ),
        (
            exceeded(of_wallet(1), Month, Count, 10, 0),
            "Wallet limit of 10 transfers a month: 0 transfers are left until 2026-12-01T00:00:00+01:00.",
        ),
        (
            exceeded(of_wallet(1), Day, Count, 1, 0),
            "Wallet limit of 1 transfer a day: 0 transfers are left until 2026-11-22T00:00:00+01:00.",
        ),
        (
            exceeded(yen, Transfer, Amount, 500, 500),
            "Wallet limit of 500 JPY a transfer: this one is larger.",
        ),
    ];
    for (exceeded, sentence) in table {
        assert_eq!(exceeded.detail(), sentence);
        let failure = domain::failure::Failure::from(exceeded);
        assert_eq!(failure.class, FailureClass::Rejected);
        assert_eq!(failure.code, "limit_exceeded");
    }
    let utc =
        LimitExceeded { zone: TimeZone::default(), ..exceeded(of_owner("o"), Day, Amount, 1, 0) };
    assert!(utc.detail().ends_with("until 2026-11-21T23:00:00Z."), "{}", utc.detail());
}

#[test]
fn a_limit_a_transfer_is_an_amount() {
    for &period in LimitPeriod::ALL {
        for &unit in LimitUnit::ALL {
            let meaningless = (period, unit) == (LimitPeriod::Transfer, LimitUnit::Count);
            assert_eq!(check_kind(period, unit).is_err(), meaningless);
        }
    }
}

use std::cmp::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::value::RawValue;

use super::*;
use crate::cell::Tone;

fn rows(cells: Vec<Cell>) -> Vec<Row> {
    let json = || RawValue::from_string("{}".to_owned()).unwrap();
    cells
        .into_iter()
        .enumerate()
        .map(|(at, cell)| Row { id: at.to_string(), cells: vec![cell], json: json() })
        .collect()
}

/// The rows in order, and the other way round, after they have come in pages of this size.
fn orders(rows: &[Row], page: usize) -> [Vec<usize>; 2] {
    let mut column = Column::default();
    for from in (0..rows.len()).step_by(page) {
        let known = rows.get(..from + page).unwrap_or(rows);
        column.take(known, 0, from);
        // What was worked out for fewer rows is worked out again.
        assert_eq!(column.order(known, 0, false).len(), known.len());
    }
    [false, true].map(|reversed| column.order(rows, 0, reversed))
}

fn texts(texts: &[&str]) -> Vec<Cell> {
    texts.iter().map(Cell::text).collect()
}

/// By value: what the keys stand for.
fn compare(one: &Cell, two: &Cell) -> Ordering {
    match (one, two) {
        (Cell::Text(one, _), Cell::Text(two, _)) => one.cmp(two),
        (Cell::Count(one, _), Cell::Count(two, _)) => one.cmp(two),
        (Cell::Money(one, currency), Cell::Money(two, other)) => {
            currency.cmp(other).then(one.cmp(two))
        }
        (Cell::Age(one) | Cell::At(one), Cell::Age(two) | Cell::At(two)) => one.cmp(two),
        (Cell::Lasts(one, _), Cell::Lasts(two, _)) => one.cmp(two),
        (one, two) => kind(one).cmp(&kind(two)),
    }
}

fn sorted(rows: &[Row], reversed: bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|one, two| {
        let (one, two) = (cell(&rows[*one], 0), cell(&rows[*two], 0));
        let is_none = |cell: &Cell| *cell == Cell::None;
        let last = is_none(one).cmp(&is_none(two));
        let compared = compare(one, two);
        last.then(if reversed { compared.reverse() } else { compared })
    });
    order
}

/// The same numbers each time.
fn dice() -> impl FnMut(usize) -> usize {
    let mut state = 1_u64;
    move |sides| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(state >> 33).unwrap() % sides
    }
}

#[test]
fn values_are_sorted_by_what_they_are() {
    let now = Utc::now();
    let before = now - TimeDelta::nanoseconds(1);
    for pair in [
        texts(&["", "a"]),
        texts(&["a", "a\0"]),
        texts(&["exactly 14 byt", "exactly 14 byte"]),
        texts(&["longer than 14 bytes a", "longer than 14 bytes b"]),
        vec![Cell::count(9), Cell::count(10)],
        vec![Cell::count(-1), Cell::count(0)],
        vec![Cell::count(i64::MIN), Cell::count(i64::MAX)],
        vec![Cell::count(u64::MAX - 1), Cell::count(u64::MAX)],
        vec![Cell::money(100, "EUR"), Cell::money(-100, "USD")],
        vec![Cell::money(i64::MIN, "EUR"), Cell::sum("9223372036854775808", "EUR")],
        vec![Cell::Age(before), Cell::At(now)],
        vec![Cell::At(DateTime::<Utc>::MIN_UTC), Cell::At(DateTime::<Utc>::MAX_UTC)],
        vec![Cell::Lasts(-1, Tone::Plain), Cell::Lasts(1, Tone::Bad)],
    ] {
        let pair = rows(pair);
        assert_eq!(orders(&pair, 2), [vec![0, 1], vec![1, 0]], "{pair:?}");
    }
}

#[test]
fn what_is_equal_stays_as_it_came_and_what_is_missing_comes_last() {
    let cells = ["b", "-", "a", "b", "a long text that is there twice", "-", "a"];
    let cell = |text: &&str| Cell::maybe(Some(text).filter(|text| **text != "-"));
    let mut cells: Vec<Cell> = cells.iter().map(cell).collect();
    cells.push(Cell::text("a long text that is there twice"));
    let rows = rows(cells);
    assert_eq!(orders(&rows, 3), [vec![2, 6, 4, 7, 0, 3, 1, 5], vec![0, 3, 4, 7, 2, 6, 1, 5]]);
}

#[test]
fn the_order_does_not_depend_on_how_texts_begin() {
    for texts in [
        texts(&["same beginning 2", "same beginning 1", "same", "other", "same beginning 1 more"]),
        texts(&["01a1fbb4-1784-7436-bbf5-2", "01a1fbb4-1784-7436-bbf5-1", "01a1fbb4-1784-7436"]),
        texts(&["äöü", "äöß", "ä", "é"]),
    ] {
        let rows = rows(texts);
        for page in 1..=rows.len() {
            assert_eq!(orders(&rows, page), [false, true].map(|way| sorted(&rows, way)));
        }
    }
}

#[test]
fn many_values_of_all_kinds_are_in_the_order_of_their_values() {
    let mut dice = dice();
    let words = ["post_entry/", "place_hold/", "permanent", "transient_", "a", "\u{7f}", "ß"];
    for kinds in [1, 2, 7] {
        let mut cell = || {
            let number = i64::try_from(dice(40)).unwrap() - 20;
            match dice(kinds) {
                0 => {
                    let count = dice(6);
                    Cell::text((0..count).map(|_| words[dice(7)]).collect::<String>())
                }
                1 => Cell::None,
                2 => Cell::count(number),
                3 => Cell::money(number, ["EUR", "JPY", "USD"][dice(3)]),
                4 => Cell::Age(DateTime::UNIX_EPOCH + TimeDelta::nanoseconds(number)),
                5 => Cell::At(DateTime::UNIX_EPOCH + TimeDelta::seconds(number)),
                _ => Cell::Lasts(number, Tone::Plain),
            }
        };
        let rows = rows((0..2_000).map(|_| cell()).collect());
        for page in [1_000, 2_000] {
            assert_eq!(orders(&rows, page), [false, true].map(|way| sorted(&rows, way)));
        }
    }
}

//! Rows in the order of a column.

use crate::cell::Cell;
use crate::view::Row;

/// Bytes of a text that a key has room for.
const ROOM: usize = 14;
/// Stands in a key for the length of a text that goes on behind it.
const CUT: u8 = u8::MAX;
/// Bits of a key below the kind of its value.
const KIND: u32 = 120;

/// A value as a number: values in order have keys in order. 100,000 keys lie side by side and are
/// sorted within a picture, which the values themselves, each somewhere else in memory, are not.
///
/// Equal values have equal keys, and other values other ones; but a text that is cut has the key
/// of all that begin like it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u128);

impl Key {
    /// Of a value; of a text, what stands behind `skipped` bytes.
    fn of(cell: &Cell, skipped: usize) -> Self {
        let value = match cell {
            Cell::Text(text, _) => return Self::text(behind(text, skipped)),
            Cell::None => 0,
            Cell::Count(count, _) => number(*count, KIND),
            // Of a currency its three letters.
            Cell::Money(minor, currency) => {
                bytes::<3>(currency.as_bytes()) << 96 | number(*minor, 96)
            }
            // More than there are in a second, because some seconds are longer.
            Cell::Age(at) | Cell::At(at) => {
                let seconds = i128::from(at.timestamp()) * 2_000_000_000;
                number(seconds + i128::from(at.timestamp_subsec_nanos()), KIND)
            }
            Cell::Lasts(ms, _) => number(i128::from(*ms), KIND),
        };
        Self(kind(cell) << KIND | value)
    }

    /// Texts are the kind 0: the bytes that have room, and how many these are.
    fn text(text: &[u8]) -> Self {
        let length = u8::try_from(text.len()).ok().filter(|_| text.len() <= ROOM);
        Self(bytes::<ROOM>(text) << 8 | u128::from(length.unwrap_or(CUT)))
    }

    fn is_cut(self) -> bool {
        self.0 >> KIND == 0 && self.0.to_be_bytes().last() == Some(&CUT)
    }
}

/// Kinds of values have an order as well, for a column that has several. What is not there comes
/// last.
fn kind(cell: &Cell) -> u128 {
    match cell {
        Cell::Text(..) => 0,
        Cell::Count(..) => 1,
        Cell::Money(..) => 2,
        Cell::Age(_) | Cell::At(_) => 3,
        Cell::Lasts(..) => 4,
        Cell::None => 5,
    }
}

/// The first bytes as a number.
fn bytes<const COUNT: usize>(text: &[u8]) -> u128 {
    let bytes = text.iter().copied().chain(std::iter::repeat(0));
    bytes.take(COUNT).fold(0, |number, byte| number << 8 | u128::from(byte))
}

/// A number in so many bits, which no amount and no time comes near to.
fn number(number: i128, bits: u32) -> u128 {
    let half = 1 << (bits - 1);
    number.clamp(-half, half - 1).saturating_add(half).unsigned_abs()
}

fn behind(text: &str, skipped: usize) -> &[u8] {
    text.as_bytes().get(skipped..).unwrap_or_default()
}

/// How many bytes two texts begin with together.
fn shared(one: &[u8], two: &[u8]) -> usize {
    if two.starts_with(one) {
        return one.len();
    }
    one.iter().zip(two).take_while(|(one, two)| one == two).count()
}

/// What a column is sorted by.
#[derive(Debug, Default)]
pub(super) struct Column {
    /// What all of its texts begin with, once there is one: their keys are of what follows.
    beginning: Option<Vec<u8>>,
    /// One for each row.
    keys: Vec<Key>,
    /// Worked out when it is asked for.
    order: Option<Order>,
}

impl Column {
    /// Takes over the rows from this one on; what it knew of them is forgotten.
    pub(super) fn take(&mut self, rows: &[Row], column: usize, from: usize) {
        if from == 0 {
            self.beginning = None;
        }
        let before = self.skipped();
        for cell in rows.iter().skip(from).map(|row| cell(row, column)) {
            if let Cell::Text(text, _) = cell {
                match &mut self.beginning {
                    Some(beginning) => beginning.truncate(shared(beginning, text.as_bytes())),
                    None => self.beginning = Some(text.as_bytes().to_vec()),
                }
            }
        }
        let skipped = self.skipped();
        // One that begins in another way: then all have other keys.
        let known = if skipped < before { 0 } else { from };
        self.keys.truncate(known);
        self.keys.extend(rows.iter().skip(known).map(|row| Key::of(cell(row, column), skipped)));
        self.order = None;
    }

    fn skipped(&self) -> usize {
        self.beginning.as_ref().map_or(0, Vec::len)
    }

    /// The numbers of all rows in order, or the other way round. What is equal stays in the order
    /// in which it came, and what is not there comes last, whichever way.
    pub(super) fn order(&mut self, rows: &[Row], column: usize, reversed: bool) -> Vec<usize> {
        let keys = &self.keys;
        let order = self.order.get_or_insert_with(|| Order::of(keys, rows, column));
        if reversed { order.reversed() } else { order.rows.clone() }
    }
}

/// The cell of a row in a column.
fn cell(row: &Row, column: usize) -> &Cell {
    row.cells.get(column).unwrap_or(&Cell::None)
}

/// The order of a column.
#[derive(Debug, Default)]
struct Order {
    /// The numbers of the rows, the lowest value first.
    rows: Vec<usize>,
    /// Where in it each value begins that is there.
    values: Vec<usize>,
    /// Where in it those begin that have none.
    missing: usize,
}

impl Order {
    fn of(keys: &[Key], rows: &[Row], column: usize) -> Self {
        let none = Key::of(&Cell::None, 0);
        let missing = keys.iter().filter(|key| **key != none).count();
        let mut order = Self { rows: Vec::with_capacity(keys.len()), values: Vec::new(), missing };
        let text = |at: usize| match rows.get(at).map(|row| cell(row, column)) {
            Some(Cell::Text(text, _)) => text.as_str(),
            _ => "",
        };
        order.add(&mut keys.iter().copied().zip(0..).collect::<Vec<_>>(), &text);
        order
    }

    /// Adds these rows, which are next.
    fn add<'a>(&mut self, run: &mut [(Key, usize)], text: &impl Fn(usize) -> &'a str) {
        // Equal ones by their numbers, and so as they came.
        run.sort_unstable();
        for equal in run.chunk_by_mut(|(one, _), (other, _)| one == other) {
            match equal {
                [(key, first), _, ..] if key.is_cut() => {
                    // They are told apart behind what they all begin with.
                    let beginning = text(*first).as_bytes();
                    let skipped = equal.iter().fold(beginning.len(), |skipped, (_, at)| {
                        shared(beginning.get(..skipped).unwrap_or_default(), text(*at).as_bytes())
                    });
                    for (key, at) in equal.iter_mut() {
                        *key = Key::text(behind(text(*at), skipped));
                    }
                    self.add(equal, text);
                }
                _ => {
                    self.values.push(self.rows.len());
                    self.rows.extend(equal.iter().map(|(_, at)| at));
                }
            }
        }
    }

    fn reversed(&self) -> Vec<usize> {
        let mut reversed = Vec::with_capacity(self.rows.len());
        let mut end = self.missing;
        for &begin in self.values.iter().rev() {
            reversed.extend(self.rows.get(begin..end).unwrap_or_default());
            end = begin;
        }
        reversed.extend(self.rows.get(self.missing..).unwrap_or_default());
        reversed
    }
}

#[cfg(test)]
mod tests;

//! What stands in one place of a table or a page: a value with its meaning, so that it is
//! sorted by what it is, and written the same way on the screen and in a script.

use std::fmt::Display;

use chrono::{DateTime, Utc};
use unicode_width::UnicodeWidthStr;

/// How something is to be taken; the theme turns it into colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// Less important than the rest.
    Faint,
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong, or stuck.
    Bad,
    /// An id, or a name that leads somewhere.
    Link,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cell {
    /// Nothing there.
    #[default]
    None,
    /// Words.
    Text(String, Tone),
    /// A number of things.
    Count(i128, Tone),
    /// Minor units of a currency.
    Money(i128, String),
    /// An instant, shown as its age.
    Age(DateTime<Utc>),
    /// An instant, shown as a time.
    At(DateTime<Utc>),
    /// Milliseconds.
    Lasts(i64, Tone),
}

impl Cell {
    /// Words without a meaning of their own.
    pub fn text(text: impl Display) -> Self {
        Self::Text(text.to_string(), Tone::Plain)
    }

    /// Words, if there are any.
    pub fn maybe<T: Display>(text: Option<T>) -> Self {
        text.map_or(Self::None, Self::text)
    }

    /// Words to be taken in a certain way.
    pub fn toned(text: impl Display, tone: Tone) -> Self {
        Self::Text(text.to_string(), tone)
    }

    /// An id.
    pub fn id(id: impl Display) -> Self {
        Self::Text(id.to_string(), Tone::Link)
    }

    /// A number of things.
    pub fn count(count: impl Into<i128>) -> Self {
        Self::Count(count.into(), Tone::Plain)
    }

    /// A number that should be zero.
    pub fn trouble(count: impl Into<i128>) -> Self {
        let count = count.into();
        Self::Count(count, if count == 0 { Tone::Faint } else { Tone::Bad })
    }

    /// Money given as a number of minor units.
    pub fn money(minor: impl Into<i128>, currency: impl Display) -> Self {
        Self::Money(minor.into(), currency.to_string())
    }

    /// Money given as the text of a sum. What is no number is shown as it came.
    pub fn sum(minor: &str, currency: impl Display) -> Self {
        match minor.parse() {
            Ok(minor) => Self::Money(minor, currency.to_string()),
            Err(_) => Self::text(minor),
        }
    }

    /// An instant, shown as its age.
    pub fn age(at: Option<DateTime<Utc>>) -> Self {
        at.map_or(Self::None, Self::Age)
    }

    /// How it is to be taken.
    pub fn tone(&self) -> Tone {
        match self {
            Self::Text(_, tone) | Self::Count(_, tone) | Self::Lasts(_, tone) => *tone,
            Self::None => Tone::Faint,
            Self::Money(..) | Self::Age(_) | Self::At(_) => Tone::Plain,
        }
    }

    /// Numbers stand to the right, so that their digits stand under one another.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Count(..) | Self::Money(..) | Self::Lasts(..) | Self::Age(_))
    }

    /// As people read it, at the instant `now`.
    pub fn show(&self, now: DateTime<Utc>) -> String {
        match self {
            Self::None => "-".to_owned(),
            Self::Text(text, _) => printable(text),
            Self::Count(count, _) => grouped(*count),
            Self::Money(minor, currency) => money(*minor, currency),
            Self::Age(at) => age(now, *at),
            Self::At(at) => at.format("%Y-%m-%d %H:%M:%S").to_string(),
            Self::Lasts(ms, _) => lasts(*ms),
        }
    }

    /// As people read it, in at most `width` columns. Words lose their end and say so; a number
    /// is shown whole or not at all, because part of one is another number.
    pub fn fit(&self, now: DateTime<Utc>, width: usize) -> String {
        let text = self.show(now);
        if text.width() <= width {
            return text;
        }
        match self {
            Self::Text(..) | Self::None => shorten(&text, width),
            _ => "#".repeat(width),
        }
    }
}

/// Control characters would move the cursor of the terminal: what others have written must not.
pub fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// The beginning of a text, with `…` where the rest was.
pub fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for letter in text.chars() {
        let longer = format!("{short}{letter}");
        if longer.width() >= width {
            break;
        }
        short = longer;
    }
    if width > 0 {
        short.push('…');
    }
    short
}

/// Digits in threes.
pub fn grouped(number: i128) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// Minor units with the currency's own number of digits.
fn money(minor: i128, currency: &str) -> String {
    let digits = wire::minor_digits(currency);
    let padded = format!("{:0>width$}", minor.unsigned_abs(), width = digits + 1);
    let (major, rest) = padded.split_at(padded.len() - digits);
    let major = major.parse().map_or_else(|_| major.to_owned(), grouped);
    let sign = if minor < 0 { "-" } else { "" };
    if digits == 0 {
        format!("{sign}{major} {currency}")
    } else {
        format!("{sign}{major}.{rest} {currency}")
    }
}

/// Time gone by, in its largest unit; time to come has a sign.
fn age(now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    let ms = (now - at).num_milliseconds();
    if ms < 0 { format!("in {}", lasts(-ms)) } else { lasts(ms) }
}

/// Milliseconds in their largest units.
pub fn lasts(ms: i64) -> String {
    let s = ms / 1000;
    match s {
        0 => format!("{ms} ms"),
        1..=119 => format!("{s} s"),
        120..=7_199 => format!("{} min", s / 60),
        7_200..=172_799 => format!("{} h", s / 3_600),
        _ => format!("{} d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_the_digits_of_its_currency() {
        let shown = |minor: i64, currency: &str| Cell::money(minor, currency).show(Utc::now());
        assert_eq!(shown(123_456_789, "EUR"), "1,234,567.89 EUR");
        assert_eq!(shown(-5, "EUR"), "-0.05 EUR");
        assert_eq!(shown(1_000, "JPY"), "1,000 JPY");
        assert_eq!(shown(1_000, "KWD"), "1.000 KWD");
        assert_eq!(
            Cell::sum("9223372036854775808", "JPY").show(Utc::now()),
            "9,223,372,036,854,775,808 JPY"
        );
    }

    #[test]
    fn a_number_is_shown_whole_or_not_at_all() {
        let cell = Cell::money(123_456_789, "EUR");
        assert_eq!(cell.fit(Utc::now(), 16), "1,234,567.89 EUR");
        assert_eq!(cell.fit(Utc::now(), 15), "###############");
        assert_eq!(Cell::text("post_entry/permanent").fit(Utc::now(), 6), "post_…");
    }

    #[test]
    fn what_others_wrote_cannot_steer_the_terminal() {
        assert_eq!(Cell::text("a\u{1b}[2Jb").show(Utc::now()), "a\u{fffd}[2Jb");
    }
}

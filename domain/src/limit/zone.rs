//! Where a day begins and ends.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use chrono_tz::Tz;

/// More than any zone is ahead of UTC or behind it, in seconds.
const FAR_S: i64 = 48 * 60 * 60;

/// A time zone of the IANA database; UTC unless one is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeZone(Tz);

/// The text is not the name of a time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone '{0}'")]
pub struct UnknownTimeZone(pub String);

impl Default for TimeZone {
    fn default() -> Self {
        Self(Tz::UTC)
    }
}

impl FromStr for TimeZone {
    type Err = UnknownTimeZone;

    fn from_str(name: &str) -> Result<Self, UnknownTimeZone> {
        name.parse().map(Self).map_err(|_| UnknownTimeZone(name.to_owned()))
    }
}

impl fmt::Display for TimeZone {
    /// Writes the name, such as `Europe/Berlin`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl TimeZone {
    /// The date that people in this zone write at this instant.
    pub fn day_of(self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.0).date_naive()
    }

    /// The first instant of a day. Where clocks jump over midnight it is the moment of the
    /// jump; where midnight comes twice it is the first one.
    ///
    /// Found by bisection over whole seconds, because the date never goes back: so no case of
    /// a jump needs a line of its own. A date that a zone has left out begins with the next one.
    pub fn start_of(self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(NaiveTime::MIN).and_utc().timestamp();
        let instant = |seconds: i64| DateTime::from_timestamp(seconds, 0);
        let begun = |seconds: i64| instant(seconds).is_none_or(|at| self.day_of(at) >= day);
        // The day has not begun at `before`, and has at `after`.
        let mut before = midnight.saturating_sub(FAR_S);
        let mut after = midnight.saturating_add(FAR_S);
        while after.saturating_sub(before) > 1 {
            let middle = before.midpoint(after);
            if begun(middle) { after = middle } else { before = middle }
        }
        instant(after).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// An instant as people in this zone write it, as RFC 3339 with its offset.
    pub fn write(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.0).to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

//! How old the data of a server are, by what the writer has written and it has replayed.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};

/// Samples kept: a replica further behind than they reach is not fresh anyway.
const SAMPLE_COUNT_MAX: usize = 16;
/// Replicas remembered at a time: more than an address leads to.
const SERVER_COUNT_MAX: usize = 64;

/// The last positions of the writer's log.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// When the writer's server was started, which tells it from every other.
    writer: Option<DateTime<Utc>>,
    last: VecDeque<Sample>,
    /// Where each replica stood when it was first seen beside this writer.
    first_seen: BTreeMap<DateTime<Utc>, i64>,
}

/// The writer's log position at an instant of our clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sample {
    position: i64,
    at: DateTime<Utc>,
}

/// What a server that is to be read from says of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Server {
    pub(super) started_at: DateTime<Utc>,
    /// How far it has replayed the log; none when it is no standby.
    pub(super) replayed: Option<i64>,
}

impl Samples {
    /// Notes that the writer, started at `writer`, had written up to `position` at `at`. What
    /// another writer has written says nothing about this one's replicas.
    pub(super) fn note(&mut self, writer: DateTime<Utc>, position: i64, at: DateTime<Utc>) {
        if self.writer.replace(writer) != Some(writer) {
            self.last.clear();
            self.first_seen.clear();
        }
        if self.last.len() == SAMPLE_COUNT_MAX {
            self.last.pop_front();
        }
        self.last.push_back(Sample { position, at });
    }

    /// The instant that the server's data are of; none when that is unknown or long ago.
    ///
    /// A server that is no standby is only good if it is the writer itself: one that was
    /// promoted has a history of its own from then on. A standby counts once it was seen to
    /// move: after a failover one may be left behind that follows nobody, and may yet have
    /// received more of the old writer's log than the new writer ever had.
    pub(super) fn as_of(&mut self, server: Server) -> Option<DateTime<Utc>> {
        let Some(replayed) = server.replayed else {
            let newest = self.last.back().map(|sample| sample.at);
            return newest.filter(|_| self.writer == Some(server.started_at));
        };
        if self.first_seen.len() >= SERVER_COUNT_MAX {
            self.first_seen.clear();
        }
        let first = *self.first_seen.entry(server.started_at).or_insert(replayed);
        let passed = self.last.iter().rev().find(|sample| sample.position <= replayed);
        passed.filter(|_| replayed > first).map(|sample| sample.at)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    fn standby(started: i64, replayed: i64) -> Server {
        Server { started_at: at(started), replayed: Some(replayed) }
    }

    fn samples() -> Samples {
        let mut samples = Samples::default();
        for (position, second) in [(10, 1), (20, 2), (20, 3), (30, 4)] {
            samples.note(at(-100), position, at(second));
        }
        samples
    }

    #[test]
    fn a_standby_is_as_of_the_newest_sample_that_it_has_passed() {
        let mut samples = samples();
        assert_eq!(samples.as_of(standby(-50, 1)), None);
        assert_eq!(samples.as_of(standby(-50, 9)), None);
        assert_eq!(samples.as_of(standby(-50, 10)), Some(at(1)));
        assert_eq!(samples.as_of(standby(-50, 29)), Some(at(3)));
        assert_eq!(samples.as_of(standby(-50, 31)), Some(at(4)));
    }

    #[test]
    fn a_standby_counts_once_it_was_seen_to_move() {
        let mut samples = samples();
        assert_eq!(samples.as_of(standby(-50, 99)), None, "ahead of the writer, and still");
        assert_eq!(samples.as_of(standby(-50, 99)), None);
        assert_eq!(samples.as_of(standby(-50, 100)), Some(at(4)));
        // The next writer: all begins anew.
        samples.note(at(-1), 40, at(5));
        assert_eq!(samples.as_of(standby(-50, 100)), None);
        assert_eq!(samples.as_of(standby(-50, 101)), Some(at(5)));
    }

    #[test]
    fn a_server_that_is_no_standby_is_the_writer_or_useless() {
        let mut samples = samples();
        let primary = |started| Server { started_at: at(started), replayed: None };
        assert_eq!(samples.as_of(primary(-100)), Some(at(4)));
        assert_eq!(samples.as_of(primary(-50)), None);
    }
}

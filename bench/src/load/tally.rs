use std::collections::BTreeMap;
use std::time::Duration;

use crate::histogram::Histogram;

/// Transfers remembered for reads.
const RECENT_MAX: usize = 4_096;

/// All that clients were answered.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Transfers.
    pub(crate) transfers: Channel,
    /// Reads.
    pub(crate) reads: Channel,
    /// Transfers that wait for their outcome.
    pub(crate) probes: Channel,
    /// Whether answers count for the measurement, and not only for the warm-up.
    pub(crate) measuring: bool,
    /// Ids of transfers that were accepted lately.
    recent: Vec<[u8; 36]>,
    remembered: usize,
}

/// Answers to one kind of request.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    /// Latencies of good answers while it was measured.
    pub(crate) measured: Histogram,
    /// Latencies of good answers since somebody last took this away.
    pub(crate) second: Histogram,
    /// Answers by status, warm-up and end included.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Requests without an answer.
    pub(crate) broken: u64,
}

impl Channel {
    pub(super) fn note(&mut self, status: u16, good: bool, latency: Duration, measuring: bool) {
        *self.statuses.entry(status).or_default() += 1;
        if !good {
            return;
        }
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.second.record(micros);
        if measuring {
            self.measured.record(micros);
        }
    }

    /// Answers with this status.
    pub(crate) fn count(&self, status: u16) -> u64 {
        self.statuses.get(&status).copied().unwrap_or(0)
    }
}

impl Tally {
    /// Transfers that clients were told of.
    pub(crate) fn accepted(&self) -> u64 {
        self.transfers.count(202) + self.probes.count(200) + self.probes.count(202)
    }

    /// Remembers a transfer for later reads.
    pub(super) fn remember(&mut self, id: Option<[u8; 36]>) {
        let Some(id) = id else { return };
        let place = self.remembered % RECENT_MAX;
        self.remembered += 1;
        match self.recent.get_mut(place) {
            Some(old) => *old = id,
            None => self.recent.push(id),
        }
    }

    /// One of the transfers that were accepted lately; none before the first.
    pub(super) fn recent(&self, random: u64) -> Option<[u8; 36]> {
        let count = (self.recent.len() as u64).max(1);
        self.recent.get((random % count) as usize).copied()
    }
}

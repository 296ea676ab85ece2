use std::collections::HashMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

use domain::ids::TransferId;
use domain::transfer::TransferStatus;

use crate::client::is_outcome;

/// What became of the transfers of the load.
///
/// It does not grow without end: the API closes its door long before too many are open.
pub(super) struct Meter {
    /// Whether a transfer meets a failure on purpose: its latency says nothing about the system.
    is_chosen: fn(TransferId) -> bool,
    /// Written down, outcome not seen yet; with the instant that each was due.
    open: HashMap<TransferId, Instant>,
    second: Second,
    totals: Totals,
}

/// What was done since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Requests sent.
    pub(crate) sent: u64,
    /// Transfers that the API has written down.
    pub(crate) accepted: u64,
    /// Requests that gave no transfer, as far as the answer tells.
    pub(crate) refused: u64,
    /// Requests that were due while too many were under way.
    pub(crate) unsent: u64,
}

/// What happened since the last report.
#[derive(Default)]
struct Second {
    sent: u32,
    settled: u32,
    rejected: u32,
    stuck: u32,
    refused: u32,
    unsent: u32,
    until_accepted: Vec<Duration>,
    until_outcome: Vec<Duration>,
}

impl Meter {
    pub(super) fn new(is_chosen: fn(TransferId) -> bool) -> Self {
        let (open, second, totals) = (HashMap::new(), Second::default(), Totals::default());
        Self { is_chosen, open, second, totals }
    }

    /// The API has written a transfer down.
    pub(super) fn accepted(&mut self, transfer: TransferId, due: Instant) {
        self.second.sent += 1;
        self.totals.sent += 1;
        self.totals.accepted += 1;
        self.second.until_accepted.push(due.elapsed());
        self.open.insert(transfer, due);
    }

    /// The API gave no transfer.
    pub(super) fn refused(&mut self) {
        self.second.sent += 1;
        self.second.refused += 1;
        self.totals.sent += 1;
        self.totals.refused += 1;
    }

    /// A request was due, and too many were under way.
    pub(super) fn unsent(&mut self) {
        self.second.unsent += 1;
        self.totals.unsent += 1;
    }

    /// What was done since the start.
    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    /// The transfers whose outcome is still to come.
    pub(super) fn open(&self) -> Vec<TransferId> {
        self.open.keys().copied().collect()
    }

    /// How transfers stand now.
    pub(super) fn stand(&mut self, statuses: &[(TransferId, TransferStatus)]) {
        for (transfer, status) in statuses.iter().filter(|one| is_outcome(one.1)) {
            let Some(due) = self.open.remove(transfer) else { continue };
            match status {
                TransferStatus::Settled => self.second.settled += 1,
                TransferStatus::Stuck => self.second.stuck += 1,
                _ => self.second.rejected += 1,
            }
            if !(self.is_chosen)(*transfer) {
                self.second.until_outcome.push(due.elapsed());
            }
        }
    }

    /// One line about what happened since the last one.
    pub(super) fn report(&mut self) -> String {
        let mut second = std::mem::take(&mut self.second);
        let mut line = format!(
            "load  sent {:>5}  settled {:>5}  rejected {:>4}  stuck {:>3}  open {:>4}  202 {}  outcome {}",
            second.sent,
            second.settled,
            second.rejected,
            second.stuck,
            self.open.len(),
            percentiles(&mut second.until_accepted),
            percentiles(&mut second.until_outcome),
        );
        for (count, what) in [(second.refused, "refused"), (second.unsent, "not sent: too slow")] {
            if count > 0 {
                // Writing to a string cannot fail.
                let _ = write!(line, "  {what} {count}");
            }
        }
        line.push('\n');
        line
    }
}

fn percentiles(latencies: &mut [Duration]) -> String {
    latencies.sort_unstable();
    let at = |percent: usize| {
        let index = latencies.len().saturating_sub(1) * percent / 100;
        latencies.get(index).map_or_else(|| "-".to_owned(), |latency| milliseconds(*latency))
    };
    format!("p50 {:>6} p99 {:>6} ms", at(50), at(99))
}

fn milliseconds(latency: Duration) -> String {
    format!("{:.1}", latency.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_one_second() {
        let mut meter = Meter::new(|_| false);
        let [settled, rejected, open] =
            [500, 501, 502].map(|id| TransferId(uuid::Uuid::from_u128(id)));
        for transfer in [settled, rejected, open] {
            meter.accepted(transfer, Instant::now());
        }
        meter.refused();
        meter.stand(&[
            (settled, TransferStatus::Settled),
            (rejected, TransferStatus::Rejected),
            (open, TransferStatus::Held),
        ]);
        assert_eq!(meter.open(), [open]);
        meter.unsent();
        let totals = Totals { sent: 4, accepted: 3, refused: 1, unsent: 1 };
        assert_eq!(meter.totals(), totals);
        let line = meter.report();
        assert!(
            line.starts_with(
                "load  sent     4  settled     1  rejected    1  stuck   0  open    1  202 p50"
            ),
            "{line}"
        );
        assert!(line.ends_with("refused 1  not sent: too slow 1\n"), "{line}");
        let line = meter.report();
        assert!(line.starts_with("load  sent     0  settled     0"), "{line}");
        assert!(line.contains("202 p50      - p99      - ms"), "{line}");
    }

    #[test]
    fn percentiles_are_of_the_sorted_latencies() {
        let mut latencies: Vec<_> = (0..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(percentiles(&mut latencies), "p50   50.0 p99   99.0 ms");
    }
}

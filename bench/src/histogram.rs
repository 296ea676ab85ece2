//! Latencies in whole microseconds, kept as counts: the same memory for ten requests and for ten million.

/// Below this every value has a bucket of its own.
const EXACT: u64 = 128;
/// Buckets of each doubling above it; so a quantile is at most 1/64 too high, and never too low.
const PER_DOUBLING: u64 = 64;
/// Doublings above [`EXACT`]: up to 2^40 microseconds, twelve days. What is longer counts as that.
const DOUBLINGS: u64 = 33;

/// A log-linear histogram.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: vec![0; (EXACT + DOUBLINGS * PER_DOUBLING) as usize], count: 0, max: 0 }
    }
}

impl Histogram {
    /// Counts one value.
    pub(crate) fn record(&mut self, micros: u64) {
        if let Some(bucket) = self.buckets.get_mut(index(micros)) {
            *bucket += 1;
        }
        self.count += 1;
        self.max = self.max.max(micros);
    }

    /// Values counted.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The largest value, exactly.
    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// The value that this share of all values does not pass; 0 when there are none.
    pub(crate) fn quantile(&self, share: f64) -> u64 {
        let wanted = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut passed = 0;
        for (index, count) in (0..).zip(&self.buckets) {
            passed += count;
            if passed >= wanted {
                return highest(index).min(self.max);
            }
        }
        self.max
    }
}

fn index(micros: u64) -> usize {
    let micros = micros.min((EXACT << DOUBLINGS) - 1);
    if micros < EXACT {
        return micros as usize;
    }
    // The doubling that the value lies in, and its six bits behind the first.
    let doubling = u64::from(micros.ilog2() - EXACT.ilog2());
    let within = (micros >> (doubling + 1)) - PER_DOUBLING;
    (EXACT + doubling * PER_DOUBLING + within) as usize
}

/// The highest value of a bucket.
fn highest(index: u64) -> u64 {
    let Some(above) = index.checked_sub(EXACT) else { return index };
    let (doubling, within) = (above / PER_DOUBLING, above % PER_DOUBLING);
    ((PER_DOUBLING + within + 1) << (doubling + 1)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_its_bounds_say() {
        for micros in (0..5_000).chain([1 << 20, (1 << 30) + 12_345, (EXACT << DOUBLINGS) - 1]) {
            let found = highest(index(micros) as u64);
            assert!(found >= micros, "{micros}: {found}");
            assert!(found as f64 <= micros as f64 * (1.0 + 1.0 / 64.0), "{micros}: {found}");
        }
    }

    #[test]
    fn quantiles_of_a_known_row_are_found() {
        let mut histogram = Histogram::default();
        (1..=1_000).for_each(|micros| histogram.record(micros));
        assert_eq!((histogram.count(), histogram.max()), (1_000, 1_000));
        assert_eq!(histogram.quantile(0.1), 100);
        assert!((500..=508).contains(&histogram.quantile(0.5)));
        assert!((990..=1_000).contains(&histogram.quantile(0.99)));
        assert_eq!(histogram.quantile(1.0), 1_000);
    }

    #[test]
    fn nothing_and_far_too_much_are_counted_too() {
        let mut histogram = Histogram::default();
        assert_eq!((histogram.quantile(0.5), histogram.max()), (0, 0));
        histogram.record(u64::MAX);
        assert_eq!((histogram.count(), histogram.max()), (1, u64::MAX));
    }
}

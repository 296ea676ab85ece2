//! Percentiles of many durations in little memory.

use std::collections::BTreeMap;

/// Bits that are kept of a duration: two that differ by less than a 64th may count as one.
const BITS: u32 = 7;

/// How often which duration came, in milliseconds; the last bits of long ones are cut off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Latencies(BTreeMap<u64, u64>);

impl Latencies {
    pub(super) fn of(durations_ms: &[u64]) -> Self {
        let mut latencies = Self::default();
        for &ms in durations_ms {
            let cut = (u64::BITS - ms.leading_zeros()).saturating_sub(BITS);
            *latencies.0.entry((ms >> cut) << cut).or_default() += 1;
        }
        latencies
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (ms, count) in &other.0 {
            *self.0.entry(*ms).or_default() += count;
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The least duration that so many percent do not exceed; none without any.
    pub(super) fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (self.count() * percent).div_ceil(100);
        let mut passed = 0;
        self.0.iter().find_map(|(ms, count)| {
            passed += count;
            (passed >= rank).then_some(*ms)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_durations_are_exact_and_long_ones_within_two_percent() {
        let all: Vec<u64> = (1..=100).collect();
        let latencies = Latencies::of(&all);
        assert_eq!((latencies.percentile(50), latencies.percentile(99)), (Some(50), Some(99)));
        assert_eq!(latencies.percentile(100), Some(100));
        for ms in [127, 128, 1_000, 65_537, 86_400_000, u64::MAX] {
            let found = Latencies::of(&[ms]).percentile(99).unwrap();
            assert!(found <= ms && ms - found <= ms / 64, "{ms} became {found}");
        }
    }

    #[test]
    fn nothing_has_no_percentile_and_sums_are_as_of_all_at_once() {
        assert_eq!(Latencies::default().percentile(50), None);
        let mut sum = Latencies::of(&[1, 2, 3]);
        sum.add(&Latencies::of(&[3, 900]));
        assert_eq!(sum, Latencies::of(&[1, 2, 3, 3, 900]));
        assert_eq!((sum.count(), sum.percentile(50)), (5, Some(3)));
    }
}

//! Figures with names, so that the table, the JSON and the medians need not know what they mean.

/// One figure of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    /// Name in the JSON; ends with its unit where the label does not say more.
    pub(crate) key: &'static str,
    /// Name and unit in the table.
    pub(crate) label: &'static str,
    /// Digits behind the point that mean something.
    pub(crate) digits: usize,
    /// The value.
    pub(crate) value: f64,
}

/// The figures of a run, in the order of the table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Figures(Vec<Figure>);

impl Figures {
    /// Adds a figure.
    pub(crate) fn push(
        &mut self,
        key: &'static str,
        label: &'static str,
        digits: usize,
        value: f64,
    ) {
        self.0.push(Figure { key, label, digits, value });
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Figure> {
        self.0.iter()
    }

    /// The value of this name, if the run has it.
    pub(crate) fn value(&self, key: &str) -> Option<f64> {
        self.0.iter().find(|figure| figure.key == key).map(|figure| figure.value)
    }
}

/// A figure over all repetitions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
}

/// The median and the extremes; none without values.
pub(crate) fn spread(values: &[f64]) -> Option<Spread> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    let lower = if sorted.len().is_multiple_of(2) { *sorted.get(middle - 1)? } else { upper };
    let median = f64::midpoint(lower, upper);
    Some(Spread { median, lowest: *sorted.first()?, highest: *sorted.last()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_two() {
        let median = |values: &[f64]| spread(values).map(|spread| spread.median);
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        let spread = spread(&[5.0, 9.0, 7.0]).unwrap();
        assert_eq!(spread, Spread { median: 7.0, lowest: 5.0, highest: 9.0 });
    }
}

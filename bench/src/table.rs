//! The one table at the end: a row for each figure, a column for each scenario.

use std::fmt::Write;

use crate::figures::{Spread, spread};
use crate::run::Run;

/// A figure of one scenario over its repetitions.
pub(crate) struct Row {
    pub(crate) key: &'static str,
    pub(crate) label: &'static str,
    pub(crate) digits: usize,
    /// One for each scenario; none where it has no such figure.
    pub(crate) cells: Vec<Option<Spread>>,
}

/// The names of the scenarios in their order, each once.
pub(crate) fn scenarios(runs: &[Run]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for run in runs {
        if !names.contains(&run.scenario) {
            names.push(run.scenario);
        }
    }
    names
}

/// All figures that some run has.
pub(crate) fn rows(runs: &[Run]) -> Vec<Row> {
    let scenarios = scenarios(runs);
    let mut rows: Vec<Row> = Vec::new();
    let mut place = 0;
    for figure in runs.iter().flat_map(|run| run.figures.iter()) {
        if let Some(known) = rows.iter().position(|row| row.key == figure.key) {
            place = known + 1;
            continue;
        }
        let cells = scenarios.iter().map(|scenario| {
            let of_it = runs.iter().filter(|run| run.scenario == *scenario);
            let values: Vec<f64> = of_it.filter_map(|run| run.figures.value(figure.key)).collect();
            spread(&values)
        });
        let (key, label, digits) = (figure.key, figure.label, figure.digits);
        // Behind the figure that stands before it in its own run.
        rows.insert(place, Row { key, label, digits, cells: cells.collect() });
        place += 1;
    }
    rows
}

/// The table as text.
pub(crate) fn render(runs: &[Run]) -> String {
    let rows = rows(runs);
    let head: Vec<String> = scenarios(runs).into_iter().map(str::to_owned).collect();
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.cells.iter().map(|one| cell(*one, row.digits)).collect())
        .collect();
    let label_width = rows.iter().map(|row| row.label.len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let in_column = cells.iter().chain([&head]).filter_map(|row| row.get(column));
            in_column.map(String::len).max().unwrap_or(0)
        })
        .collect();
    let line = |label: &str, row: &[String]| {
        let row: Vec<String> =
            row.iter().zip(&widths).map(|(text, width)| format!("{text:>width$}")).collect();
        format!("| {label:<label_width$} | {} |\n", row.join(" | "))
    };
    let mut text = line("", &head);
    let rules: Vec<String> = widths.iter().map(|width| "-".repeat(width + 1) + ":").collect();
    // Writing to a String does not fail.
    let _ = writeln!(text, "|{}|{}|", "-".repeat(label_width + 2), rules.join("|"));
    for (row, cells) in rows.iter().zip(&cells) {
        text.push_str(&line(row.label, cells));
    }
    text
}

fn cell(spread: Option<Spread>, digits: usize) -> String {
    let Some(Spread { median, lowest, highest }) = spread else { return String::new() };
    let median = grouped(median, digits);
    let (low, high) = (grouped(lowest, digits), grouped(highest, digits));
    if low == high { median } else { format!("{median} ({low}-{high})") }
}

/// A number with commas between its thousands.
pub(crate) fn grouped(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Run;

    fn run(scenario: &'static str, figures: &[(&'static str, f64)]) -> Run {
        let mut run = Run::empty(scenario);
        for (key, value) in figures {
            run.figures.push(key, key, 1, *value);
        }
        run
    }

    #[test]
    fn thousands_are_grouped() {
        let texts = [(0.0, 0), (999.96, 1), (1_000.0, 0), (-1_234_567.891, 2)];
        let texts = texts.map(|(value, digits)| grouped(value, digits));
        assert_eq!(texts, ["0", "1,000.0", "1,000", "-1,234,567.89"]);
    }

    #[test]
    fn a_row_has_a_cell_for_each_scenario_and_a_spread_for_repetitions() {
        let runs = [
            run("one", &[("a", 1.0), ("c", 5.0)]),
            run("two", &[("a", 2.0), ("b", 3.0), ("c", 6.0)]),
            run("one", &[("a", 3.0), ("c", 7.0)]),
        ];
        let expected = "\
|   |           one | two |
|---|--------------:|----:|
| a | 2.0 (1.0-3.0) | 2.0 |
| b |               | 3.0 |
| c | 6.0 (5.0-7.0) | 6.0 |
";
        assert_eq!(render(&runs), expected);
    }
}

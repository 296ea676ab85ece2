//! What a long run says of growth.

use crate::figures::Figures;
use crate::series::Second;

/// A run that is so long may say what grows.
const LONG_SECONDS: usize = 300;

/// What must not grow: keys and labels for the first fifth and the last one, digits, and its value in a second.
type Growth = ([&'static str; 2], [&'static str; 2], usize, fn(&Second) -> f64);

const GROWTH: [Growth; 6] = [
    (
        ["first_answer_p99_ms", "last_answer_p99_ms"],
        ["202 p99 of a second, first fifth", "202 p99 of a second, last fifth"],
        1,
        |second| second.answer_ms[1],
    ),
    (
        ["first_settle_p99_ms", "last_settle_p99_ms"],
        ["settled p99 of a second, first fifth", "settled p99 of a second, last fifth"],
        1,
        |second| second.settle_ms[1],
    ),
    (
        ["first_dead_rows", "last_dead_rows"],
        ["dead rows, first fifth", "dead rows, last fifth"],
        0,
        |second| second.size.dead_rows,
    ),
    (
        ["first_postgres_mb", "last_postgres_mb"],
        ["PostgreSQL MB, first fifth", "PostgreSQL MB, last fifth"],
        0,
        |second| second.size.postgres_mb,
    ),
    (["first_api_mb", "last_api_mb"], ["API MB, first fifth", "API MB, last fifth"], 0, |second| {
        second.size.api_mb
    }),
    (
        ["first_jobs_mb", "last_jobs_mb"],
        ["workers MB, first fifth", "workers MB, last fifth"],
        0,
        |second| second.size.jobs_mb,
    ),
];

/// For a long run, each of these as the median of its first fifth and of its last: what grows, shows here.
pub(super) fn figures(seconds: &[Second], figures: &mut Figures) {
    let measured: Vec<&Second> = seconds.iter().filter(|second| second.measured).collect();
    if measured.len() < LONG_SECONDS {
        return;
    }
    let fifth = measured.len() / 5;
    let (first, last) = (&measured[..fifth], &measured[measured.len() - fifth..]);
    for (keys, labels, digits, of) in GROWTH {
        figures.push(keys[0], labels[0], digits, median(first, of));
        figures.push(keys[1], labels[1], digits, median(last, of));
    }
}

fn median(seconds: &[&Second], of: fn(&Second) -> f64) -> f64 {
    let mut values: Vec<f64> = seconds.iter().map(|second| of(second)).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

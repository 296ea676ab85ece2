//! A drawing of all runs: for each the rate of every second, the latencies, and what may not grow.

use std::fmt::Write;

use crate::run::Run;
use crate::series::Second;
use crate::table::grouped;

const WIDTH: f64 = 900.0;
/// Room for the numbers on the left and the names on the right.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 190.0;
const PANEL: f64 = 150.0;
/// Above each panel: its title.
const TITLE: f64 = 34.0;
/// Below the last panel: the seconds.
const FOOT: f64 = 40.0;

/// Points of a line. A longer run is drawn in stretches of several seconds.
const POINTS_MAX: usize = 300;

/// A panel: its title, what a stretch of seconds is drawn as, and its lines.
struct Panel {
    title: &'static str,
    fold: fn(&[f64]) -> f64,
    lines: &'static [Line],
}

/// A line of a panel: its name, its colour, and its value for each second.
struct Line {
    name: &'static str,
    colour: &'static str,
    value: fn(&Second) -> f64,
}

const PANELS: [Panel; 4] = [
    Panel { title: "transfers per second", fold: mean, lines: &RATES },
    Panel { title: "latency in ms: p50 and p99 of each second", fold: highest, lines: &LATENCIES },
    Panel { title: "resident memory in MB", fold: mean, lines: &MEMORY },
    Panel {
        title: "rows that wait: for vacuum, and for their transfer's end",
        fold: mean,
        lines: &ROWS,
    },
];

const RATES: [Line; 2] = [
    Line { name: "settled/s", colour: "#1b6ca8", value: |second| second.settled as f64 },
    Line { name: "accepted/s", colour: "#9aa5b1", value: |second| second.accepted as f64 },
];
const LATENCIES: [Line; 4] = [
    Line { name: "202 p50", colour: "#2f8f4e", value: |second| second.answer_ms[0] },
    Line { name: "202 p99", colour: "#d08a00", value: |second| second.answer_ms[1] },
    Line { name: "settled p50", colour: "#7b4bb3", value: |second| second.settle_ms[0] },
    Line { name: "settled p99", colour: "#c0392b", value: |second| second.settle_ms[1] },
];
const MEMORY: [Line; 3] = [
    Line { name: "PostgreSQL", colour: "#1b6ca8", value: |second| second.size.postgres_mb },
    Line { name: "API", colour: "#2f8f4e", value: |second| second.size.api_mb },
    Line { name: "workers", colour: "#7b4bb3", value: |second| second.size.jobs_mb },
];
const ROWS: [Line; 3] = [
    Line { name: "dead rows", colour: "#c0392b", value: |second| second.size.dead_rows },
    Line { name: "open transfers", colour: "#1b6ca8", value: |second| second.open as f64 },
    Line {
        name: "audit behind",
        colour: "#d08a00",
        value: |second| second.events.map_or(0.0, |events| events.behind as f64),
    },
];

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// A stretch is as bad as its worst second.
fn highest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// The drawing as a document.
pub(crate) fn draw(machine: &str, runs: &[Run]) -> String {
    let panels = (runs.len() * PANELS.len()) as f64;
    let height = panels * (TITLE + PANEL) + FOOT * (runs.len() as f64 + 1.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    text(&mut svg, LEFT, 20.0, "start", "#555", machine);
    let mut top = FOOT;
    for run in runs {
        for panel in &PANELS {
            let title = format!("{} (run {}): {}", run.scenario, run.repetition, panel.title);
            draw_panel(&mut svg, top, &title, &run.seconds, panel);
            top += TITLE + PANEL;
        }
        seconds_axis(&mut svg, top, run.seconds.len());
        top += FOOT;
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_panel(svg: &mut String, top: f64, title: &str, seconds: &[Second], panel: &Panel) {
    let (top, bottom) = (top + TITLE, top + TITLE + PANEL);
    let lines: Vec<Vec<(f64, f64)>> =
        panel.lines.iter().map(|line| points(seconds, line.value, panel.fold)).collect();
    let highest = round_up(lines.iter().flatten().map(|(_, value)| *value).fold(0.0, f64::max));
    let y = |value: f64| bottom - value / highest * PANEL;
    text(svg, LEFT, top - 10.0, "start", "#000", title);
    // The warm-up is not measured.
    let warm = seconds.iter().take_while(|second| !second.measured).count();
    let warm_end = x(warm, seconds.len()) - LEFT;
    // Writing to a String does not fail, here and below.
    let _ = writeln!(
        svg,
        "<rect x=\"{LEFT}\" y=\"{top}\" width=\"{warm_end:.1}\" height=\"{PANEL}\" fill=\"#f0f0f0\"/>"
    );
    for part in 0..=4 {
        let value = highest * f64::from(part) / 4.0;
        let (y, right) = (y(value), WIDTH - RIGHT);
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>"
        );
        let digits = usize::from(highest < 10.0);
        text(svg, LEFT - 8.0, y + 4.0, "end", "#555", &grouped(value, digits));
    }
    for (number, (line, points)) in panel.lines.iter().zip(lines).enumerate() {
        let points: Vec<String> =
            points.iter().map(|(x, value)| format!("{x:.1},{:.1}", y(*value))).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>",
            points.join(" "),
            line.colour
        );
        let y = top + 14.0 + number as f64 * 16.0;
        text(svg, WIDTH - RIGHT + 12.0, y, "start", line.colour, line.name);
    }
}

/// The points of a line: where each stretch of seconds ends, and what it is drawn as.
fn points(
    seconds: &[Second],
    value: fn(&Second) -> f64,
    fold: fn(&[f64]) -> f64,
) -> Vec<(f64, f64)> {
    let length = seconds.len().div_ceil(POINTS_MAX).max(1);
    let values: Vec<f64> = seconds.iter().map(value).collect();
    let ends = (1..).map(|number| (number * length).min(seconds.len()));
    values.chunks(length).zip(ends).map(|(some, end)| (x(end, seconds.len()), fold(some))).collect()
}

/// Where a second ends.
fn x(second: usize, count: usize) -> f64 {
    LEFT + (WIDTH - LEFT - RIGHT) * second as f64 / count.max(1) as f64
}

fn seconds_axis(svg: &mut String, top: f64, count: usize) {
    let step = (round_up(count as f64 / 10.0) as usize).max(1);
    for second in (0..=count).step_by(step) {
        text(svg, x(second, count), top + 16.0, "middle", "#555", &format!("{second} s"));
    }
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, colour: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{words}</text>"
    );
}

/// The next of 1, 2, 5, 10, 20, ... that is not below.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|step| *step >= value).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        let ends = [0.0, 0.7, 1.0, 12.0, 4_321.0, 9_999.0].map(|value| round_up(value) as u64);
        assert_eq!(ends, [1, 1, 1, 20, 5_000, 10_000]);
    }

    #[test]
    fn every_line_has_a_point_for_each_second_within_the_drawing() {
        let mut run = Run::empty("hot & <cold>");
        run.seconds = (1..=5)
            .map(|number| Second {
                number,
                measured: number > 2,
                settled: number * 1_000,
                answer_ms: [1.0, 20.0],
                ..Second::default()
            })
            .collect();
        let svg = draw("a machine", &[run]);
        assert!(svg.contains("hot &amp; &lt;cold> (run 1)"));
        let lines: Vec<_> = svg.lines().filter(|line| line.starts_with("<polyline")).collect();
        assert_eq!(lines.len(), PANELS.iter().map(|panel| panel.lines.len()).sum::<usize>());
        for line in lines {
            let points = line.split('"').nth(1).unwrap();
            let points: Vec<(f64, f64)> = points
                .split(' ')
                .map(|point| point.split_once(',').unwrap())
                .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
                .collect();
            assert_eq!(points.len(), 5);
            assert!(points.iter().all(|(x, y)| *x <= WIDTH && *y >= 0.0 && *y <= 900.0));
        }
    }

    #[test]
    fn a_long_run_is_drawn_in_stretches() {
        let seconds: Vec<Second> = (1..=1_801)
            .map(|number| Second { settled: u64::from(number == 3), ..Second::default() })
            .collect();
        let settled = |second: &Second| second.settled as f64;
        let worst = points(&seconds, settled, highest);
        assert_eq!(worst.len(), 258);
        assert!(worst.iter().all(|(x, _)| *x <= WIDTH));
        assert_eq!(worst.iter().map(|(_, value)| *value).sum::<f64>().to_bits(), 1f64.to_bits());
        let means: f64 = points(&seconds, settled, mean).iter().map(|(_, value)| value).sum();
        assert!((means - 1.0 / 7.0).abs() < 1e-9);
    }
}

//! A drawing of all runs: for each the rate of every second, and below it the latencies.

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

/// A line of a panel: its name, its colour, and its value for each second.
struct Line<'a> {
    name: &'a str,
    colour: &'a str,
    value: fn(&Second) -> f64,
}

const RATES: [Line<'_>; 2] = [
    Line { name: "settled/s", colour: "#1b6ca8", value: |second| second.settled as f64 },
    Line { name: "accepted/s", colour: "#9aa5b1", value: |second| second.accepted as f64 },
];
const LATENCIES: [Line<'_>; 4] = [
    Line { name: "202 p50", colour: "#2f8f4e", value: |second| second.answer_ms[0] },
    Line { name: "202 p99", colour: "#d08a00", value: |second| second.answer_ms[1] },
    Line { name: "settled p50", colour: "#7b4bb3", value: |second| second.settle_ms[0] },
    Line { name: "settled p99", colour: "#c0392b", value: |second| second.settle_ms[1] },
];

/// The drawing as a document.
pub(crate) fn draw(machine: &str, runs: &[Run]) -> String {
    let height = runs.len() as f64 * 2.0 * (TITLE + PANEL) + FOOT * (runs.len() as f64 + 1.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    text(&mut svg, LEFT, 20.0, "start", "#555", machine);
    let mut top = FOOT;
    for run in runs {
        let title = format!("{} (run {}): transfers per second", run.scenario, run.repetition);
        panel(&mut svg, top, &title, &run.seconds, &RATES);
        top += TITLE + PANEL;
        let title = "latency in ms: p50 and p99 of each second";
        panel(&mut svg, top, title, &run.seconds, &LATENCIES);
        top += TITLE + PANEL;
        seconds_axis(&mut svg, top, run.seconds.len());
        top += FOOT;
    }
    svg.push_str("</svg>\n");
    svg
}

fn panel(svg: &mut String, top: f64, title: &str, seconds: &[Second], lines: &[Line<'_>]) {
    let (top, bottom) = (top + TITLE, top + TITLE + PANEL);
    let values = lines.iter().flat_map(|line| seconds.iter().map(line.value));
    let highest = round_up(values.fold(0.0, f64::max));
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
    for (number, line) in lines.iter().enumerate() {
        let points: Vec<String> = (1..)
            .zip(seconds)
            .map(|(at, second)| {
                format!("{:.1},{:.1}", x(at, seconds.len()), y((line.value)(second)))
            })
            .collect();
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
        assert_eq!(lines.len(), RATES.len() + LATENCIES.len());
        for line in lines {
            let points = line.split('"').nth(1).unwrap();
            let points: Vec<(f64, f64)> = points
                .split(' ')
                .map(|point| point.split_once(',').unwrap())
                .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
                .collect();
            assert_eq!(points.len(), 5);
            assert!(points.iter().all(|(x, y)| *x <= WIDTH && *y >= 0.0 && *y <= 460.0));
        }
    }
}

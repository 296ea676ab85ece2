//! All runs, one after the other, and what is said about them.

use std::fmt::Write;

use chrono::Utc;

use crate::args::Options;
use crate::database::Database;
use crate::json::{self, Context};
use crate::machine::Machine;
use crate::run::{self, Run};
use crate::scenario::{CONSOLES, Scenario};
use crate::series::Second;
use crate::table::grouped;
use crate::{Failure, consoles, statements, svg, table};

/// Runs everything. Returns whether the figures may be believed: nothing was lost and the ledger is clean.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    Database::lend(options, async |database| measure(database, options).await).await
}

async fn measure(database: &Database, options: &Options) -> Result<bool, Failure> {
    let machine = Machine::look(&database.folder);
    let settings = database.settings().await?;
    let variables = variables();
    println!("{}", machine.describe());
    println!("PostgreSQL: {}", joined(&settings));
    if !variables.is_empty() {
        println!("variables: {}", joined(&variables));
    }
    let mut runs = Vec::new();
    for repetition in 1..=options.repeat {
        for scenario in &options.scenarios {
            if scenario.name == CONSOLES {
                consoles::run(database, options, scenario).await?;
                continue;
            }
            let run = run::run(database, options, scenario, repetition).await?;
            statements::print(run.scenario, &run.statements, settled_while_measured(&run));
            runs.push(run);
        }
    }
    println!("\n{}", machine.describe());
    if !runs.is_empty() {
        println!("{}", table::render(&runs));
    }
    let context = Context {
        at: Utc::now().to_rfc3339(),
        machine: &machine,
        settings: &settings,
        variables: &variables,
        options,
    };
    if let Some(file) = &options.json {
        std::fs::write(file, format!("{:#}\n", json::document(&context, &runs)))?;
    }
    if let Some(file) = &options.svg {
        std::fs::write(file, svg::draw(&machine.describe(), &runs))?;
    }
    Ok(verdict(&runs))
}

/// Says for each run whether it may be believed.
fn verdict(runs: &[Run]) -> bool {
    for run in runs {
        let name = format!("{} (run {})", run.scenario, run.repetition);
        let seconds = run.figures.value("ledger_check_s").unwrap_or(0.0);
        if run.problems.is_empty() {
            println!(
                "{name}: all that was accepted is at its end; full ledger check clean, {seconds:.1} s"
            );
        }
        for problem in &run.problems {
            println!("{name}: NOT CLEAN: {problem}");
        }
    }
    runs.iter().all(|run| run.problems.is_empty())
}

/// Variables that change how API and workers behave, without those that may hold a secret.
fn variables() -> Vec<(String, String)> {
    let mut variables: Vec<_> =
        std::env::vars().filter(|(name, _)| name.starts_with("HOLDFAST_")).collect();
    variables.sort();
    variables
}

fn joined(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join(", ")
}

fn settled_while_measured(run: &Run) -> f64 {
    let seconds = run.seconds.iter().filter(|second| second.measured);
    seconds.map(|second| second.settled as f64).sum()
}

/// Says what is run.
pub(crate) fn headline(scenario: &Scenario, repetition: u32, options: &Options) {
    let loop_kind = match scenario.rate {
        None => format!("closed loop of {} connections", options.connections),
        Some(rate) => format!("open loop of {rate} transfers/s"),
    };
    let events = if scenario.events { "relay and consumers on" } else { "no relay" };
    println!(
        "\n{} (run {repetition}): {loop_kind}, {events}; {} s after {} s of warm-up",
        scenario.name, scenario.seconds, options.warmup
    );
}

/// One line about a second. `unavailable` counts the answers 503 so far.
pub(crate) fn second(second: &Second, before: Option<&Second>, unavailable: u64) {
    let [median, p99] = second.answer_ms;
    let open_before = before.map_or(0, |before| before.open);
    let ended = second.accepted as i64 + open_before - second.open;
    let mut line = format!(
        "{:>5} s{} accepted {:>6}/s  ended {:>6}/s  202 p50 {median:>6.1} ms  p99 {p99:>6.1} ms  open {:>6}",
        second.number,
        if second.measured { ' ' } else { '*' },
        grouped(second.accepted as f64, 0),
        grouped(ended.max(0) as f64, 0),
        grouped(second.open as f64, 0),
    );
    if let Some(events) = second.events {
        let before = before.and_then(|before| before.events).map_or(0, |before| before.audited);
        let audited = grouped((events.audited - before) as f64, 0);
        let outbox = grouped(events.outbox as f64, 0);
        let behind = grouped(events.behind as f64, 0);
        // Writing to a String does not fail, here and below.
        let uncounted = grouped(events.uncounted as f64, 0);
        let _ = write!(
            line,
            "  outbox {outbox}  audited {audited}/s, behind {behind}, figures {uncounted}"
        );
    }
    if unavailable > 0 {
        let _ = write!(line, "  503 so far {}", grouped(unavailable as f64, 0));
    }
    println!("{line}");
}

//! The command line.

use std::fmt::Write;

use crate::parts::Part;
use crate::scenario::Scenario;

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// Tell how to use it.
    Help,
    /// Be one of the processes that are measured.
    Part(Part),
    /// Measure.
    Run(Box<Options>),
    /// Measure one stream of commands.
    Stream(Box<StreamOptions>),
    /// Measure what others notice of an attack.
    Door(Box<DoorOptions>),
}

/// An attack on the door, and what it runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DoorOptions {
    /// Requests a second of the one key that floods.
    pub(crate) flood: u32,
    /// Connections that never finish their headers.
    pub(crate) slow: u32,
    /// Seconds that are measured, without and with the attack.
    pub(crate) seconds: u64,
    /// The server and its settings.
    pub(crate) common: Options,
}

/// A stream of commands, and what it runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamOptions {
    /// Commands, one a line.
    pub(crate) lines: u64,
    /// Wallets that they move money between.
    pub(crate) wallets: u64,
    /// The server and its settings.
    pub(crate) common: Options,
}

/// What is measured, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// One after the other.
    pub(crate) scenarios: Vec<Scenario>,
    /// Seconds before the measurement, in which caches fill.
    pub(crate) warmup: u64,
    /// Connections of a closed loop.
    pub(crate) connections: u32,
    /// Processes of the API, and as many of the workers.
    pub(crate) processes: u32,
    /// Settled transfers that are there before the run.
    pub(crate) prefill: u64,
    /// Transfers per second that wait for their outcome, to see it as a client does.
    pub(crate) probes: u32,
    /// Seconds of each baseline at each number of clients; none leaves the baselines out.
    pub(crate) baseline_seconds: Option<u64>,
    /// Numbers of clients that the baselines are tried with.
    pub(crate) baseline_clients: Vec<u32>,
    /// How often all of it is done.
    pub(crate) repeat: u32,
    /// Settings of PostgreSQL as (name, value); they win over the bench's own.
    pub(crate) settings: Vec<(String, String)>,
    /// Log filter of API and workers; production's own unless told.
    pub(crate) log: String,
    /// Print the statements that took the most time.
    pub(crate) statements: bool,
    /// Folder in which the data get a folder of their own.
    pub(crate) data_dir: String,
    /// Where the figures go as JSON.
    pub(crate) json: Option<String>,
    /// Where the drawing goes.
    pub(crate) svg: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            scenarios: Vec::new(),
            warmup: 3,
            connections: 256,
            processes: 1,
            prefill: 0,
            probes: 20,
            baseline_seconds: Some(5),
            baseline_clients: vec![4, 8, 16, 32],
            repeat: 1,
            settings: Vec::new(),
            log: "info".to_owned(),
            statements: false,
            // Not /tmp: that is often memory, where a sync costs nothing.
            data_dir: "/var/tmp".to_owned(),
            json: None,
            svg: None,
        }
    }
}

/// What changes every scenario of the run.
#[derive(Default)]
struct Changes {
    seconds: Option<u64>,
    wallets: Option<u64>,
    rate: Option<u32>,
    events: bool,
    quick: bool,
}

impl Command {
    /// Reads the arguments, without the program's name. The error is a sentence.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        if let Some(part) = arguments.first().and_then(|name| Part::named(name)) {
            return Ok(Self::Part(part));
        }
        if let Some(("stream", rest)) = arguments.split_first().map(|(name, rest)| (&**name, rest))
        {
            return stream(rest);
        }
        if let Some(("door", rest)) = arguments.split_first().map(|(name, rest)| (&**name, rest)) {
            return door(rest);
        }
        let mut options = Options::default();
        let mut changes = Changes::default();
        let mut arguments = arguments.iter().map(String::as_str);
        while let Some(argument) = arguments.next() {
            if argument == "--help" || argument == "-h" {
                return Ok(Self::Help);
            }
            if let Some(scenario) = Scenario::named(argument) {
                options.scenarios.push(scenario);
            } else if !flag(argument, &mut options, &mut changes) {
                let value = arguments.next().unwrap_or_default();
                set(argument, value, &mut options, &mut changes)?;
            }
        }
        if changes.quick {
            options.scenarios = Scenario::quick();
        }
        if options.scenarios.is_empty() {
            return Err("name a scenario, or --quick; --help lists them".to_owned());
        }
        for scenario in &mut options.scenarios {
            scenario.seconds = changes.seconds.unwrap_or(scenario.seconds);
            scenario.wallets = changes.wallets.unwrap_or(scenario.wallets);
            scenario.rate = changes.rate.or(scenario.rate);
            scenario.events |= changes.events;
        }
        Ok(Self::Run(Box::new(options)))
    }
}

/// What stands behind `stream`.
fn stream(arguments: &[String]) -> Result<Command, String> {
    let (mut lines, mut changes) = (STREAM_LINES, Changes::default());
    let mut common = Options::default();
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().unwrap_or_default();
        match argument {
            "--help" | "-h" => return Ok(Command::Help),
            "--lines" => lines = number(argument, value, 1, 1_000_000_000)?,
            "--wallets" | "--pg" | "--log" | "--data-dir" => {
                set(argument, value, &mut common, &mut changes)?;
            }
            _ => return Err(format!("unknown argument '{argument}' of stream")),
        }
    }
    let wallets = changes.wallets.unwrap_or(STREAM_WALLETS);
    // The log gets files for so many seconds.
    common.warmup = lines / STREAM_RATE;
    Ok(Command::Stream(Box::new(StreamOptions { lines, wallets, common })))
}

/// What stands behind `door`.
fn door(arguments: &[String]) -> Result<Command, String> {
    let mut options = DoorOptions {
        flood: 20_000,
        slow: 10_000,
        seconds: 20,
        common: Options { warmup: 0, ..Options::default() },
    };
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().unwrap_or_default();
        match argument {
            "--help" | "-h" => return Ok(Command::Help),
            "--flood" => options.flood = number(argument, value, 1, 1_000_000)? as u32,
            "--slow" => options.slow = number(argument, value, 0, 100_000)? as u32,
            "--seconds" => options.seconds = number(argument, value, 1, 3_600)?,
            "--pg" | "--log" | "--data-dir" => {
                set(argument, value, &mut options.common, &mut Changes::default())?;
            }
            _ => return Err(format!("unknown argument '{argument}' of door")),
        }
    }
    Ok(Command::Door(Box::new(options)))
}

/// Lines and wallets of a stream when nothing else is said.
const STREAM_LINES: u64 = 1_000_000;
const STREAM_WALLETS: u64 = 10_000;
/// Lines a second that are expected, about.
const STREAM_RATE: u64 = 8_000;

/// Whether `argument` is an option without a value, and was noted.
fn flag(argument: &str, options: &mut Options, changes: &mut Changes) -> bool {
    match argument {
        "--quick" => {
            changes.quick = true;
            options.warmup = 2;
            options.baseline_seconds = Some(2);
            options.baseline_clients = vec![8, 32];
        }
        "--events" => changes.events = true,
        "--no-baseline" => options.baseline_seconds = None,
        "--statements" => options.statements = true,
        _ => return false,
    }
    true
}

fn set(
    name: &str,
    value: &str,
    options: &mut Options,
    changes: &mut Changes,
) -> Result<(), String> {
    let text = || if value.is_empty() { Err(wrong(name, "a value")) } else { Ok(value.to_owned()) };
    match name {
        "--seconds" => changes.seconds = Some(number(name, value, 1, 86_400)?),
        "--minutes" => changes.seconds = Some(number(name, value, 1, 1_440)? * 60),
        "--wallets" => changes.wallets = Some(number(name, value, 2, 100_000_000)?),
        "--rate" => changes.rate = Some(number(name, value, 1, 100_000)? as u32),
        "--warmup" => options.warmup = number(name, value, 0, 3_600)?,
        "--connections" => options.connections = number(name, value, 1, 10_000)? as u32,
        "--processes" => options.processes = number(name, value, 1, 16)? as u32,
        "--prefill" => options.prefill = number(name, value, 0, 1_000_000_000)?,
        "--probes" => options.probes = number(name, value, 0, 1_000)? as u32,
        "--baseline-seconds" => options.baseline_seconds = Some(number(name, value, 1, 600)?),
        "--baseline-clients" => options.baseline_clients = clients(name, value)?,
        "--repeat" => options.repeat = number(name, value, 1, 100)? as u32,
        "--pg" => {
            let pair = value.split_once('=').ok_or_else(|| wrong(name, "name=value"))?;
            options.settings.push((pair.0.trim().to_owned(), pair.1.trim().to_owned()));
        }
        "--log" => options.log = text()?,
        "--data-dir" => options.data_dir = text()?,
        "--json" => options.json = Some(text()?),
        "--svg" => options.svg = Some(text()?),
        _ => return Err(format!("unknown argument '{name}'; --help lists what there is")),
    }
    Ok(())
}

fn clients(name: &str, value: &str) -> Result<Vec<u32>, String> {
    value.split(',').map(|one| number(name, one.trim(), 1, 150).map(|count| count as u32)).collect()
}

fn number(name: &str, value: &str, low: u64, high: u64) -> Result<u64, String> {
    let number = value.replace('_', "").parse().ok();
    let number = number.filter(|number| (low..=high).contains(number));
    number.ok_or_else(|| wrong(name, &format!("a whole number from {low} to {high}")))
}

fn wrong(name: &str, wanted: &str) -> String {
    format!("{name} needs {wanted}")
}

/// What `--help` prints.
pub(crate) fn help() -> String {
    let mut text = "\
Measures how fast Holdfast is on this machine, and at what cost.

usage: cargo run --release -p bench -- <scenario>... [options]
       cargo run --release -p bench -- stream [--lines N] [--wallets N] [--pg NAME=VALUE] [--log FILTER] [--data-dir FOLDER]
       cargo run --release -p bench -- door [--flood N] [--slow N] [--seconds N] [--pg NAME=VALUE] [--log FILTER] [--data-dir FOLDER]

"
    .to_owned();
    for scenario in Scenario::all() {
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {:<13}{}", scenario.name, scenario.about);
    }
    text.push_str(STREAM);
    text.push_str(OPTIONS);
    text
}

const STREAM: &str = "  stream       one file of 1,000,000 lines through POST /v1/transfers/stream
  door         what others notice of a flood and of slow connections
";

const OPTIONS: &str = "
  --quick                 uniform-10k and hot with short baselines, within a minute
  --seconds N             seconds that are measured (--minutes N likewise)
  --warmup N              seconds before them; 3
  --connections N         connections of a closed loop; 256
  --processes N           processes of the API, and as many of the workers; 1
  --rate N                an open loop of N transfers/s instead
  --wallets N             another number of wallets
  --prefill N             N settled transfers of earlier weeks are there at the start
  --events                relay and both consumers run, on an SQS endpoint of their own
  --probes N              transfers/s that wait for their outcome; 20
  --repeat N              N times, with the median and the spread
  --no-baseline           leaves out hand-written SQL under pgbench
  --baseline-seconds N    seconds for each number of its clients; 5
  --baseline-clients A,B  those numbers; 4,8,16,32
  --pg NAME=VALUE         a setting of PostgreSQL; may be given again
  --log FILTER            what API and workers log, to nowhere; info, as in production
  --statements            prints the statements that took the most time
  --data-dir FOLDER       where the data lie while it runs; /var/tmp
  --json FILE             writes all figures
  --svg FILE              draws throughput and latency over time
";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Command::parse(&arguments)
    }

    fn options(line: &str) -> Options {
        match parse(line) {
            Ok(Command::Run(options)) => *options,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn options_change_every_scenario_that_is_named() {
        let options = options("hot open-5000 --seconds 7 --events --pg a=b=c --wallets 1_000");
        let names: Vec<_> = options.scenarios.iter().map(|one| one.name).collect();
        assert_eq!(names, ["hot", "open-5000"]);
        assert!(options.scenarios.iter().all(|one| one.seconds == 7 && one.events));
        assert!(options.scenarios.iter().all(|one| one.wallets == 1_000));
        assert_eq!(options.settings, [("a".to_owned(), "b=c".to_owned())]);
    }

    #[test]
    fn a_stream_has_options_of_its_own() {
        let parsed = parse("stream --lines 5_000 --wallets 9 --pg a=b");
        let Ok(Command::Stream(stream)) = parsed else { panic!("{parsed:?}") };
        assert_eq!((stream.lines, stream.wallets), (5_000, 9));
        assert_eq!(stream.common.settings, [("a".to_owned(), "b".to_owned())]);
        let sentence = "unknown argument '--rate' of stream".to_owned();
        assert_eq!(parse("stream --rate 5"), Err(sentence));
    }

    #[test]
    fn quick_needs_no_scenario_and_an_option_behind_it_wins() {
        let options = options("--quick --baseline-seconds 1");
        assert_eq!(options.scenarios.len(), 2);
        assert_eq!(options.baseline_seconds, Some(1));
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        for (line, sentence) in [
            ("", "name a scenario, or --quick; --help lists them"),
            ("uniform", "unknown argument 'uniform'; --help lists what there is"),
            ("hot --rate", "--rate needs a whole number from 1 to 100000"),
            ("hot --pg fsync", "--pg needs name=value"),
            ("hot --json", "--json needs a value"),
        ] {
            assert_eq!(parse(line), Err(sentence.to_owned()), "{line}");
        }
    }

    #[test]
    fn the_help_lists_every_scenario() {
        let help = help();
        assert!(Scenario::all().iter().all(|scenario| help.contains(scenario.name)));
        assert_eq!(parse("hot --help"), Ok(Command::Help));
    }
}

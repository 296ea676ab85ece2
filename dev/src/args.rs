use std::ffi::OsString;

/// Transfers per second at most: one process reaches no more, and the rest would only queue.
const LOAD_MAX: u32 = 20_000;

/// What `--help` prints.
pub const HELP: &str = "\
Starts Holdfast on this machine: PostgreSQL, API and workers, with two demo wallets.

usage: cargo run -- [--fresh] [--load N [--failures]]
       cargo run -- sandbox-provider [--help]
       cargo run -- token [--help]

  --fresh    drops the data of earlier runs first
  --load N   adds N synthetic transfers per second (1 to 20000), some of which are rejected, retried or
             end as dead letters, and prints a line about them each second
  --failures breaks things under the load, and mends them, again and again: steps and their undos, consumers,
             messages, the SQS endpoint. Both dead-letter queues fill. Ctrl-C then mends everything, waits
             for open work, and prints a report of what must always hold; exit code 1 if something does not
  --help     prints this

Data stay in .holdfast/ of the current folder. Ctrl-C stops everything.

  DATABASE_URL         a PostgreSQL of your own instead of a private one
  HOLDFAST_API_ADDR    where clients connect; else 127.0.0.1:8080 or the next free port
  HOLDFAST_ADMIN_ADDR  where operators connect; else 127.0.0.1:8081 or the next free port
  HOLDFAST_LOG         which log lines go to stderr, such as info or warn,jobs=debug; else warn
";

/// What the command line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Tell how to use it.
    Help,
    /// Bring the system up.
    Run(Options),
}

/// How the system is brought up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Drop the data first.
    pub fresh: bool,
    /// Synthetic transfers per second; none when there is to be no load.
    pub load: Option<u32>,
    /// Break things while the load runs; only with a load.
    pub failures: bool,
}

/// The command line cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgsError {
    /// Nothing has this name.
    #[error("unknown argument '{0}'; --help lists what there is")]
    Unknown(String),
    /// `--load` without a number that can be used.
    #[error("--load needs a whole number of transfers per second, from 1 to {LOAD_MAX}")]
    Load,
    /// `--failures` without `--load`.
    #[error("--failures needs --load N: it breaks what the load does, and nothing else")]
    FailuresWithoutLoad,
}

impl Command {
    /// Reads the arguments, without the program's name. A later one wins over an earlier one.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, ArgsError> {
        let mut options = Options::default();
        let mut arguments =
            arguments.into_iter().map(|argument| argument.to_string_lossy().into_owned());
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--help" | "-h" => return Ok(Self::Help),
                "--fresh" => options.fresh = true,
                "--failures" => options.failures = true,
                "--load" => options.load = Some(rate(arguments.next().as_deref())?),
                other => match other.strip_prefix("--load=") {
                    Some(number) => options.load = Some(rate(Some(number))?),
                    None => return Err(ArgsError::Unknown(argument)),
                },
            }
        }
        if options.failures && options.load.is_none() {
            return Err(ArgsError::FailuresWithoutLoad);
        }
        Ok(Self::Run(options))
    }
}

fn rate(text: Option<&str>) -> Result<u32, ArgsError> {
    let number = text.and_then(|text| text.parse().ok());
    number.filter(|number| (1..=LOAD_MAX).contains(number)).ok_or(ArgsError::Load)
}

#[cfg(test)]
mod tests {
    use super::{ArgsError, Command, Options};

    #[test]
    fn arguments_are_understood_or_named() {
        let run = |fresh, load| Ok(Command::Run(Options { fresh, load, failures: false }));
        let broken = Options { fresh: false, load: Some(50), failures: true };
        let unknown = |argument: &str| Err(ArgsError::Unknown(argument.to_owned()));
        for (line, expected) in [
            ("", run(false, None)),
            ("--fresh", run(true, None)),
            ("--load 50 --fresh", run(true, Some(50))),
            ("--load=50", run(false, Some(50))),
            ("--failures --load 50", Ok(Command::Run(broken))),
            ("--failures", Err(ArgsError::FailuresWithoutLoad)),
            ("--fresh --failures --help", Ok(Command::Help)),
            ("--load", Err(ArgsError::Load)),
            ("--load --fresh", Err(ArgsError::Load)),
            ("--load 0", Err(ArgsError::Load)),
            ("--load 20001", Err(ArgsError::Load)),
            ("--lod 5", unknown("--lod")),
            ("fresh", unknown("fresh")),
        ] {
            let parsed = Command::parse(line.split_whitespace().map(Into::into));
            assert_eq!(parsed, expected, "{line}");
        }
    }
}

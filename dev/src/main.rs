//! `holdfast-dev`: see `--help`.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use dev::sandbox::program::{COMMAND, Program};
use dev::{Command, Settings, issuer};
use telemetry::logs::Output;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.next_if(|first| first == COMMAND).is_some() {
        return provide(arguments).await;
    }
    if arguments.next_if(|first| first == issuer::COMMAND).is_some() {
        return match issuer::program(arguments) {
            Ok(text) => {
                let _ = std::io::stdout().write_all(text.as_bytes());
                ExitCode::SUCCESS
            }
            Err(error) => fail(&error),
        };
    }
    let command = match Command::parse(arguments) {
        Ok(command) => command,
        Err(error) => return fail(&error),
    };
    let options = match command {
        Command::Help => {
            // A reader that went away, such as `head`, is no error.
            let _ = std::io::stdout().write_all(dev::HELP.as_bytes());
            return ExitCode::SUCCESS;
        }
        Command::Run(options) => options,
    };
    let settings = match Settings::from_env() {
        Ok(settings) => settings,
        Err(error) => return fail(&error),
    };
    let said = match telemetry::Config::from_lookup(|name| std::env::var(name).ok()) {
        Ok(said) => said,
        Err(error) => return fail(&error),
    };
    telemetry::logs::start(settings.log_filter(options), said.log_format, Output::Stderr);
    if let Some(collector) = said.traces
        && let Err(error) = telemetry::traces::start(collector, "holdfast-dev")
    {
        return fail(&error);
    }
    let ended = dev::run(options, settings).await;
    telemetry::traces::finish().await;
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// The sandbox provider, as a process of its own.
async fn provide(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let ended = match Program::parse(arguments) {
        Ok(program) => program.run().await,
        Err(problem) => Err(problem.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.as_ref()),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "holdfast: {}", store::describe(error));
    ExitCode::FAILURE
}

//! `holdfast-dev`: see `--help`.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use dev::sandbox::program::{COMMAND, Program};
use dev::{Command, Settings};

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.next_if(|first| first == COMMAND).is_some() {
        return provide(arguments).await;
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
    tracing_subscriber::fmt()
        .with_env_filter(settings.log_filter(options))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match dev::run(options, settings).await {
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

//! `holdfast-dev`: see `--help`.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use dev::{Command, Settings};

#[tokio::main]
async fn main() -> ExitCode {
    let command = match Command::parse(std::env::args_os().skip(1)) {
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

fn fail(error: &dyn std::error::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "holdfast: {}", store::describe(error));
    ExitCode::FAILURE
}

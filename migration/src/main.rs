//! `holdfast-migrate up | down | status`: the one-off migration task.

use std::error::Error;
use std::process::ExitCode;

use database::Settings;

const USAGE: &str = "usage: holdfast-migrate up | down | status   \
                     (DATABASE_URL names the database, or DATABASE_HOST and others its parts)";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdfast-migrate: {}", chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let command = std::env::args().nth(1).unwrap_or_default();
    let database = Settings::from_env()?.writer;
    match command.as_str() {
        "up" => migration::up(&database).await?,
        "down" => migration::down(&database).await?,
        "status" => {
            for (name, applied) in migration::status(&database).await? {
                println!("{} {name}", if applied { "applied" } else { "pending" });
            }
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

/// The error and its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

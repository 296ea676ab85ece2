//! `holdfast-admin`: the console.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    admin_tui::program::run(std::env::args_os()).await
}

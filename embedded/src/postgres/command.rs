use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// Why a command that was run to its end gave no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    #[error("{program} could not be run: {source}")]
    NotStarted { program: String, source: std::io::Error },
    #[error("{program} did not end within {} s", .limit.as_secs())]
    TimedOut { program: String, limit: Duration },
    #[error("{program} failed: {output}")]
    Failed { program: String, output: String },
}

/// Runs `command` to its end and gives what it wrote to stdout, without the white space around it.
///
/// The command reads nothing, and is killed when `limit` has passed or when the caller is cancelled.
pub(super) async fn output(command: Command, limit: Duration) -> Result<String, CommandError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut command = tokio::process::Command::from(command);
    command.stdin(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(limit, command.output()).await {
        Err(_elapsed) => Err(CommandError::TimedOut { program, limit }),
        Ok(Err(source)) => Err(CommandError::NotStarted { program, source }),
        Ok(Ok(output)) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        Ok(Ok(output)) => Err(CommandError::Failed { program, output: complaint(&output) }),
    }
}

/// What a failed command had to say: its stderr, else its stdout, else its exit status.
fn complaint(output: &Output) -> String {
    [&output.stderr, &output.stdout]
        .into_iter()
        .map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned())
        .find(|text| !text.is_empty())
        .unwrap_or_else(|| output.status.to_string())
}

//! Log lines: text for people, or one JSON object a line for collectors.
//!
//! What ties lines together are two fields. `correlation_id` is the client's word for what it asked
//! for, or one that was made for it; it goes with the transfer to the worker, into its events and
//! messages, and to their consumers. `trace_id` goes the same way, where there is a trace.

use std::io::{IsTerminal, stderr, stdout};

use tracing_subscriber::EnvFilter;

use crate::LogFormat;

mod flat;

use flat::{Flat, FlatFields};

/// Where lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// For a process that prints nothing else.
    Stdout,
    /// For one that prints results.
    Stderr,
}

/// From now on, lines that the filter lets through are written. Only the first call counts.
pub fn start(filter: EnvFilter, format: LogFormat, output: Output) {
    let (writer, is_terminal): (fn() -> Box<dyn std::io::Write>, bool) = match output {
        Output::Stdout => (|| Box::new(stdout()), stdout().is_terminal()),
        Output::Stderr => (|| Box::new(stderr()), stderr().is_terminal()),
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(is_terminal);
    // Fails when there is a subscriber already, which then has the last word.
    let _ = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.fmt_fields(FlatFields).event_format(Flat).try_init(),
    };
}

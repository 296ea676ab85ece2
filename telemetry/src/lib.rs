//! What a process says about itself: log lines, traces, metrics, and its health.
//!
//! Everything here is beside the work and never in its way. A line that cannot be written, a collector
//! that is away or a sample that fails costs that line, trace or sample, and nothing else.
//!
//! * [`logs`]: lines for people or for collectors.
//! * [`traces`]: spans over OTLP. Off unless a collector is named, and then free of cost.
//! * [`metrics`]: counters in memory, shown at `/metrics`.
//! * [`sampler`]: figures that need the database, read by one process for all.
//! * [`emf`]: the same figures as log lines that CloudWatch counts.
//! * [`health`] and [`listener`]: what an orchestrator asks.

pub mod config;
pub mod emf;
pub mod health;
mod lights;
pub mod listener;
pub mod logs;
pub mod metrics;
pub mod sampler;
pub mod traces;

pub use config::{Collector, Config, ConfigError, Encoding, LogFormat};
pub use lights::Lights;

use logs::Output;
use traces::TracesError;
use tracing_subscriber::EnvFilter;

/// From now on there are log lines, and spans where there is a collector. For the begin of a process,
/// on its runtime; [`traces::finish`] is for its end.
pub fn start(config: &Config, service: &'static str, output: Output) -> Result<(), TracesError> {
    logs::start(EnvFilter::new(&config.log), config.log_format, output);
    match config.traces {
        Some(collector) => traces::start(collector, service),
        None => Ok(()),
    }
}

//! All metrics of a process, and those of requests, commands, calls and the process itself.

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use store::pool::Pool;

use super::sampled::Sampled;
use super::work::{Events, Sagas};
use super::{Builder, Counters, Description, Gauges, Histograms, number, seconds, sizes};

/// All metrics of a process. What a process does not do, it does not show.
#[derive(Debug)]
pub struct Metrics {
    /// Requests.
    pub http: Http,
    /// Commands on their way into the database.
    pub intake: Intake,
    /// Transfers on their way to their end.
    pub sagas: Sagas,
    /// Events on their way out and in.
    pub events: Events,
    /// Calls outside.
    pub calls: Calls,
    /// The process itself.
    pub process: Process,
    /// What one process reads for all.
    pub sampled: Sampled,
    pub(super) registry: Registry,
    pub(super) all: Vec<Description>,
    pub(super) watched: Mutex<Vec<(&'static str, Pool)>>,
}

/// Requests: rate, errors, duration.
#[derive(Debug)]
pub struct Http {
    /// By method, route and class of the answer.
    pub requests: Counters<3>,
    /// By method and route.
    pub duration: Histograms<2>,
    /// Under way.
    pub in_flight: Gauges<0>,
}

/// Commands on their way into the database.
#[derive(Debug)]
pub struct Intake {
    /// By what came of them.
    pub commands: Counters<1>,
    /// Commands in one transaction.
    pub batch_size: Histograms<0>,
    /// Of one transaction, with its repetitions.
    pub batch_duration: Histograms<0>,
}

/// Calls outside.
#[derive(Debug)]
pub struct Calls {
    /// By what was asked and what was answered.
    pub answers: Counters<2>,
    /// By what was asked.
    pub duration: Histograms<1>,
}

/// The process itself.
#[derive(Debug)]
pub struct Process {
    /// By pool and whether they are in use.
    pub connections: Gauges<2>,
    /// By pool.
    pub connections_max: Gauges<1>,
    /// By version.
    pub info: Gauges<1>,
    /// Processor time in seconds.
    pub cpu: Counter<f64, AtomicU64>,
    /// Memory that it holds.
    pub memory: Gauges<0>,
    /// Open files and connections.
    pub files: Gauges<0>,
    /// Since when.
    pub started: Gauges<0>,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut builder =
            Builder { registry: Registry::default(), all: Vec::new(), sampled: false };
        let (http, intake) = (Http::new(&mut builder), Intake::new(&mut builder));
        let (sagas, events) = (Sagas::new(&mut builder), Events::new(&mut builder));
        let (calls, process) = (Calls::new(&mut builder), Process::new(&mut builder));
        builder.sampled = true;
        let sampled = Sampled::new(&mut builder);
        let Builder { registry, all, .. } = builder;
        let watched = Mutex::default();
        Self { http, intake, sagas, events, calls, process, sampled, registry, all, watched }
    }

    /// Every metric, whether it is shown yet or not.
    pub fn descriptions(&self) -> &[Description] {
        &self.all
    }

    pub(super) fn look_at_pools(&self) {
        let pools = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, pool) in pools.iter() {
            let (open, idle) = (pool.size(), u32::try_from(pool.num_idle()).unwrap_or(u32::MAX));
            let shown = |state: &'static str, count: u32| {
                let values = [(*name).into(), state.into()];
                self.process.connections.set(values, f64::from(count));
            };
            shown("idle", idle);
            shown("used", open.saturating_sub(idle));
            let most = pool.options().get_max_connections();
            self.process.connections_max.set([(*name).into()], f64::from(most));
        }
    }
}

impl Http {
    fn new(b: &mut Builder) -> Self {
        Self {
            requests: b.counters(
                "holdfast_http_requests_total",
                &["method", "route", "status_class"],
                "Requests that were answered",
            ),
            duration: b.histograms(
                "holdfast_http_request_duration_seconds",
                &["method", "route"],
                "From the head of a request to the head of its answer",
                seconds,
            ),
            in_flight: b.gauges(
                "holdfast_http_requests_in_flight",
                &[],
                "Requests that are not answered yet",
            ),
        }
    }
}

impl Intake {
    fn new(b: &mut Builder) -> Self {
        Self {
            commands: b.counters(
                "holdfast_intake_commands_total",
                &["outcome"],
                "Commands by what came of them: accepted, replayed, key_reused, refused, overloaded, unavailable",
            ),
            batch_size: b.histograms(
                "holdfast_intake_batch_size",
                &[],
                "Commands in one transaction",
                sizes,
            ),
            batch_duration: b.histograms(
                "holdfast_intake_batch_duration_seconds",
                &[],
                "Of one transaction, with its repetitions",
                seconds,
            ),
        }
    }
}

impl Calls {
    fn new(b: &mut Builder) -> Self {
        Self {
            answers: b.counters(
                "holdfast_provider_calls_total",
                &["asked", "outcome"],
                "Calls outside by what was asked and what was answered",
            ),
            duration: b.histograms(
                "holdfast_provider_call_duration_seconds",
                &["asked"],
                "Of one call outside",
                seconds,
            ),
        }
    }
}

impl Process {
    fn new(b: &mut Builder) -> Self {
        let process = Self {
            connections: b.gauges(
                "holdfast_db_pool_connections",
                &["pool", "state"],
                "Open connections to the database; state is idle or used",
            ),
            connections_max: b.gauges(
                "holdfast_db_pool_connections_max",
                &["pool"],
                "The most that there may be",
            ),
            info: b.gauges("holdfast_build_info", &["version"], "The version that runs; always 1"),
            cpu: b.seconds(
                "process_cpu_seconds_total",
                "Processor time that the process has used so far",
            ),
            memory: b.gauges("process_resident_memory_bytes", &[], "Memory that the process holds"),
            files: b.gauges("process_open_fds", &[], "Open files and connections"),
            started: b.gauges(
                "process_start_time_seconds",
                &[],
                "When the process started, in seconds since 1970",
            ),
        };
        process.info.set([env!("CARGO_PKG_VERSION").into()], number(1));
        process
    }
}

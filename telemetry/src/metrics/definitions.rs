//! Every metric that there is.

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use store::pool::Pool;

use super::{
    Builder, Counters, Description, Gauges, Histograms, long_seconds, number, seconds, sizes,
};

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

/// Transfers on their way to their end.
#[derive(Debug)]
pub struct Sagas {
    /// By step, direction and outcome.
    pub steps: Counters<3>,
    /// Waits for another try, by step and class of the failure.
    pub retries: Counters<2>,
    /// By kind and status.
    pub ended: Counters<2>,
    /// From accepted to the end, by status.
    pub duration: Histograms<1>,
    /// By reason and class of the failure.
    pub dead_letters: Counters<2>,
    /// Transfers in one transaction.
    pub group_size: Histograms<0>,
    /// Of one transaction.
    pub group_duration: Histograms<0>,
    /// Transactions that came to nothing, by what was at fault.
    pub group_failures: Counters<1>,
    /// By queue.
    pub jobs: Counters<1>,
    /// Workers that had to be replaced, by queue.
    pub worker_restarts: Counters<1>,
    /// What the keeper found lost, by what it was.
    pub rescued: Counters<1>,
}

/// Events on their way out and in.
#[derive(Debug)]
pub struct Events {
    /// Offered to a queue, by queue and what it said.
    pub sent: Counters<2>,
    /// From the event to the queue that has it, by queue.
    pub sent_after: Histograms<1>,
    /// By consumer and what came of them.
    pub messages: Counters<2>,
    /// From the event to the commit that took note of it, by consumer.
    pub noted_after: Histograms<1>,
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

/// What one process reads for all.
#[derive(Debug)]
pub struct Sampled {
    /// By queue and state.
    pub jobs: Gauges<2>,
    /// By queue.
    pub jobs_ready: Gauges<1>,
    /// By queue.
    pub jobs_oldest: Gauges<1>,
    /// By queue.
    pub workers: Gauges<1>,
    /// By state.
    pub open: Gauges<1>,
    /// Of the first one that is due.
    pub oldest_due: Gauges<0>,
    /// Events still to be sent.
    pub outbox: Gauges<0>,
    /// Of the first of them.
    pub outbox_oldest: Gauges<0>,
    /// By class of the failure.
    pub dead_letters: Gauges<1>,
    /// By class of the failure.
    pub dead_letters_oldest: Gauges<1>,
    /// By currency.
    pub dead_letters_held: Gauges<1>,
    /// By currency.
    pub held: Gauges<1>,
    /// By currency.
    pub drift: Gauges<1>,
    /// Rules of the ledger that do not hold.
    pub broken: Gauges<0>,
    /// When the ledger was checked.
    pub checked_at: Gauges<0>,
    /// By queue and state.
    pub messages: Gauges<2>,
    /// When all of this was read.
    pub at: Gauges<0>,
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

impl Sagas {
    fn new(b: &mut Builder) -> Self {
        Self {
            steps: b.counters(
                "holdfast_saga_steps_total",
                &["step", "direction", "outcome"],
                "Steps that were committed; direction is do or undo, outcome is ok or the class of the failure",
            ),
            retries: b.counters(
                "holdfast_saga_retries_total",
                &["step", "class"],
                "Times that a transfer waits for another try of a step",
            ),
            ended: b.counters(
                "holdfast_transfers_ended_total",
                &["kind", "status"],
                "Transfers that came to their end",
            ),
            duration: b.histograms(
                "holdfast_transfer_duration_seconds",
                &["status"],
                "From accepted to the end",
                long_seconds,
            ),
            dead_letters: b.counters(
                "holdfast_dead_letters_opened_total",
                &["reason", "class"],
                "Transfers that gave up and wait for a person",
            ),
            group_size: b.histograms(
                "holdfast_saga_group_size",
                &[],
                "Transfers in one transaction of the lane",
                sizes,
            ),
            group_duration: b.histograms(
                "holdfast_saga_group_duration_seconds",
                &[],
                "Of one transaction of the lane that was committed",
                seconds,
            ),
            group_failures: b.counters(
                "holdfast_saga_group_failures_total",
                &["fault"],
                "Transactions of the lane that came to nothing; fault is data or database",
            ),
            jobs: b.counters("holdfast_jobs_handled_total", &["queue"], "Jobs that were handled"),
            worker_restarts: b.counters(
                "holdfast_worker_restarts_total",
                &["queue"],
                "Workers that failed and were replaced",
            ),
            rescued: b.counters(
                "holdfast_keeper_rescued_total",
                &["what"],
                "What the keeper found lost; what is transfer or job",
            ),
        }
    }
}

impl Events {
    fn new(b: &mut Builder) -> Self {
        Self {
            sent: b.counters(
                "holdfast_relay_events_total",
                &["queue", "outcome"],
                "Events offered to a queue; outcome is taken, refused or unanswered",
            ),
            sent_after: b.histograms(
                "holdfast_relay_delay_seconds",
                &["queue"],
                "From an event to the queue that has it",
                long_seconds,
            ),
            messages: b.counters(
                "holdfast_consumer_messages_total",
                &["consumer", "outcome"],
                "Messages; outcome is committed, unreadable, refused or given_up",
            ),
            noted_after: b.histograms(
                "holdfast_consumer_delay_seconds",
                &["consumer"],
                "From an event to the commit that took note of it",
                long_seconds,
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

impl Sampled {
    #[allow(clippy::too_many_lines)] // a table
    fn new(b: &mut Builder) -> Self {
        Self {
            jobs: b.gauges(
                "holdfast_jobs",
                &["queue", "state"],
                "Jobs; state is ready, scheduled, in_hand or failed",
            ),
            jobs_ready: b.gauges(
                "holdfast_jobs_ready",
                &["queue"],
                "Jobs that a worker may take now",
            ),
            jobs_oldest: b.gauges(
                "holdfast_jobs_oldest_ready_age_seconds",
                &["queue"],
                "How long the first ready job has been ready; 0 without one",
            ),
            workers: b.gauges(
                "holdfast_workers_alive",
                &["queue"],
                "Workers with a sign of life within five seconds",
            ),
            open: b.gauges(
                "holdfast_open_transfers",
                &["state"],
                "Transfers before their end; state is runnable, retrying, paused, waiting or parked",
            ),
            oldest_due: b.gauges(
                "holdfast_oldest_runnable_age_seconds",
                &[],
                "How long the first runnable transfer has been due; 0 without one",
            ),
            outbox: b.gauges("holdfast_outbox_rows", &[], "Events still to be sent"),
            outbox_oldest: b.gauges(
                "holdfast_outbox_oldest_age_seconds",
                &[],
                "Age of the first event still to be sent; 0 without one",
            ),
            dead_letters: b.gauges(
                "holdfast_dead_letters_open",
                &["class"],
                "Transfers that wait for a person, by class of the failure",
            ),
            dead_letters_oldest: b.gauges(
                "holdfast_dead_letters_oldest_age_seconds",
                &["class"],
                "How long the first of them has waited",
            ),
            dead_letters_held: b.gauges(
                "holdfast_dead_letters_held_minor",
                &["currency"],
                "Money that they hold, in minor units",
            ),
            held: b.gauges(
                "holdfast_held_minor",
                &["currency"],
                "Money that holds reserve, in minor units",
            ),
            drift: b.gauges(
                "holdfast_ledger_drift_minor",
                &["currency"],
                "Posted debits less posted credits of all wallets, in minor units; anything but 0 is wrong",
            ),
            broken: b.gauges(
                "holdfast_ledger_rules_broken",
                &[],
                "Rules of the quick ledger check that do not hold",
            ),
            checked_at: b.gauges(
                "holdfast_ledger_checked_timestamp_seconds",
                &[],
                "When the ledger was checked, in seconds since 1970",
            ),
            messages: b.gauges(
                "holdfast_sqs_messages",
                &["queue", "state"],
                "Messages in SQS as the desk counted them last; state is visible, in_flight or delayed",
            ),
            at: b.gauges(
                "holdfast_sample_timestamp_seconds",
                &[],
                "When these figures were read, in seconds since 1970",
            ),
        }
    }
}

//! Metrics of transfers and events on their way.

use super::{Builder, Counters, Histograms, long_seconds, seconds, sizes};

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

impl Sagas {
    pub(super) fn new(b: &mut Builder) -> Self {
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
    pub(super) fn new(b: &mut Builder) -> Self {
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

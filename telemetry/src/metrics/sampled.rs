//! Metrics about the database, which one process tells for all.

use super::{Builder, Gauges};

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

impl Sampled {
    #[allow(clippy::too_many_lines)] // a table
    pub(super) fn new(b: &mut Builder) -> Self {
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

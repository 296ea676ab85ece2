//! What operators ask and do, on an address of its own.
//!
//! Every route wants an operator's token; every change wants a reason, decides under
//! the lock of what it changes, and is in the audit with it.

mod acts;
pub(crate) mod api_keys;
pub(crate) mod approvals;
mod audit;
pub(crate) mod commands;
mod dead_letters;
pub(crate) mod incidents;
mod ledger;
pub(crate) mod limits;
mod operator;
mod overview;
pub(crate) mod plans;
pub(crate) mod queues;
pub(crate) mod sqs;
pub(crate) mod switches;
mod transfers;
mod views;
pub(crate) mod wallets;

pub(crate) use acts::{
    compensate, discard, force_forward, options as dead_letter_options, redrive, resolve,
    retry_compensation,
};
pub(crate) use audit::{get as audit_entry, list as audit};
pub(crate) use dead_letters::{
    get as dead_letter, groups as dead_letter_groups, list as dead_letters,
};
pub(crate) use ledger::check as ledger_check;
pub(crate) use operator::me;
pub(crate) use overview::get as overview;
pub(crate) use queues::{get_job as job, jobs, list as queues, retry_job, workers};
pub(crate) use switches::{
    list as switches, pause as pause_queue, put as put_switch, put_maintenance,
    resume as resume_queue,
};
pub(crate) use transfers::{get as transfer, list as transfers, park, retry_now, review, unpark};

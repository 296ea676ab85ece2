//! All views, in the order of the help.

mod dead_letters;
mod desk;
mod incidents;
mod ledger;
pub(crate) mod overview;
mod plans;
mod queues;
mod sqs;
mod transfers;
mod wallets;

use crate::view::View;

/// All views.
pub const ALL: &[&View] = &[
    &overview::OVERVIEW,
    &incidents::LIST,
    &dead_letters::GROUPS,
    &dead_letters::LIST,
    &dead_letters::ONE,
    &dead_letters::OPTIONS,
    &plans::LIST,
    &plans::ONE,
    &plans::ITEMS,
    &transfers::LIST,
    &transfers::ONE,
    &wallets::LIST,
    &wallets::ONE,
    &wallets::STATEMENT,
    &queues::QUEUES,
    &queues::JOBS,
    &queues::JOB,
    &queues::WORKERS,
    &queues::SWITCHES,
    &incidents::OUTBOX,
    &sqs::QUEUES,
    &sqs::GROUPS,
    &sqs::MESSAGES,
    &sqs::MESSAGE,
    &sqs::COMMANDS,
    &sqs::COMMAND,
    &desk::AUDIT,
    &desk::ENTRY,
    &ledger::CHECK,
];

/// Views that a number key leads to.
pub const NUMBERED: &[(char, &str)] = &[
    ('1', "overview"),
    ('2', "incidents"),
    ('3', "groups"),
    ('4', "plans"),
    ('5', "transfers"),
    ('6', "wallets"),
    ('7', "queues"),
    ('8', "sqs-queues"),
    ('9', "audit"),
    ('0', "ledger"),
];

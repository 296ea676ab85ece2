//! All views, in the order of the help.

mod dead_letters;
mod desk;
mod ledger;
mod plans;
mod queues;
mod sqs;
mod transfers;

use crate::view::View;

/// All views.
pub const ALL: &[&View] = &[
    &dead_letters::GROUPS,
    &dead_letters::LIST,
    &dead_letters::ONE,
    &dead_letters::OPTIONS,
    &plans::LIST,
    &plans::ONE,
    &plans::ITEMS,
    &transfers::ONE,
    &queues::QUEUES,
    &queues::JOBS,
    &queues::JOB,
    &queues::WORKERS,
    &queues::SWITCHES,
    &sqs::QUEUES,
    &sqs::GROUPS,
    &sqs::MESSAGES,
    &sqs::MESSAGE,
    &sqs::COMMANDS,
    &sqs::COMMAND,
    &desk::AUDIT,
    &ledger::CHECK,
];

/// Views that a number key leads to.
pub const NUMBERED: &[(char, &str)] = &[
    ('1', "groups"),
    ('2', "dead-letters"),
    ('3', "plans"),
    ('4', "queues"),
    ('5', "jobs"),
    ('6', "workers"),
    ('7', "sqs-queues"),
    ('8', "dead-messages"),
    ('9', "audit"),
    ('0', "ledger"),
];

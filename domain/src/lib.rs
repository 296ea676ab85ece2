//! The rules of Holdfast: money, wallets, the journal, and the transfer saga.
//!
//! Invariant: nothing here knows a clock, a database, HTTP or randomness. Time
//! and ids are arguments, so every decision can be replayed from its inputs.
//!
//! Reading order: [`money`] (whole minor units of a currency), [`wallet`] (four
//! counters per wallet and what they mean), [`journal`] (entries that cannot be
//! built unbalanced), [`transfer`] (what a customer asks for), [`limit`] (how much of it is
//! allowed), [`failure`] (how things go wrong), [`saga`] (what happens next), [`group`] (many transfers
//! advanced over one set of locked wallets), [`dead_letter`] (what a person may decide
//! about one that gave up), [`plan`] (many dead letters sent back with care), [`switch`]
//! (what an operator can stop), [`access`] (what a caller may), [`answer`] and [`notice`] (what
//! comes from outside), [`event`] and [`job`] (what leaves).
#![cfg_attr(
    not(test),
    deny(
        clippy::float_arithmetic,
        clippy::as_conversions,
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing
    )
)]

pub mod access;
pub mod answer;
pub mod dead_letter;
pub mod event;
pub mod failure;
pub mod group;
pub mod idempotency;
pub mod ids;
pub mod job;
pub mod journal;
pub mod limit;
pub mod money;
pub mod notice;
pub mod operator;
pub mod plan;
pub mod queue;
pub mod retry;
pub mod saga;
pub mod switch;
pub mod terms;
pub mod text;
pub mod trace;
pub mod transfer;
pub mod wallet;

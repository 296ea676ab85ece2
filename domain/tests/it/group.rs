//! Groups: many transfers advanced over one set of locked wallets.

mod boundaries;
mod fail_on_purpose;
mod faults;
mod forecast;
mod halting;
mod outcomes;
mod people;
mod posting_time;
mod properties;

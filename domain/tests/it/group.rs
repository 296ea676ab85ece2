//! Groups: many transfers advanced over one set of locked wallets.

mod boundaries;
mod fail_on_purpose;
mod faults;
mod forecast;
mod halting;
mod limits;
mod outcomes;
mod pauses;
mod people;
mod posting_time;
mod properties;

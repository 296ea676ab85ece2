//! The real program, as a person starts and ends it.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where one of its helpers fails"
)]

mod command_line;
mod failures;
mod lifecycle;
mod load;
mod support;

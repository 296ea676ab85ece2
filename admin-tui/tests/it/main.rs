//! The console without a terminal: keys in, screen out, the recording behind it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where one of its helpers fails"
)]

mod acts;
mod keys;
mod pictures;
mod screens;
mod support;

//! The console without a terminal: keys in, screen out, the recording behind it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where one of its helpers fails"
)]

mod acts;
mod cli;
mod keys;
mod lists;
mod logins;
mod pages;
mod pictures;
mod rows;
mod runbooks;
mod screens;
mod sending;
mod support;
mod walk;
mod writing;

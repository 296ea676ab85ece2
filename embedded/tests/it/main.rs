//! Private servers and test databases, exercised as the other crates use them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail as the tests do, by panicking"
)]

mod ends_with_its_owner;
mod home;
mod search;
mod server;
mod support;
mod testing;

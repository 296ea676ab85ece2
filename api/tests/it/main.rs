//! The API through its own sockets, on a database of its own for each test. No saga
//! worker runs here, so transfers stay accepted unless a test writes their end.
// The lint knows tests only by their attribute; their helpers fail the test in the same way.
#![allow(clippy::unwrap_used, clippy::panic)]

mod bad_input;
mod bulk;
mod http;
mod idempotency;
mod ledger_checks;
mod limits;
mod lists;
mod notices;
mod operators;
mod queue_desk;
mod queues;

mod plans;
mod server;
mod statements;
mod stream;
mod support;
mod switches;
mod waiting;
mod wallets;
mod watching;

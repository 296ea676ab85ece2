//! What Holdfast brings along so that one command starts it on a machine with nothing set up.
//!
//! [`postgres`] finds or provisions a PostgreSQL server that belongs to one process and ends with it. [`testing`] hands
//! every test a migrated database of its own on such a server. [`sqs`] is an SQS endpoint within the process, [`issuer`]
//! an issuer of tokens.
//!
//! Only Unix is supported: the server is guarded by a small shell script, and root hands it to another user.

pub mod issuer;
pub mod postgres;
pub mod sqs;
pub mod testing;

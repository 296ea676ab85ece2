//! Failures on demand, for the tests that prove the saga.

use super::OpenTransfer;
use crate::failure::Failure;
use crate::saga::Step;

/// What to do to a step instead of running it once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Fail it, with nothing done.
    Fail(Failure),
    /// Run it twice in a row, as after a lost acknowledgement.
    Repeat,
}

/// Decides which steps go wrong. The production answer is [`NoFaults`].
pub trait Faults: Send + Sync {
    /// Asked before each step, and before each undo (`undo` is then true).
    fn before(&self, transfer: &OpenTransfer, step: Step, undo: bool) -> Option<Fault>;
}

/// Nothing goes wrong on purpose.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFaults;

impl Faults for NoFaults {
    fn before(&self, _: &OpenTransfer, _: Step, _: bool) -> Option<Fault> {
        None
    }
}

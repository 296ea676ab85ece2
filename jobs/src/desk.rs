//! What operators decide, carried out: the role `desk`.
//!
//! The operator API only writes decisions down. This role does what takes longer than a
//! request: it carries out redrive plans, and where there is SQS it tends the dead-letter
//! queues. Any number of processes may run it: each piece of work is taken by one at a time,
//! and taken up by another when that one dies.

pub(crate) mod plans;
pub(crate) mod queues;

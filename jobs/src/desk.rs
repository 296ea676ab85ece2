//! What operators decide, carried out.

pub(crate) mod queues;

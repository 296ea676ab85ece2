//! The saga: every pair of state and event, and what holds for every story.

mod cases;
mod properties;
mod transitions;

//! The program `holdfast-jobs`, as a person at a terminal meets it.
// The lint knows tests only by their attribute; their helpers fail the test in the same way.
#![allow(clippy::unwrap_used)]

mod commands;

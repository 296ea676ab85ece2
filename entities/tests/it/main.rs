//! The entities against a freshly migrated database.
// The lint knows tests only by their attribute; their helpers fail the test in the same way.
#![allow(clippy::unwrap_used)]

mod conversions;
mod migrations;
mod schema;

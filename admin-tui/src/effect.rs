//! What the console wants done outside: data handed to the runner, never done in place.

use serde_json::Value;

use crate::act::Method;

/// Something to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Read a path and answer with this number.
    Read {
        /// The number.
        question: u64,
        /// Path and query.
        path: String,
        /// Whether the answer continues a list.
        more: bool,
    },
    /// Ask for a change.
    Change {
        /// Of which dialog.
        ticket: u64,
        /// What is done.
        act: &'static str,
        /// To what.
        id: String,
        /// How.
        method: Method,
        /// Where.
        path: String,
        /// What.
        body: Value,
        /// The view that shows the answer.
        leads_to: Option<&'static str>,
    },
    /// Ask whose token it is.
    Me,
    /// Ask how Holdfast stands.
    Pulse,
    /// Look at the system of this context.
    Switch(String),
    /// Put a text on the clipboard of whoever sits at the terminal.
    Copy(String),
}

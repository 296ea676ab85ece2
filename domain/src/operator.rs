//! The people who look after the system.

use crate::text::words;

words! {
    /// What an operator may do. Each role may all that the ones before it may.
    OperatorRole {
        /// Look.
        Viewer = "viewer",
        /// Change.
        Operator = "operator",
        /// Approve what others want to change.
        Approver = "approver",
    }
}

//! What operators have done.

use wire::AuditEntry;

use crate::cell::{Cell, Tone};
use crate::view::{Body, View, column, row, wide};

/// The operator audit.
pub const AUDIT: View = View {
    name: "audit",
    aliases: &["log"],
    about: "what operators have done, and why, newest first",
    path: "/audit",
    filters: &[],
    body: Body::List {
        columns: &[
            column("seq", 8, 2),
            column("at", 19, 1),
            wide("who", 8, 20, 0),
            column("role", 8, 4),
            wide("action", 14, 30, 0),
            wide("subject", 20, 45, 1),
            wide("reason", 20, 80, 0),
        ],
        read: |raw| {
            row(
                raw,
                |entry: &AuditEntry| entry.seq.to_string(),
                |entry| {
                    vec![
                        Cell::count(entry.seq),
                        Cell::At(entry.at),
                        Cell::text(&entry.actor),
                        Cell::toned(&entry.role, Tone::Faint),
                        Cell::toned(&entry.action, Tone::Warn),
                        Cell::id(&entry.subject),
                        Cell::text(&entry.reason),
                    ]
                },
            )
        },
        opens: None,
    },
    acts: &[],
};

//! What operators have done.

use serde_json::Value;
use wire::AuditEntry;

use crate::cell::{Cell, Tone};
use crate::document::{Block, Document};
use crate::view::{Body, Target, View, column, row, wide};

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
            // Longer than the longest of our own, so that none is cut.
            column("action", 30, 0),
            wide("subject", 20, 45, 1),
            wide("reason", 14, 80, 0),
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
        opens: Some(|row| Some(Target::one("audit-entry", &row.id))),
    },
    acts: &[],
};

/// One entry of it.
pub const ENTRY: View = View {
    name: "audit-entry",
    aliases: &[],
    about: "one act of an operator, with what it was done to before and after it",
    path: "/audit/{id}",
    filters: &[],
    body: Body::Page { read: |raw| Ok(page(&serde_json::from_str(raw.get())?)), by_id: true },
    acts: &[],
};

/// What a plan does without being told to. It is stored under the name of whoever applied it.
const BY_ITSELF: [&str; 2] = ["redrive_plan.halted_itself", "redrive_plan.done"];

fn page(entry: &AuditEntry) -> Document {
    let by_itself = BY_ITSELF.contains(&entry.action.as_str());
    let who = if by_itself {
        format!("Holdfast by itself, on behalf of {}", entry.actor)
    } else {
        entry.actor.clone()
    };
    let document = Document::new(format!("audit entry {}", entry.seq)).fields([
        ("action", Cell::toned(&entry.action, Tone::Warn)),
        ("subject", Cell::id(&entry.subject)),
        ("who", Cell::text(who)),
        ("role", Cell::text(&entry.role)),
        ("at", Cell::At(entry.at)),
        ("reason", Cell::text(&entry.reason)),
    ]);
    let leads = subject(&entry.subject);
    let leads =
        leads.map(|target| (vec![Cell::text(target.view), Cell::id(&entry.subject)], Some(target)));
    let document = document.table("leads to", &["what", "id"], leads);
    let document = document.block(Block::Note("before".to_owned(), Tone::Faint));
    let document = document.block(json(&entry.before));
    document.block(Block::Note("after".to_owned(), Tone::Faint)).block(json(&entry.after))
}

fn json(value: &Value) -> Block {
    Block::Json(serde_json::to_string_pretty(value).unwrap_or_default())
}

/// Where the subject of an act can be looked at.
fn subject(text: &str) -> Option<Target> {
    let (kind, id) = text.split_once(':')?;
    Some(match kind {
        "transfer" => Target::one("transfer", id),
        "redrive_plan" => Target::one("plan", id),
        "job" => Target::one("job", id),
        "command" => Target::one("command", id),
        "queue" => Target::of("commands").with("queue", id),
        "switch" => Target::of("switches"),
        "api_key" => Target::one("api-key", id),
        _ => return None,
    })
}

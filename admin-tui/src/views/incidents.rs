//! What is dead in both dead-letter queues, and what waits to be sent.

use wire::{Incident, IncidentKind, OutboxEvent};

use crate::cell::{Cell, Tone};
use crate::view::{Body, Row, Target, View, column, row, wide};
use crate::views::dead_letters::{DATABASE, PLAN_INCIDENT, TURN_INCIDENT};

/// Both dead-letter queues as one list.
pub const LIST: View = View {
    name: "incidents",
    aliases: &["i"],
    about: "everything that is dead, by cause, over both dead-letter queues; what hurts most first",
    path: "/incidents",
    filters: &[],
    body: Body::List {
        columns: &[
            column("where", 14, 1),
            wide("cause", 32, 60, 0),
            column("count", 8, 0),
            wide("held", 16, 26, 1),
            column("wallets", 7, 5),
            column("in both", 7, 4),
            column("oldest", 8, 2),
            column("newest", 8, 3),
            column("evidence", 9, 2),
        ],
        read: |raw| row(raw, id, cells),
        opens: Some(open),
    },
    acts: &[&PLAN_INCIDENT, &TURN_INCIDENT],
};

/// Cause and queue: two queues may know the same cause.
fn id(incident: &Incident) -> String {
    format!("{} {}", incident.fingerprint, incident.queue.as_deref().unwrap_or(DATABASE))
}

fn cells(incident: &Incident) -> Vec<Cell> {
    let place = match (&incident.queue, incident.kind) {
        (Some(queue), _) => Cell::text(queue),
        (None, IncidentKind::Business) => Cell::text(DATABASE),
        (None, IncidentKind::Infrastructure) => Cell::text("SQS"),
    };
    vec![
        place,
        Cell::id(&incident.fingerprint),
        Cell::Count(incident.count.into(), Tone::Bad),
        held(incident),
        Cell::count(incident.wallet_count),
        Cell::count(incident.related_count),
        Cell::Age(incident.first_at),
        Cell::Age(incident.last_at),
        incident.expires_at.map_or(Cell::toned("kept", Tone::Faint), Cell::Age),
    ]
}

/// A sum of one currency is shown; of several there is none.
fn held(incident: &Incident) -> Cell {
    match incident.held.as_slice() {
        [] => Cell::None,
        [one] => Cell::sum(&one.held_minor, &one.currency),
        several => Cell::text(format!("{} currencies", several.len())),
    }
}

fn open(row: &Row) -> Option<Target> {
    let incident: Incident = serde_json::from_str(row.json.get()).ok()?;
    Some(match incident.kind {
        IncidentKind::Business => Target::of("dead-letters")
            .with("status", "open")
            .with("fingerprint", &incident.fingerprint),
        IncidentKind::Infrastructure => {
            let list = Target::of("dead-messages").with("fingerprint", &incident.fingerprint);
            incident.queue.iter().fold(list, |list, queue| list.with("queue", queue))
        }
    })
}

/// Events on their way out.
pub const OUTBOX: View = View {
    name: "outbox",
    aliases: &["ob"],
    about: "events that wait to be sent, oldest first",
    path: "/outbox",
    filters: &[],
    body: Body::List {
        columns: &[
            column("event", 36, 3),
            wide("type", 20, 30, 0),
            column("about", 36, 1),
            column("age", 8, 0),
            wide("correlation id", 12, 36, 4),
        ],
        read: |raw| {
            row(
                raw,
                |event: &OutboxEvent| event.event_id.to_string(),
                |event| {
                    let transfer = event.transfer_id.map(|id| id.to_string());
                    let about = transfer.or_else(|| event.wallet_id.map(|id| id.to_string()));
                    vec![
                        Cell::id(event.event_id),
                        Cell::maybe(event.event_type.as_ref()),
                        about.map_or(Cell::None, Cell::id),
                        Cell::Age(event.created_at),
                        Cell::maybe(event.correlation_id.as_ref()),
                    ]
                },
            )
        },
        opens: Some(|row| {
            let event: OutboxEvent = serde_json::from_str(row.json.get()).ok()?;
            let transfer = event.transfer_id.map(|id| Target::one("transfer", id));
            transfer.or_else(|| event.wallet_id.map(|id| Target::one("wallet", id)))
        }),
    },
    acts: &[],
};

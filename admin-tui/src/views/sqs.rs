//! SQS: its queues, what is in the dead-letter queues, and what was asked to be done about it.

use wire::{Command, DeadMessage, DeadMessageGroup, SqsQueue};

use crate::act::{Act, Method, Risk, nothing};
use crate::cell::{Cell, Tone};
use crate::document::{Block, Document};
use crate::stake::unless;
use crate::view::{Body, Filter, Target, View, choice, column, filter, row, wide};

/// The queues that the desk watches.
pub const QUEUES: View = View {
    name: "sqs-queues",
    aliases: &["sqs"],
    about: "queues of SQS with their counts, as the desk last saw them",
    path: "/sqs/queues",
    filters: &[],
    body: Body::List {
        columns: &[
            wide("queue", 16, 40, 0),
            column("visible", 9, 0),
            column("in flight", 9, 1),
            column("dead", 9, 0),
            column("expires", 9, 1),
            column("counted", 8, 2),
            wide("source", 12, 40, 3),
        ],
        read: |raw| {
            row(
                raw,
                |queue: &SqsQueue| queue.name.clone(),
                |queue| {
                    let count = |count: Option<i64>| count.map_or(Cell::None, Cell::count);
                    vec![
                        Cell::id(&queue.name),
                        count(queue.visible_count),
                        count(queue.in_flight_count),
                        Cell::trouble(queue.present_count),
                        Cell::age(queue.first_expires_at),
                        Cell::age(queue.sampled_at),
                        Cell::maybe(queue.source_queue.as_ref()),
                    ]
                },
            )
        },
        opens: Some(|row| Some(Target::of("dead-messages").with("queue", &row.id))),
    },
    acts: &[&REDRIVE_QUEUE, &PURGE_QUEUE],
};

const QUEUE: Filter = filter("queue", "name of the dead-letter queue");

/// By cause.
pub const GROUPS: View = View {
    name: "dead-message-groups",
    aliases: &["dmg"],
    about: "dead messages by cause, with the time until SQS throws them away",
    path: "/sqs/dead-messages/groups",
    filters: &[],
    body: Body::List {
        columns: &[
            wide("cause", 32, 60, 0),
            column("count", 8, 0),
            wide("queue", 12, 30, 1),
            column("oldest", 8, 2),
            column("expires", 9, 0),
            wide("reason", 16, 60, 3),
        ],
        read: |raw| {
            let id = |group: &DeadMessageGroup| format!("{} {}", group.fingerprint, group.queue);
            row(raw, id, |group| {
                vec![
                    Cell::id(&group.fingerprint),
                    Cell::Count(group.count.into(), Tone::Bad),
                    Cell::text(&group.queue),
                    Cell::Age(group.oldest_sent_at),
                    Cell::Age(group.first_expires_at),
                    Cell::text(&group.reason),
                ]
            })
        },
        opens: Some(|row| {
            let (fingerprint, queue) = row.id.rsplit_once(' ')?;
            let list = Target::of("dead-messages").with("fingerprint", fingerprint);
            Some(list.with("queue", queue))
        }),
    },
    acts: &[],
};

/// One by one.
pub const MESSAGES: View = View {
    name: "dead-messages",
    aliases: &["dm"],
    about: "messages in the dead-letter queues of SQS, from the desk's index",
    path: "/sqs/dead-messages",
    filters: &[
        QUEUE,
        choice(
            "status",
            "present, redriven, purged or gone",
            &["present", "redriven", "purged", "gone"],
        ),
        filter("fingerprint", "same cause"),
        filter("reason", "what the consumer said"),
        filter("transfer_id", "tells of this transfer"),
    ],
    body: Body::List {
        columns: &[
            column("id", 36, 1),
            wide("cause", 32, 60, 0),
            wide("queue", 12, 30, 2),
            column("status", 9, 0),
            column("receives", 8, 4),
            column("sent", 8, 3),
            column("expires", 9, 0),
        ],
        read: |raw| {
            row(
                raw,
                |message: &DeadMessage| message.message_id.clone(),
                |message| {
                    vec![
                        Cell::id(&message.message_id),
                        Cell::text(&message.fingerprint),
                        Cell::text(&message.queue),
                        Cell::text(message.status),
                        Cell::count(message.receive_count),
                        Cell::Age(message.sent_at),
                        Cell::Age(message.expires_at),
                    ]
                },
            )
        },
        opens: Some(|row| Some(Target::one("dead-message", &row.id))),
    },
    acts: &[],
};

/// One message.
pub const MESSAGE: View = View {
    name: "dead-message",
    aliases: &[],
    about: "one dead message with body and transfers",
    path: "/sqs/dead-messages/{id}",
    filters: &[],
    body: Body::Page { read: |raw| Ok(message(&serde_json::from_str(raw.get())?)), by_id: true },
    acts: &[],
};

fn message(message: &DeadMessage) -> Document {
    let transfers = message.transfers.iter().flatten().map(|transfer| {
        let cells = vec![
            Cell::id(transfer.id),
            Cell::maybe(transfer.status.as_ref()),
            Cell::maybe(transfer.dead_letter_id),
        ];
        // One that is not there leads nowhere: a message may tell of anything.
        let known = transfer.status.as_ref();
        (cells, known.map(|_| Target::one("transfer", transfer.id)))
    });
    Document::new(format!("dead message {}", message.message_id))
        .fields([
            ("queue", Cell::text(&message.queue)),
            ("status", Cell::text(message.status)),
            ("reason", Cell::toned(&message.reason, Tone::Bad)),
            ("receives", Cell::count(message.receive_count)),
            ("sent", Cell::At(message.sent_at)),
            ("thrown away", Cell::At(message.expires_at)),
            ("first seen", Cell::At(message.first_seen_at)),
            ("last seen", Cell::At(message.last_seen_at)),
            ("command", Cell::maybe(message.command_id)),
        ])
        .table("transfers", &["id", "status", "dead letter"], transfers)
        .block(Block::Note("body".to_owned(), Tone::Faint))
        .block(Block::Json(message.body.as_deref().map(indented).unwrap_or_default()))
}

/// JSON with line breaks; anything else as it is.
fn indented(text: &str) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(text);
    value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_else(|_| text.to_owned())
}

/// What was asked of the desk.
pub const COMMANDS: View = View {
    name: "commands",
    aliases: &["cmd"],
    about: "redrives and purges of SQS queues, and how far they are",
    path: "/commands",
    filters: &[
        QUEUE,
        choice(
            "status",
            "queued, running, done, failed or stopped",
            &["queued", "running", "done", "failed", "stopped"],
        ),
    ],
    body: Body::List {
        columns: &[
            column("id", 36, 2),
            wide("kind", 14, 18, 0),
            wide("queue", 12, 30, 0),
            column("status", 8, 0),
            column("done", 8, 0),
            column("of", 8, 1),
            wide("by", 8, 20, 3),
            column("age", 8, 1),
        ],
        read: |raw| {
            row(
                raw,
                |command: &Command| command.id.to_string(),
                |command| {
                    vec![
                        Cell::id(command.id),
                        Cell::text(command.kind),
                        Cell::text(&command.queue),
                        Cell::text(command.status),
                        Cell::count(command.done_count),
                        command.total_count.map_or(Cell::None, Cell::count),
                        Cell::text(&command.requested_by),
                        Cell::Age(command.created_at),
                    ]
                },
            )
        },
        opens: Some(|row| Some(Target::one("command", &row.id))),
    },
    acts: &[&STOP],
};

/// One of them.
pub const COMMAND: View = View {
    name: "command",
    aliases: &[],
    about: "one redrive or purge with its progress",
    path: "/commands/{id}",
    filters: &[],
    body: Body::Page { read: |raw| Ok(command(&serde_json::from_str(raw.get())?)), by_id: true },
    acts: &[&STOP],
};

fn command(command: &Command) -> Document {
    let done = u64::try_from(command.done_count).unwrap_or(0);
    let total = command.total_count.and_then(|total| u64::try_from(total).ok()).unwrap_or(0);
    let mut document = Document::new(format!("command {}", command.id))
        .fields([
            ("kind", Cell::text(command.kind)),
            ("queue", Cell::text(&command.queue)),
            ("status", Cell::text(command.status)),
            ("asked by", Cell::text(&command.requested_by)),
            ("because", Cell::text(&command.reason)),
            ("asked", Cell::At(command.created_at)),
            ("begun", command.started_at.map_or(Cell::None, Cell::At)),
            ("ended", command.ended_at.map_or(Cell::None, Cell::At)),
            ("sign of life", Cell::age(command.heartbeat_at)),
        ])
        .block(Block::Gauge { label: "done".to_owned(), done, total });
    if let Some(detail) = &command.detail {
        document = document.block(Block::Note(detail.clone(), Tone::Warn));
    }
    document
}

const REDRIVE_QUEUE: Act = Act {
    name: "redrive-queue",
    key: 'R',
    about: "Sends everything in this dead-letter queue back where it came from.",
    method: Method::Post,
    path: "/sqs/redrive",
    facts: None,
    inputs: &[],
    body: |id| serde_json::json!({"queue": id}),
    leads_to: Some("command"),
    needs_reason: true,
    risk: Risk::Lasting,
    refusal: |queue| {
        let alive = queue["source_queue"].is_null();
        alive.then(|| "it is no dead-letter queue: nothing in it is dead".to_owned())
    },
};

const PURGE_QUEUE: Act = Act {
    name: "purge-queue",
    key: 'Z',
    about: "Throws away everything in this dead-letter queue. It does not come back.",
    path: "/sqs/purge",
    risk: Risk::Destroys,
    ..REDRIVE_QUEUE
};

const STOP: Act = Act {
    name: "stop",
    key: 'Z',
    about: "Stops the command; what is done stays done.",
    path: "/commands/{id}/stop",
    body: nothing,
    leads_to: None,
    refusal: |command| unless(command, &["/status"], &["queued", "running"]),
    ..REDRIVE_QUEUE
};

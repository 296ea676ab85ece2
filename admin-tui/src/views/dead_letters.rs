//! Business dead letters: by cause, one by one, and what can be done about each.

use wire::{DeadLetter, DeadLetterGroup};

use crate::cell::{Cell, Tone};
use crate::document::{Block, Document};
use crate::view::{Body, Filter, Target, View, choice, column, filter, row, wide};

mod acts;
mod options;

use acts::{
    APPROVE_FORCE, APPROVE_RESOLVE, COMPENSATE, DISCARD, FORCE, PLAN_GROUP, REDRIVE, RESOLVE,
    RETRY_COMPENSATION, TURN_GROUP,
};
pub(super) use acts::{DATABASE, PLAN_INCIDENT, TURN_INCIDENT};
pub use options::OPTIONS;

/// What dead letters can be filtered by.
const FILTERS: &[Filter] = &[
    choice(
        "status",
        "open, redriven, compensated, discarded or resolved",
        &["open", "redriven", "compensated", "discarded", "resolved"],
    ),
    filter("fingerprint", "same cause, as the groups show it"),
    choice("saga", "kind of transfer", super::transfers::KINDS),
    choice("step", "where it stands", super::transfers::STEPS),
    choice(
        "failure_class",
        "rejected, transient, permanent or unknown",
        &["rejected", "transient", "permanent", "unknown"],
    ),
    choice(
        "reason",
        "why it gave up",
        &[
            "attempts_used_up",
            "outcome_unknown",
            "compensation_failed",
            "kills_its_worker",
            "broken_invariant",
            "cannot_turn_back",
            "parked_by_operator",
        ],
    ),
    filter("wallet_id", "source or destination"),
    filter("currency", "ISO 4217 code"),
    filter("opened_from", "gave up at this time or later (RFC 3339)"),
    filter("opened_to", "gave up before this time (RFC 3339)"),
    filter("amount_min", "at least this much, in minor units"),
    filter("amount_max", "at most this much, in minor units"),
];

/// By cause, with the money that each holds.
pub const GROUPS: View = View {
    name: "groups",
    aliases: &["dlg"],
    about: "dead letters by cause, with the money that they hold",
    path: "/dead-letters/groups",
    filters: &[],
    body: Body::List {
        columns: &[
            wide("cause", 32, 60, 0),
            column("count", 8, 0),
            wide("held", 16, 26, 1),
            wide("amount", 16, 26, 3),
            column("wallets", 7, 4),
            column("oldest", 8, 2),
            column("newest", 8, 5),
        ],
        read: |raw| {
            row(raw, group_id, |group: &DeadLetterGroup| {
                vec![
                    Cell::id(&group.fingerprint),
                    Cell::Count(group.count.into(), Tone::Bad),
                    Cell::sum(&group.held_minor, &group.currency),
                    Cell::sum(&group.amount_minor, &group.currency),
                    Cell::count(group.wallet_count),
                    Cell::Age(group.oldest_at),
                    Cell::Age(group.newest_at),
                ]
            })
        },
        opens: Some(|row| {
            let (fingerprint, currency) = row.id.rsplit_once(' ')?;
            let list = Target::of("dead-letters").with("status", "open");
            Some(list.with("fingerprint", fingerprint).with("currency", currency))
        }),
    },
    acts: &[&PLAN_GROUP, &TURN_GROUP],
};

fn group_id(group: &DeadLetterGroup) -> String {
    format!("{} {}", group.fingerprint, group.currency)
}

/// One by one.
pub const LIST: View = View {
    name: "dead-letters",
    aliases: &["dl"],
    about: "dead letters one by one, newest first",
    path: "/dead-letters",
    filters: FILTERS,
    body: Body::List {
        columns: &[
            column("id", 36, 3),
            wide("cause", 32, 44, 0),
            wide("amount", 16, 26, 0),
            wide("held", 14, 26, 2),
            column("tries", 5, 5),
            column("status", 11, 1),
            column("age", 8, 1),
            column("transfer", 36, 4),
        ],
        read: |raw| row(raw, |letter: &DeadLetter| letter.id.to_string(), cells),
        opens: Some(|row| Some(Target::one("dead-letter", &row.id))),
    },
    acts: &[
        &REDRIVE,
        &COMPENSATE,
        &RETRY_COMPENSATION,
        &DISCARD,
        &RESOLVE,
        &APPROVE_RESOLVE,
        &FORCE,
        &APPROVE_FORCE,
    ],
};

fn cells(letter: &DeadLetter) -> Vec<Cell> {
    let status = letter.status.to_string();
    let tone = if status == "open" { Tone::Bad } else { Tone::Faint };
    vec![
        Cell::id(letter.id),
        Cell::text(&letter.fingerprint),
        Cell::money(letter.amount_minor, &letter.currency),
        Cell::money(letter.held_minor, &letter.currency),
        Cell::count(letter.attempt_count),
        Cell::toned(status, tone),
        Cell::Age(letter.opened_at),
        Cell::id(letter.transfer_id),
    ]
}

/// One, with everything that is known of it.
pub const ONE: View = View {
    name: "dead-letter",
    aliases: &[],
    about: "one dead letter with timeline, payload and money",
    path: "/dead-letters/{id}",
    filters: &[],
    body: Body::Page { read: |raw| Ok(page(&serde_json::from_str(raw.get())?)), by_id: true },
    acts: LIST.acts,
};

fn page(letter: &DeadLetter) -> Document {
    let document = Document::new(format!("dead letter {}", letter.id))
        .fields([
            ("status", Cell::text(letter.status)),
            ("cause", Cell::toned(&letter.fingerprint, Tone::Bad)),
            ("why it gave up", Cell::text(&letter.reason)),
            ("what went wrong", Cell::text(&letter.failure.detail)),
            ("tries", Cell::count(letter.attempt_count)),
            ("amount", Cell::money(letter.amount_minor, &letter.currency)),
            ("held meanwhile", Cell::money(letter.held_minor, &letter.currency)),
            ("gave up", Cell::At(letter.opened_at)),
            ("closed", letter.closed_at.map_or(Cell::None, Cell::At)),
            ("closed by", Cell::maybe(letter.closed_by.as_ref())),
            ("closed because", Cell::maybe(letter.closed_reason.as_ref())),
            ("evidence", Cell::maybe(letter.evidence.as_ref())),
            ("correlation id", Cell::maybe(letter.correlation_id.as_ref())),
        ])
        .table(
            "leads to",
            &["what", "id"],
            [
                link("what can be done", "dead-letter-options", letter.id.to_string()),
                link("transfer", "transfer", letter.transfer_id.to_string()),
            ],
        );
    let steps = letter.steps.as_deref().unwrap_or_default();
    super::transfers::timeline(document, steps)
        .block(Block::Note("payload".to_owned(), Tone::Faint))
        .block(Block::Json(serde_json::to_string_pretty(&letter.payload).unwrap_or_default()))
}

fn link(what: &str, view: &'static str, id: String) -> (Vec<Cell>, Option<Target>) {
    let target = Target::one(view, &id);
    (vec![Cell::text(what), Cell::id(id)], Some(target))
}

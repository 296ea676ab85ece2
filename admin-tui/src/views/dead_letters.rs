//! Business dead letters: by cause, one by one, and what can be done about each.

use serde_json::{Map, Value, json};
use wire::{ActOption, DeadLetter, DeadLetterGroup, DeadLetterOptions};

use crate::act::{Act, Input, Method, nothing};
use crate::cell::{Cell, Tone};
use crate::document::{Block, Document};
use crate::view::{Body, Filter, Target, View, column, row, wide};

/// What dead letters can be filtered by; the same words for lists, groups and plans.
const FILTERS: &[Filter] = &[
    Filter { name: "status", about: "open, redriven, compensated, discarded or resolved" },
    Filter { name: "fingerprint", about: "same cause, as the groups show it" },
    Filter { name: "saga", about: "kind of transfer" },
    Filter { name: "step", about: "where it stands" },
    Filter { name: "failure_class", about: "rejected, transient, permanent or unknown" },
    Filter { name: "reason", about: "why it gave up" },
    Filter { name: "wallet_id", about: "source or destination" },
    Filter { name: "currency", about: "ISO 4217 code" },
    Filter { name: "opened_from", about: "gave up at this time or later (RFC 3339)" },
    Filter { name: "opened_to", about: "gave up before this time (RFC 3339)" },
    Filter { name: "amount_min", about: "at least this much, in minor units" },
    Filter { name: "amount_max", about: "at most this much, in minor units" },
];

/// By cause, with the money that each holds.
pub const GROUPS: View = View {
    name: "groups",
    aliases: &["dlg"],
    about: "dead letters by cause, with the money that they hold",
    path: "/dead-letters/groups",
    filters: FILTERS,
    body: Body::List {
        columns: &[
            wide("cause", 20, 60, 0),
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

/// The filter of a plan, from the id of a group.
fn group_filter(id: &str) -> Map<String, Value> {
    let mut filter = Map::new();
    if let Some((fingerprint, currency)) = id.rsplit_once(' ') {
        filter.insert("fingerprint".to_owned(), json!(fingerprint));
        filter.insert("currency".to_owned(), json!(currency));
    }
    filter
}

const PLAN_GROUP: Act = Act {
    name: "redrive-group",
    key: 'R',
    about: "Makes a redrive plan of this cause: frozen, with a forecast for each. Nothing is sent before it is applied.",
    method: Method::Post,
    path: "/redrive-plans",
    facts: None,
    inputs: &[],
    body: |id| json!({"way": "redrive", "filter": group_filter(id)}),
    leads_to: Some("plan"),
    needs_reason: false,
    harmless: true,
};

const TURN_GROUP: Act = Act {
    name: "compensate-group",
    key: 'C',
    about: "Makes a plan that turns this cause back: holds are returned, transfers fail. Nothing happens before it is applied.",
    body: |id| json!({"way": "compensate", "filter": group_filter(id)}),
    ..PLAN_GROUP
};

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
            wide("cause", 20, 44, 0),
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
    acts: &[&REDRIVE, &COMPENSATE, &RETRY_COMPENSATION, &DISCARD, &RESOLVE, &FORCE],
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

/// What can be done about one, and what would come of each.
pub const OPTIONS: View = View {
    name: "dead-letter-options",
    aliases: &["options"],
    about: "what can be done about one dead letter, with the balances that each would leave",
    path: "/dead-letters/{id}/options",
    filters: &[],
    body: Body::Page { read: |raw| Ok(options(&serde_json::from_str(raw.get())?)), by_id: true },
    acts: LIST.acts,
};

fn options(options: &DeadLetterOptions) -> Document {
    let letter = &options.dead_letter;
    let mut document = Document::new(format!("what can be done about {}", letter.id)).fields([
        ("cause", Cell::toned(&letter.fingerprint, Tone::Bad)),
        ("amount", Cell::money(letter.amount_minor, &letter.currency)),
        ("held meanwhile", Cell::money(letter.held_minor, &letter.currency)),
        ("as of", Cell::At(options.at)),
    ]);
    document = document.table(
        "acts",
        &["act", "would end as", "code", "role", "why not"],
        options.acts.iter().map(|act| (act_cells(act), None)),
    );
    for act in options.acts.iter().filter(|act| !act.wallets.is_empty()) {
        let rows = act.wallets.iter().flat_map(|wallet| {
            let line = |what: &str, before: i64, after: i64| {
                let tone = if before == after { Tone::Faint } else { Tone::Warn };
                let (before, after) =
                    (Cell::money(before, &letter.currency), Cell::money(after, &letter.currency));
                (vec![Cell::id(wallet.wallet_id), Cell::toned(what, tone), before, after], None)
            };
            let (before, after) = (&wallet.before, &wallet.after);
            [
                line("ledger", before.ledger_minor.0, after.ledger_minor.0),
                line("available", before.available_minor.0, after.available_minor.0),
                line("held", before.held_minor.0, after.held_minor.0),
            ]
        });
        document = document.table(
            &format!("balances after {}", act.act),
            &["wallet", "balance", "before", "after"],
            rows.collect::<Vec<_>>(),
        );
    }
    document
}

fn act_cells(act: &ActOption) -> Vec<Cell> {
    let tone = if act.possible { Tone::Good } else { Tone::Faint };
    vec![
        Cell::toned(act.act, tone),
        act.outlook.map_or(Cell::None, Cell::text),
        Cell::maybe(act.code.as_ref()),
        Cell::text(act.role),
        Cell::maybe(act.refusal.as_ref()),
    ]
}

const REDRIVE: Act = Act {
    name: "redrive",
    key: 'R',
    about: "Sends the transfer on from the step where it stuck.",
    method: Method::Post,
    path: "/dead-letters/{id}/redrive",
    facts: Some("dead-letter-options"),
    inputs: &[],
    body: nothing,
    leads_to: None,
    needs_reason: true,
    harmless: true,
};

const COMPENSATE: Act = Act {
    name: "compensate",
    key: 'C',
    about: "Turns the transfer back now: the hold is returned and it fails.",
    path: "/dead-letters/{id}/compensate",
    harmless: false,
    ..REDRIVE
};

const RETRY_COMPENSATION: Act = Act {
    name: "retry-compensation",
    key: 'T',
    about: "Tries an undo that failed again.",
    path: "/dead-letters/{id}/retry-compensation",
    ..REDRIVE
};

const DISCARD: Act = Act {
    name: "discard",
    key: 'D',
    about: "Gives the transfer up: the hold is returned, nothing else is run, it fails for good.",
    path: "/dead-letters/{id}/discard",
    harmless: false,
    ..REDRIVE
};

const RESOLVE: Act = Act {
    name: "resolve",
    key: 'E',
    about: "Ends the transfer by evidence of what happened outside.",
    path: "/dead-letters/{id}/resolve",
    inputs: &[
        Input { name: "outcome", about: "settled or failed", default: None, number: false },
        Input {
            name: "evidence",
            about: "what proves it, such as a booking reference",
            default: None,
            number: false,
        },
    ],
    harmless: false,
    ..REDRIVE
};

const FORCE: Act = Act {
    name: "force-forward",
    key: 'F',
    about: "Counts the step behind the pivot as done and goes on.",
    path: "/dead-letters/{id}/force-forward",
    harmless: false,
    ..REDRIVE
};

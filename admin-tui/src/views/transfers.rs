//! Transfers.

use wire::{OperatorTransfer, Step, StepOutcome, Transfer};

use crate::act::{Act, Input, Method, Risk, nothing};
use crate::cell::{Cell, Tone};
use crate::document::{Block, Document};
use crate::stake::unless;
use crate::view::{Body, Filter, Target, View, choice, column, filter, row, wide};

/// Kinds of transfers.
pub(super) const KINDS: &[&str] = &["transfer", "deposit", "payout", "reversal"];

/// Steps of their sagas, in order.
pub(super) const STEPS: &[&str] = &[
    "place_hold",
    "screen",
    "screen_outside",
    "await_capture",
    "submit_payout",
    "confirm_payout",
    "post_entry",
];

/// What can be searched for.
const FILTERS: &[Filter] = &[
    filter("wallet_id", "source or destination"),
    choice(
        "status",
        "how it stands, such as settled or stuck",
        &["accepted", "held", "settled", "rejected", "failed", "stuck", "voided", "expired"],
    ),
    choice(
        "waiting_for",
        "what it waits for outside, such as review",
        &["call", "confirmation", "capture", "review"],
    ),
    choice("kind", "what sort of transfer", KINDS),
    filter("reference", "the client's own text"),
    filter("idempotency_key", "the key that the client sent"),
    filter("correlation_id", "of the request that began it"),
    filter("from", "accepted at this time or later (RFC 3339)"),
    filter("to", "accepted before this time (RFC 3339)"),
];

/// All of them, or what is searched for.
pub const LIST: View = View {
    name: "transfers",
    aliases: &["t"],
    about: "transfers, newest first; search by wallet, key, reference, correlation id",
    path: "/transfers",
    filters: FILTERS,
    body: Body::List {
        columns: &[
            column("id", 36, 1),
            column("status", 10, 0),
            wide("amount", 16, 26, 0),
            column("accepted", 19, 2),
            wide("failure", 10, 28, 3),
            column("from", 36, 4),
            column("to", 36, 5),
            wide("reference", 10, 30, 6),
        ],
        read: |raw| row(raw, |transfer: &Transfer| transfer.id.to_string(), cells),
        opens: Some(|row| Some(Target::one("transfer", &row.id))),
    },
    acts: &[&PARK, &UNPARK, &RETRY_NOW, &REVIEW],
};

fn cells(transfer: &Transfer) -> Vec<Cell> {
    let status = transfer.status.to_string();
    let tone = status_tone(&status);
    vec![
        Cell::id(transfer.id),
        Cell::toned(status, tone),
        Cell::money(transfer.amount_minor.0, transfer.currency),
        Cell::At(transfer.created_at),
        Cell::maybe(transfer.failure.as_ref().map(|failure| &failure.code)),
        transfer.source_wallet_id.map_or(Cell::None, Cell::id),
        Cell::id(transfer.destination_wallet_id),
        Cell::maybe(transfer.reference.as_ref()),
    ]
}

/// One, with its saga.
pub const ONE: View = View {
    name: "transfer",
    aliases: &["tr"],
    about: "one transfer with its saga, step by step",
    path: "/transfers/{id}",
    filters: &[],
    body: Body::Page { read: |raw| Ok(page(&serde_json::from_str(raw.get())?)), by_id: true },
    acts: &[&PARK, &UNPARK, &RETRY_NOW, &REVIEW],
};

/// How a status is to be taken.
pub(super) fn status_tone(status: &str) -> Tone {
    match status {
        "settled" => Tone::Good,
        "rejected" | "voided" | "expired" => Tone::Warn,
        "failed" | "stuck" => Tone::Bad,
        _ => Tone::Plain,
    }
}

fn page(found: &OperatorTransfer) -> Document {
    let transfer = &found.transfer;
    let status = transfer.status.to_string();
    let money = |minor: i64| Cell::money(minor, transfer.currency);
    let tone = status_tone(&status);
    let mut document = Document::new(format!("transfer {}", transfer.id)).fields([
        ("status", Cell::toned(status, tone)),
        ("kind", Cell::text(transfer.kind)),
        ("amount", money(transfer.amount_minor.0)),
        ("reference", Cell::maybe(transfer.reference.as_ref())),
        ("accepted", Cell::At(transfer.created_at)),
        ("changed", transfer.updated_at.map_or(Cell::None, Cell::At)),
        ("entry", Cell::maybe(transfer.entry_id)),
        ("resolution", Cell::maybe(transfer.resolution.as_ref())),
        ("correlation id", Cell::maybe(transfer.correlation_id.as_ref())),
    ]);
    document = document.fields(beyond(transfer));
    if let Some(failure) = &transfer.failure {
        document = document.block(Block::Note(failure.detail.clone(), Tone::Bad));
    }
    if let Some(open) = &found.open {
        document = document.block(Block::Note("under way".to_owned(), Tone::Faint)).fields([
            ("next step", Cell::text(open.step)),
            ("tries used", Cell::count(open.attempt)),
            ("held", money(open.held_minor.0)),
            ("due", Cell::Age(open.due_at)),
            ("waits for", Cell::maybe(open.waiting_for.as_ref())),
            ("parked because", Cell::maybe(open.parked_reason)),
        ]);
    }
    let letters = found.dead_letters.iter().map(|letter| {
        let cells = vec![
            Cell::id(letter.id),
            Cell::text(&letter.fingerprint),
            Cell::text(letter.status),
            Cell::Age(letter.opened_at),
        ];
        (cells, Some(Target::one("dead-letter", letter.id)))
    });
    let document = document.table("gave up", &["dead letter", "cause", "status", "age"], letters);
    let ends = [("from", transfer.source_wallet_id), ("to", Some(transfer.destination_wallet_id))];
    let ends = ends.into_iter().filter_map(|(end, wallet)| {
        let wallet = wallet?;
        Some((vec![Cell::text(end), Cell::id(wallet)], Some(Target::one("wallet", wallet))))
    });
    let document = document.table("wallets", &["", "wallet"], ends);
    timeline(document, transfer.steps.as_deref().unwrap_or_default())
}

/// The saga, step by step.
pub(super) fn timeline(document: Document, steps: &[Step]) -> Document {
    let first = steps.first().map(|step| step.at);
    let rows = steps.iter().map(|step| {
        let (word, tone) = match step.outcome {
            StepOutcome::Succeeded => ("succeeded", Tone::Good),
            StepOutcome::Rejected => ("rejected", Tone::Warn),
            StepOutcome::Transient => ("transient", Tone::Warn),
            StepOutcome::Permanent => ("permanent", Tone::Bad),
            StepOutcome::Unknown => ("unknown", Tone::Bad),
            StepOutcome::Voided => ("voided", Tone::Plain),
            StepOutcome::Expired => ("expired", Tone::Plain),
        };
        let undo = if step.undo { "undo " } else { "" };
        let since = first.map_or(0, |first| (step.at - first).num_milliseconds());
        let cells = vec![
            Cell::count(step.seq),
            Cell::text(format!("{undo}{}", step.step)),
            Cell::count(step.attempt),
            Cell::toned(word, tone),
            Cell::At(step.at),
            Cell::Lasts(since, Tone::Faint),
            Cell::maybe(step.failure.as_ref().map(|failure| &failure.detail)),
        ];
        (cells, None)
    });
    let columns = ["#", "step", "try", "outcome", "at", "after", "what went wrong"];
    document.table("timeline", &columns, rows)
}

/// What it has beyond a plain transfer; nothing for a plain one.
fn beyond(transfer: &Transfer) -> Vec<(&'static str, Cell)> {
    let money = |minor: i64| Cell::money(minor, transfer.currency);
    let mut fields = Vec::new();
    if let Some(id) = transfer.reverses_id {
        fields.push(("reverses", Cell::id(id)));
    }
    if let Some(hold) = &transfer.hold {
        fields.push(("hold ends", Cell::At(hold.expires_at)));
        let captured = hold.captured_minor.map_or(Cell::None, |minor| money(minor.0));
        fields.push(("captured", captured));
    }
    if let Some(payout) = &transfer.payout {
        fields.push(("pays", Cell::text(&payout.beneficiary.name)));
        fields.push(("handed in", payout.submitted_at.map_or(Cell::None, Cell::At)));
        fields.push(("provider's id", Cell::maybe(payout.provider_reference.as_ref())));
    }
    fields
}

const PARK: Act = Act {
    name: "park",
    key: 'P',
    about: "Stops an open transfer where it is, until someone sends it on.",
    method: Method::Post,
    path: "/transfers/{id}/park",
    facts: None,
    inputs: &[],
    body: nothing,
    leads_to: None,
    needs_reason: true,
    risk: Risk::Harmless,
    refusal: |transfer| unless(transfer, STATUS, &["accepted", "held"]),
};

/// Where the status stands: in a row, and on a page.
const STATUS: &[&str] = &["/status", "/transfer/status"];

const UNPARK: Act = Act {
    name: "unpark",
    key: 'U',
    about: "Sends a parked transfer on.",
    path: "/transfers/{id}/unpark",
    refusal: |transfer| unless(transfer, STATUS, &["stuck"]),
    ..PARK
};

const RETRY_NOW: Act = Act {
    name: "retry-now",
    key: 'N',
    about: "Does not wait for the next try.",
    path: "/transfers/{id}/retry-now",
    ..PARK
};

const REVIEW: Act = Act {
    name: "review",
    key: 'V',
    about: "Decides about a transfer that the screening service is not sure of.",
    path: "/transfers/{id}/review",
    inputs: &[Input {
        name: "verdict",
        about: "allow: it goes on; deny: it ends as rejected",
        default: None,
        number: false,
        from_facts: false,
    }],
    risk: Risk::Lasting,
    refusal: |transfer| unless(transfer, &["/open/waiting_for"], &["review"]),
    ..PARK
};

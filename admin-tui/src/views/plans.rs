//! Redrive plans: forecast, pace, progress, receipt.

use wire::{Plan, PlanItem};

use crate::act::{Act, Facts, Input, Method, Risk, nothing};
use crate::cell::{Cell, Tone};
use crate::document::{Block, Document};
use crate::stake::{Stake, unless};
use crate::view::{Body, Target, View, choice, column, row, wide};

/// All plans.
pub const LIST: View = View {
    name: "plans",
    aliases: &["redrive-plans"],
    about: "redrive plans, newest first",
    path: "/redrive-plans",
    filters: &[choice(
        "status",
        "how it stands",
        &["draft", "running", "paused", "halted", "stopped", "done"],
    )],
    body: Body::List {
        columns: &[
            column("id", 36, 0),
            column("status", 9, 0),
            column("way", 10, 1),
            column("items", 8, 0),
            column("sent", 8, 2),
            column("ended", 8, 2),
            wide("by", 8, 20, 3),
            column("age", 8, 1),
        ],
        read: |raw| {
            row(
                raw,
                |plan: &Plan| plan.id.to_string(),
                |plan| {
                    vec![
                        Cell::id(plan.id),
                        Cell::toned(plan.status, tone(plan)),
                        Cell::text(&plan.way),
                        Cell::count(plan.item_count),
                        Cell::count(plan.dispatched_count),
                        Cell::count(plan.ended_count),
                        Cell::text(&plan.created_by),
                        Cell::Age(plan.created_at),
                    ]
                },
            )
        },
        opens: Some(|row| Some(Target::one("plan", &row.id))),
    },
    acts: &[&PAUSE, &RESUME, &STOP],
};

fn tone(plan: &Plan) -> Tone {
    match plan.status.to_string().as_str() {
        "halted" => Tone::Bad,
        "running" => Tone::Warn,
        "done" => Tone::Good,
        _ => Tone::Plain,
    }
}

/// One plan.
pub const ONE: View = View {
    name: "plan",
    aliases: &[],
    about: "one redrive plan: forecast, progress and receipt",
    path: "/redrive-plans/{id}",
    filters: &[],
    body: Body::Page { read: |raw| Ok(page(&serde_json::from_str(raw.get())?)), by_id: true },
    acts: &[&APPLY, &APPROVE, &PAUSE, &RESUME, &STOP],
};

fn page(plan: &Plan) -> Document {
    let mut document = Document::new(format!("plan {}", plan.id)).fields([
        ("status", Cell::toned(plan.status, tone(plan))),
        ("way", Cell::text(&plan.way)),
        ("hash", Cell::text(&plan.hash)),
        ("made by", Cell::text(&plan.created_by)),
        ("made", Cell::At(plan.created_at)),
    ]);
    if let Some(halt) = &plan.halted {
        let cause = halt.new_cause.as_deref().map(|cause| format!(": {cause}")).unwrap_or_default();
        document =
            document.block(Block::Note(format!("halted: {}{cause}", halt.reason), Tone::Bad));
    }
    if let Some(applied) = &plan.applied {
        document = document
            .fields([
                ("applied by", Cell::text(&applied.by)),
                ("because", Cell::text(&applied.reason)),
                ("phase", Cell::text(&applied.phase)),
                ("canary", Cell::count(applied.canary_count)),
                ("rate a second", Cell::count(applied.rate_per_second)),
                ("halts at % failed", Cell::count(applied.failure_percent_max)),
            ])
            .block(gauge("sent", plan.dispatched_count, plan))
            .block(gauge("ended", plan.ended_count, plan));
        if plan.skipped_count > 0 {
            document = document.block(gauge("skipped", plan.skipped_count, plan));
        }
    }
    let document = forecast(document, plan);
    // Before it is applied, nothing has become of anything.
    let receipt = plan.receipt.iter().flatten().filter(|_| plan.applied.is_some()).map(|line| {
        let cells = vec![
            Cell::text(line.status),
            Cell::maybe(line.code.as_ref()),
            Cell::count(line.count),
            Cell::sum(&line.amount_minor, &line.currency),
            Cell::count(line.as_forecast),
        ];
        (cells, Some(items(plan).with("status", line.status)))
    });
    document.table("receipt", &["ended as", "code", "count", "amount", "as forecast"], receipt)
}

/// What the rules said of its items when it was made.
fn forecast(document: Document, plan: &Plan) -> Document {
    let forecast = plan.forecast.iter().flatten().map(|line| {
        let cells = vec![
            Cell::text(line.outlook),
            Cell::maybe(line.code.as_ref()),
            Cell::count(line.count),
            Cell::sum(&line.amount_minor, &line.currency),
            Cell::sum(&line.held_minor, &line.currency),
        ];
        (cells, Some(items(plan).with("outlook", line.outlook)))
    });
    document.table("forecast", &["would end as", "code", "count", "amount", "held"], forecast)
}

/// What applying it would do.
fn stake(plan: &Plan) -> Stake {
    let document = Document::default()
        .fields([("items", Cell::count(plan.item_count)), ("way", Cell::text(&plan.way))]);
    let document = forecast(document, plan)
        .fields([("made by", Cell::text(&plan.created_by)), ("made", Cell::At(plan.created_at))]);
    let status = plan.status.to_string();
    let refusal = (status != "draft").then(|| format!("it is {status}, not a draft any more"));
    Stake { document, refusal }
}

fn items(plan: &Plan) -> Target {
    Target::one("plan-items", plan.id)
}

fn gauge(label: &str, done: u32, plan: &Plan) -> Block {
    Block::Gauge { label: label.to_owned(), done: done.into(), total: plan.item_count.into() }
}

/// What a plan is made of.
pub const ITEMS: View = View {
    name: "plan-items",
    aliases: &[],
    about: "the items of a plan, in the order in which they are sent",
    path: "/redrive-plans/{id}/items",
    filters: &[
        choice(
            "status",
            "how the item stands",
            &["planned", "skipped", "dispatched", "settled", "rejected", "failed", "dead_again"],
        ),
        choice(
            "outlook",
            "how it was forecast",
            &[
                "would_settle",
                "would_be_rejected",
                "would_fail",
                "would_wait",
                "would_stick_again",
                "closed_already",
            ],
        ),
    ],
    body: Body::List {
        columns: &[
            column("#", 6, 0),
            column("transfer", 36, 2),
            wide("cause", 16, 40, 1),
            column("amount", 16, 0),
            column("resumes at", 12, 4),
            column("forecast", 12, 0),
            column("status", 12, 0),
            wide("code", 10, 24, 3),
        ],
        read: |raw| {
            row(
                raw,
                |item: &PlanItem| item.transfer_id.to_string(),
                |item| {
                    let undo = if item.undo { "undo " } else { "" };
                    vec![
                        Cell::count(item.position),
                        Cell::id(item.transfer_id),
                        Cell::text(&item.fingerprint),
                        Cell::money(item.amount_minor, &item.currency),
                        Cell::text(format!("{undo}{}", item.step)),
                        Cell::text(item.outlook),
                        Cell::text(item.status),
                        Cell::maybe(item.outcome_code.as_ref().or(item.outlook_code.as_ref())),
                    ]
                },
            )
        },
        opens: Some(|row| Some(Target::one("transfer", &row.id))),
    },
    acts: &[],
};

const APPLY: Act = Act {
    name: "apply",
    key: 'A',
    about: "Sends the items of this plan: a canary first, then at the given rate, until too many fail.",
    method: Method::Post,
    path: "/redrive-plans/{id}/apply",
    facts: Some(Facts {
        view: "plan",
        read: |raw, _| Ok(stake(&serde_json::from_str(raw.get())?)),
    }),
    inputs: &[
        HASH,
        Input {
            name: "canary_count",
            about: "items sent first",
            default: Some("10"),
            number: true,
            from_facts: false,
        },
        Input {
            name: "rate_per_second",
            about: "items a second after that",
            default: Some("100"),
            number: true,
            from_facts: false,
        },
        Input {
            name: "failure_percent_max",
            about: "halts above this",
            default: Some("10"),
            number: true,
            from_facts: false,
        },
    ],
    body: nothing,
    leads_to: None,
    needs_reason: true,
    risk: Risk::Lasting,
    refusal: |plan| unless(plan, STATUS, &["draft"]),
};

/// Nobody can say yes to a plan that is not the one on the screen.
const HASH: Input = Input {
    name: "hash",
    about: "the plan's hash, as its page shows it",
    default: None,
    number: false,
    from_facts: true,
};

const APPROVE: Act = Act {
    name: "approve",
    key: 'V',
    about: "Agrees that somebody else applies this plan, where a plan of this size takes two.",
    path: "/redrive-plans/{id}/approve",
    inputs: &[HASH],
    risk: Risk::Harmless,
    ..APPLY
};

const STATUS: &[&str] = &["/status"];

const PAUSE: Act = Act {
    name: "pause",
    key: 'P',
    about: "Sends no more until it is resumed.",
    path: "/redrive-plans/{id}/pause",
    facts: None,
    inputs: &[],
    risk: Risk::Harmless,
    refusal: |plan| unless(plan, STATUS, &["running"]),
    ..APPLY
};

const RESUME: Act = Act {
    name: "resume",
    key: 'U',
    about: "Goes on.",
    path: "/redrive-plans/{id}/resume",
    refusal: |plan| unless(plan, STATUS, &["paused", "halted"]),
    ..PAUSE
};

const STOP: Act = Act {
    name: "stop",
    key: 'Z',
    about: "Sends no more for good. What was sent goes on; the rest stays dead.",
    path: "/redrive-plans/{id}/stop",
    risk: Risk::Lasting,
    refusal: |plan| unless(plan, STATUS, &["running", "paused", "halted"]),
    ..PAUSE
};

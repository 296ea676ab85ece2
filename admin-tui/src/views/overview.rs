//! How Holdfast stands, on one page.

use wire::{Conservation, Overview, SqsQueue, Violation};

use crate::cell::{Cell, Tone};
use crate::document::{Block, Document};
use crate::view::{Body, Target, View, filter};

/// The page that the console begins with.
pub const OVERVIEW: View = View {
    name: "overview",
    aliases: &["o"],
    about: "rates, latencies, queues, what is stuck, and whether the money adds up",
    path: "/overview",
    filters: &[filter("points", "seconds of history, up to 600")],
    body: Body::Page { read: |raw| Ok(page(&serde_json::from_str(raw.get())?)), by_id: false },
    acts: &[],
};

fn page(overview: &Overview) -> Document {
    let mut document = Document::new("overview").block(badge(overview.conservation.as_ref()));
    if let Some(checked) = &overview.conservation {
        document = document.table("what is wrong", &["rule", "id", "found"], broken(checked));
    }
    document
        .side(vec![rates(overview), queues(overview)])
        .side(vec![graphs(overview), backlog(overview)])
        .side(vec![open(overview), dead(overview)])
        .block(Block::Note(cost(overview), Tone::Faint))
}

/// Whether the money adds up: the first thing that an operator looks for.
fn badge(checked: Option<&Conservation>) -> Block {
    let Some(checked) = checked else {
        return Block::Note("the ledger check has not come to its end yet".to_owned(), Tone::Faint);
    };
    let age = crate::cell::lasts(checked.age_ms);
    let took = checked.duration_ms;
    if checked.ok {
        let text =
            format!("CONSERVED  debits = credits, held = open holds  ({age} ago, took {took} ms)");
        return Block::Note(text, Tone::Good);
    }
    let count = checked.violation_count;
    Block::Note(format!("NOT CONSERVED  {count} found {age} ago: Enter shows them"), Tone::Bad)
}

fn broken(checked: &Conservation) -> Vec<(Vec<Cell>, Option<Target>)> {
    let row = |violation: &Violation| {
        let cells = vec![
            Cell::toned(&violation.rule, Tone::Bad),
            Cell::id(&violation.id),
            Cell::text(&violation.detail),
        ];
        let leads = match violation.wallet_id {
            Some(wallet) => Target::one("wallet", wallet),
            None => Target::of("ledger"),
        };
        (cells, Some(leads))
    };
    checked.violations.iter().map(row).collect()
}

fn rates(overview: &Overview) -> Document {
    let rates = &overview.rates;
    let row = |name: &str, tone: Tone, now: u64, minute: u64| {
        (vec![Cell::toned(name, tone), Cell::count(now), Cell::count(minute)], None)
    };
    let (now, minute) = (rates.per_second, rates.last_minute);
    let ms = |ms: Option<u64>| ms.map_or(Cell::None, |ms| Cell::text(format!("{ms} ms")));
    let heading = format!("transfers (last {} s)", rates.last_minute_seconds);
    Document::default()
        .table(
            &heading,
            &["", "a second", "in that time"],
            [
                row("accepted", Tone::Plain, now.accepted, minute.accepted),
                row("settled", Tone::Good, now.settled, minute.settled),
                row("rejected", Tone::Plain, now.rejected, minute.rejected),
                row("failed", Tone::Warn, now.failed, minute.failed),
                row("stuck", Tone::Bad, now.stuck, minute.stuck),
            ],
        )
        .fields([
            ("settled in, median", ms(overview.latency.p50_ms)),
            ("settled in, p99", ms(overview.latency.p99_ms)),
        ])
}

fn queues(overview: &Overview) -> Document {
    let saga = &overview.queues.saga;
    let outbox = &overview.queues.outbox;
    let stands = |paused: bool| {
        if paused { Cell::toned("paused", Tone::Warn) } else { Cell::toned("running", Tone::Good) }
    };
    let mut rows = vec![
        (
            vec![
                Cell::text("saga"),
                Cell::count(saga.jobs.ready),
                Cell::None,
                age(saga.oldest_ready_ms),
                stands(saga.paused),
            ],
            Some(Target::of("jobs")),
        ),
        (
            vec![
                Cell::text("outbox"),
                Cell::count(outbox.event_count),
                Cell::None,
                age(outbox.oldest_ms),
                stands(outbox.paused),
            ],
            Some(Target::of("outbox")),
        ),
    ];
    rows.extend(overview.sqs.iter().map(sqs_row));
    let workers = overview.workers;
    let gone = if workers.dead > 0 { Tone::Warn } else { Tone::Faint };
    Document::default()
        .table("queues", &["queue", "waiting", "in hand", "oldest", ""], rows)
        .table(
            "workers",
            &["alive", "gone in the last hour"],
            [(
                vec![Cell::count(workers.alive), Cell::Count(workers.dead.into(), gone)],
                Some(Target::of("workers")),
            )],
        )
        .table(
            "switches not at their default",
            &["switch", "subject", "why"],
            overview.switches.iter().map(|switch| {
                let cells = vec![
                    Cell::toned(switch.kind, Tone::Warn),
                    Cell::text(&switch.subject),
                    Cell::maybe(switch.reason.as_ref()),
                ];
                (cells, Some(Target::of("switches")))
            }),
        )
}

/// Messages of a dead-letter queue are trouble; of another queue they are work.
fn sqs_row(queue: &SqsQueue) -> (Vec<Cell>, Option<Target>) {
    let dead = queue.source_queue.is_some();
    let waiting = match queue.visible_count {
        Some(count) if dead => Cell::trouble(count),
        Some(count) => Cell::count(count),
        None => Cell::None,
    };
    let expires = match queue.first_expires_at {
        Some(at) => Cell::Age(at),
        None => Cell::None,
    };
    let cells = vec![
        Cell::text(&queue.name),
        waiting,
        queue.in_flight_count.map_or(Cell::None, Cell::count),
        Cell::None,
        if dead { expires } else { Cell::None },
    ];
    let leads = if dead {
        Target::of("dead-messages").with("queue", &queue.name)
    } else {
        Target::of("sqs-queues")
    };
    (cells, Some(leads))
}

fn age(ms: Option<i64>) -> Cell {
    ms.map_or(Cell::None, |ms| Cell::Lasts(ms, if ms > 10_000 { Tone::Warn } else { Tone::Plain }))
}

fn graphs(overview: &Overview) -> Document {
    let history = &overview.history;
    let graph = |label: &str, points: &[Option<u64>]| Block::Graph {
        label: label.to_owned(),
        points: points.to_vec(),
    };
    Document::default()
        .block(graph("accepted/s", &history.accepted))
        .block(graph("settled/s", &history.settled))
        .block(graph("settled in, p99 ms", &history.p99_ms))
}

fn backlog(overview: &Overview) -> Document {
    let history = &overview.history;
    let graph = |label: &str, points: &[Option<u64>]| Block::Graph {
        label: label.to_owned(),
        points: points.to_vec(),
    };
    Document::default()
        .block(graph("runnable", &history.runnable))
        .block(graph("retrying", &history.retrying))
        .block(graph("outbox, events", &history.outbox))
}

fn open(overview: &Overview) -> Document {
    let rows = overview.open.iter().map(|one| {
        let undo = if one.undo { "undo " } else { "" };
        let cells = vec![
            Cell::text(format!("{undo}{}", one.step)),
            Cell::count(one.runnable),
            Cell::count(one.retrying),
            Cell::count(one.paused),
            Cell::count(one.waiting),
            Cell::trouble(one.parked),
        ];
        (cells, Some(Target::of("dead-letters").with("status", "open").with("step", one.step)))
    });
    Document::default().table(
        "open transfers by step",
        &["next step", "runnable", "retrying", "paused", "waiting", "parked"],
        rows,
    )
}

fn dead(overview: &Overview) -> Document {
    let letters = &overview.dead_letters;
    let held = overview.held.iter().map(|held| {
        let cells =
            vec![Cell::sum(&held.held_minor, &held.currency), Cell::count(held.transfer_count)];
        (cells, None)
    });
    Document::default()
        .table(
            "dead letters",
            &["open", "causes", "oldest"],
            [(
                vec![
                    Cell::trouble(letters.count),
                    Cell::count(letters.group_count),
                    Cell::age(letters.oldest_at),
                ],
                Some(Target::of("incidents")),
            )],
        )
        .table("money held", &["held", "transfers"], held)
}

/// What being looked at costs the server.
fn cost(overview: &Overview) -> String {
    let cost = &overview.sampler;
    format!(
        "sampled once a second for all consoles: {} statements, {} us each time, {} samples so far",
        cost.statement_count, cost.duration_us, cost.sample_count
    )
}

//! Queues, jobs, workers and switches.

use wire::{Job, Queues, Switch, Worker};

use crate::act::{Act, Facts, Method, Risk, nothing};
use crate::cell::{Cell, Tone};
use crate::document::Document;
use crate::stake::{Stake, unless};
use crate::view::{Body, Target, View, choice, column, row, wide};

/// All queues on one page.
pub const QUEUES: View = View {
    name: "queues",
    aliases: &["q"],
    about: "the queue of sagas, the outbox, and whoever reads events",
    path: "/queues",
    filters: &[],
    body: Body::Page { read: |raw| Ok(page(&serde_json::from_str(raw.get())?)), by_id: false },
    acts: &[],
};

fn paused(paused: bool) -> Cell {
    if paused { Cell::toned("paused", Tone::Warn) } else { Cell::toned("running", Tone::Good) }
}

fn lasts(ms: Option<i64>) -> Cell {
    ms.map_or(Cell::None, |ms| Cell::Lasts(ms, if ms > 10_000 { Tone::Warn } else { Tone::Plain }))
}

fn page(queues: &Queues) -> Document {
    let saga = &queues.saga;
    let document = Document::new("queues")
        .fields([
            ("saga queue", paused(saga.paused)),
            ("workers alive", Cell::count(saga.workers_alive)),
            ("oldest ready job", lasts(saga.oldest_ready_ms)),
            ("oldest due transfer", lasts(saga.oldest_due_ms)),
        ])
        .table(
            "jobs",
            &["ready", "scheduled", "in hand", "failed", "done"],
            [(
                vec![
                    Cell::count(saga.jobs.ready),
                    Cell::count(saga.jobs.scheduled),
                    Cell::count(saga.jobs.in_hand),
                    Cell::trouble(saga.jobs.failed),
                    Cell::count(saga.jobs.done),
                ],
                Some(Target::of("jobs")),
            )],
        )
        .table(
            "open transfers",
            &["runnable", "retrying", "paused", "parked"],
            [(
                vec![
                    Cell::count(saga.transfers.runnable),
                    Cell::count(saga.transfers.retrying),
                    Cell::count(saga.transfers.paused),
                    Cell::trouble(saga.transfers.parked),
                ],
                Some(Target::of("groups")),
            )],
        )
        .table(
            "outbox",
            &["state", "events waiting", "oldest"],
            [(
                vec![
                    paused(queues.outbox.paused),
                    Cell::count(queues.outbox.event_count),
                    lasts(queues.outbox.oldest_ms),
                ],
                None,
            )],
        );
    let subscribers = queues.subscribers.iter().map(|subscriber| {
        let cells = vec![Cell::text(&subscriber.name), paused(subscriber.paused)];
        (cells, Some(Target::of("sqs-queues")))
    });
    document.table("subscribers", &["queue", "state"], subscribers)
}

/// Jobs of apalis.
pub const JOBS: View = View {
    name: "jobs",
    aliases: &["j"],
    about: "jobs of the saga queue, newest first",
    path: "/jobs",
    filters: &[choice(
        "status",
        "how the job stands",
        &["ready", "scheduled", "in_hand", "failed", "done"],
    )],
    body: Body::List {
        columns: &[
            column("id", 26, 0),
            column("status", 10, 0),
            column("tries", 5, 2),
            column("transfers", 9, 1),
            column("runs", 8, 1),
            wide("worker", 16, 60, 3),
            column("done", 8, 4),
        ],
        read: |raw| {
            row(
                raw,
                |job: &Job| job.id.clone(),
                |job| {
                    vec![
                        Cell::id(&job.id),
                        Cell::text(job.status),
                        Cell::count(job.attempt_count),
                        Cell::count(job.transfer_count),
                        Cell::Age(job.run_at),
                        Cell::maybe(job.taken_by.as_ref()),
                        Cell::age(job.ended_at),
                    ]
                },
            )
        },
        opens: Some(|row| Some(Target::one("job", &row.id))),
    },
    acts: &[&RETRY],
};

/// One job.
pub const JOB: View = View {
    name: "job",
    aliases: &[],
    about: "one job with its transfers",
    path: "/jobs/{id}",
    filters: &[],
    body: Body::Page { read: |raw| Ok(job(&serde_json::from_str(raw.get())?)), by_id: true },
    acts: &[&RETRY],
};

fn job(job: &Job) -> Document {
    let transfers = job.transfers.iter().flatten().map(|transfer| {
        let cells = vec![Cell::id(transfer.id), Cell::maybe(transfer.status)];
        (cells, Some(Target::one("transfer", transfer.id)))
    });
    Document::new(format!("job {}", job.id))
        .fields([
            ("queue", Cell::text(&job.queue)),
            ("status", Cell::text(job.status)),
            ("tries", Cell::text(format!("{} of {}", job.attempt_count, job.attempt_count_max))),
            ("made", job.created_at.map_or(Cell::None, Cell::At)),
            ("runs", Cell::At(job.run_at)),
            ("worker", Cell::maybe(job.taken_by.as_ref())),
            ("taken", job.taken_at.map_or(Cell::None, Cell::At)),
            ("done", job.ended_at.map_or(Cell::None, Cell::At)),
            ("last result", Cell::maybe(job.last_result.as_ref())),
        ])
        .table("transfers", &["id", "status"], transfers)
}

/// Workers.
pub const WORKERS: View = View {
    name: "workers",
    aliases: &["wo"],
    about: "who takes jobs, and who has not been seen lately",
    path: "/workers",
    filters: &[],
    body: Body::List {
        columns: &[
            wide("worker", 20, 70, 0),
            column("alive", 5, 0),
            column("seen", 8, 0),
            column("in hand", 7, 1),
            column("since", 8, 2),
            wide("host", 8, 30, 3),
        ],
        read: |raw| {
            row(
                raw,
                |worker: &Worker| worker.id.clone(),
                |worker| {
                    let (word, tone) =
                        if worker.alive { ("yes", Tone::Good) } else { ("no", Tone::Bad) };
                    vec![
                        Cell::id(&worker.id),
                        Cell::toned(word, tone),
                        Cell::Age(worker.last_seen_at),
                        Cell::count(worker.jobs_in_hand),
                        Cell::age(worker.started_at),
                        Cell::maybe(worker.host.as_ref()),
                    ]
                },
            )
        },
        opens: None,
    },
    acts: &[],
};

/// Switches.
pub const SWITCHES: View = View {
    name: "switches",
    aliases: &["sw"],
    about: "maintenance, pauses and flags: what is on, since when, and why",
    path: "/switches",
    filters: &[],
    body: Body::List {
        columns: &[
            wide("switch", 20, 40, 0),
            column("on", 4, 0),
            column("by default", 10, 3),
            wide("by", 8, 20, 2),
            column("since", 8, 1),
            wide("reason", 10, 80, 1),
        ],
        read: |raw| {
            row(raw, switch_id, |switch| {
                let tone = match (switch.on, switch.on == switch.on_by_default) {
                    (_, false) => Tone::Warn,
                    (true, true) => Tone::Good,
                    (false, true) => Tone::Faint,
                };
                let word = |on: bool| if on { "on" } else { "off" };
                vec![
                    Cell::id(switch_id(switch)),
                    Cell::toned(word(switch.on), tone),
                    Cell::toned(word(switch.on_by_default), Tone::Faint),
                    Cell::maybe(switch.changed_by.as_ref()),
                    Cell::age(switch.changed_at),
                    Cell::maybe(switch.reason.as_ref()),
                ]
            })
        },
        opens: None,
    },
    acts: &[&TURN_ON, &TURN_OFF],
};

/// Kind and subject as the path has them.
fn switch_id(switch: &Switch) -> String {
    if switch.subject.is_empty() {
        switch.kind.to_string()
    } else {
        format!("{}/{}", switch.kind, switch.subject)
    }
}

const RETRY: Act = Act {
    name: "retry-now",
    key: 'N',
    about: "Runs a job now that waits or has failed.",
    method: Method::Post,
    path: "/jobs/{id}/retry-now",
    facts: Some(Facts { view: "job", read: |raw, _| Ok(stake(&serde_json::from_str(raw.get())?)) }),
    inputs: &[],
    body: nothing,
    leads_to: None,
    needs_reason: true,
    risk: Risk::Harmless,
    refusal: |job| unless(job, &["/status"], &["ready", "scheduled", "failed"]),
};

fn stake(found: &Job) -> Stake {
    job(found).into()
}

const TURN_ON: Act = Act {
    name: "turn-on",
    key: 'O',
    about: "Turns the switch on, for all processes within a second.",
    method: Method::Put,
    path: "/switches/{kind/subject}",
    facts: None,
    body: |_| serde_json::json!({"on": true}),
    risk: Risk::Lasting,
    refusal: |switch| (switch["on"] == true).then(|| "it is on already".to_owned()),
    ..RETRY
};

const TURN_OFF: Act = Act {
    name: "turn-off",
    key: 'F',
    about: "Turns the switch off, for all processes within a second.",
    body: |_| serde_json::json!({"on": false}),
    refusal: |switch| (switch["on"] == false).then(|| "it is off already".to_owned()),
    ..TURN_ON
};

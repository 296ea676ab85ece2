//! All figures for programs.

use serde_json::{Map, Value, json};

use crate::args::Options;
use crate::figures::Spread;
use crate::machine::Machine;
use crate::run::Run;
use crate::series::Second;
use crate::table;

/// Where and how it was measured.
pub(crate) struct Context<'a> {
    pub(crate) at: String,
    pub(crate) machine: &'a Machine,
    pub(crate) settings: &'a [(String, String)],
    pub(crate) variables: &'a [(String, String)],
    pub(crate) options: &'a Options,
}

/// One document about all runs.
pub(crate) fn document(context: &Context<'_>, runs: &[Run]) -> Value {
    let Machine { processor, cores, memory_gb, kernel, load, sync_us } = context.machine;
    let options = context.options;
    json!({
        "at": context.at,
        "version": env!("CARGO_PKG_VERSION"),
        "machine": {
            "processor": processor, "cores": cores, "memory_gb": memory_gb, "kernel": kernel,
            "load_at_start": load, "sync_8_kb_us": sync_us,
        },
        "postgresql": pairs(context.settings),
        "variables": pairs(context.variables),
        "options": {
            "warmup_s": options.warmup, "connections": options.connections,
            "prefill": options.prefill, "probes_per_s": options.probes,
            "baseline_s": options.baseline_seconds, "repeat": options.repeat, "log": options.log,
        },
        "summary": summary(runs),
        "runs": runs.iter().map(run).collect::<Vec<_>>(),
    })
}

fn pairs(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
}

/// For each scenario and figure the median and the extremes of all repetitions.
fn summary(runs: &[Run]) -> Map<String, Value> {
    let rows = table::rows(runs);
    let of = |column: usize| -> Map<String, Value> {
        let cells = rows.iter().filter_map(|row| Some((row.key, (*row.cells.get(column)?)?)));
        cells
            .map(|(key, Spread { median, lowest, highest })| {
                (key.to_owned(), json!({"median": median, "lowest": lowest, "highest": highest}))
            })
            .collect()
    };
    let scenarios = table::scenarios(runs).into_iter().enumerate();
    scenarios.map(|(column, name)| (name.to_owned(), Value::from(of(column)))).collect()
}

fn run(run: &Run) -> Value {
    let figures: Map<String, Value> =
        run.figures.iter().map(|one| (one.key.to_owned(), Value::from(one.value))).collect();
    let answers: Map<String, Value> = run
        .answers
        .iter()
        .map(|(status, count)| (status.to_string(), Value::from(*count)))
        .collect();
    let statements: Vec<Value> = run
        .statements
        .iter()
        .map(|one| {
            json!({
                "statement": one.text, "calls": one.calls, "rows": one.rows,
                "total_ms": one.total_ms, "wal_bytes": one.wal_bytes,
            })
        })
        .collect();
    json!({
        "scenario": run.scenario, "repetition": run.repetition, "problems": run.problems,
        "figures": figures, "transfers_by_status": run.statuses, "answers_by_status": answers,
        "statements": statements,
        "seconds": run.seconds.iter().map(second).collect::<Vec<_>>(),
    })
}

fn second(second: &Second) -> Value {
    let Second { number, measured, accepted, answer_ms, settled, settle_ms, open, events, size } =
        second;
    let mut value = json!({
        "second": number, "measured": measured, "accepted": accepted, "settled": settled,
        "open": open, "answer_ms": answer_ms, "settle_ms": settle_ms,
        "postgres_mb": size.postgres_mb, "api_mb": size.api_mb, "jobs_mb": size.jobs_mb,
        "dead_rows": size.dead_rows,
    });
    if let (Some(events), Some(fields)) = (events, value.as_object_mut()) {
        fields.insert("outbox".to_owned(), events.outbox.into());
        fields.insert("lag_s".to_owned(), events.lag_s.into());
        fields.insert("audited".to_owned(), events.audited.into());
        fields.insert("behind".to_owned(), events.behind.into());
        fields.insert("uncounted".to_owned(), events.uncounted.into());
    }
    value
}

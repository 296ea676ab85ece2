//! What dashboards, alerts and docs name exists, and the other way round.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use telemetry::metrics::{Description, Kind, metrics};

use crate::tidy::tree::{files, relative, report, root, text};

/// Set: the table of metrics is written instead of compared.
const BLESS: &str = "HOLDFAST_BLESS";
/// Labels that Prometheus adds, or that a histogram has.
const ADDED: [&str; 3] = ["instance", "job", "le"];
/// What a histogram has behind its name.
const ENDINGS: [&str; 3] = ["_bucket", "_sum", "_count"];

fn folder() -> PathBuf {
    root().join("infra/observability")
}

/// The metric of this name, or the histogram of which it is a part.
fn known(name: &str) -> Option<&'static Description> {
    let all = metrics().descriptions();
    all.iter().find(|one| one.name == name).or_else(|| {
        let stem = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending))?;
        all.iter().find(|one| one.kind == Kind::Histogram && one.name == stem)
    })
}

/// Names of metrics in an expression, with the labels that are asked for in braces behind them.
fn names(text: &str) -> Vec<(String, Vec<String>)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(is_name) {
        let after = &rest[at..];
        let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
        let (name, behind) = after.split_at(end);
        rest = behind;
        if name.starts_with("holdfast_") || name.starts_with("process_") {
            let inside = behind.strip_prefix('{').and_then(|inside| inside.split_once('}'));
            let labels = inside.map(|(inside, _)| {
                let parts = inside.split(',').filter_map(|part| part.split_once(['=', '!']));
                parts.map(|(label, _)| label.trim().to_owned()).collect()
            });
            found.push((name.to_owned(), labels.unwrap_or_default()));
        }
    }
    found
}

#[test]
fn every_metric_that_dashboards_and_alerts_name_exists_with_its_labels() {
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    for file in files(&folder(), &["json", "yaml"]) {
        for (name, labels) in names(&text(&file)) {
            let Some(metric) = known(&name) else {
                problems.push(format!("{}: {name} does not exist", relative(&file)));
                continue;
            };
            used.insert(metric.name);
            for label in labels {
                if !metric.labels.contains(&label.as_str()) && !ADDED.contains(&label.as_str()) {
                    problems.push(format!("{}: {name} has no label {label}", relative(&file)));
                }
            }
        }
    }
    let unused = metrics().descriptions().iter().map(|one| one.name);
    let unused = unused.filter(|name| !used.contains(name) && !name.starts_with("process_"));
    problems.extend(unused.map(|name| format!("{name} is on no dashboard and in no alert")));
    report("Dashboards and alerts name what there is, and leave nothing out.", &problems);
}

#[test]
fn every_dashboard_is_one_and_no_two_panels_share_an_id() {
    for file in files(&folder().join("dashboards"), &["json"]) {
        let board: Value = serde_json::from_str(&text(&file)).expect("JSON");
        let panels = board["panels"].as_array().expect("panels");
        let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
        assert_eq!(ids.len(), panels.len(), "{}", relative(&file));
        for panel in panels {
            let targets = panel["targets"].as_array().expect("targets");
            assert!(targets.iter().all(|one| one["expr"].is_string()), "{panel}");
        }
    }
}

#[test]
fn every_alert_leads_to_a_page_that_is_on_the_list() {
    let rules = text(&folder().join("alerts/holdfast.yaml"));
    let listed = text(&folder().join("runbooks.txt"));
    let mut problems = Vec::new();
    for alert in rules.split("- alert: ").skip(1) {
        let name = alert.lines().next().unwrap_or_default().trim();
        let page =
            alert.lines().find_map(|line| line.trim().strip_prefix("runbook_url: docs/runbooks/"));
        let on_list = |page: &str| {
            let line = listed.lines().find(|line| line.split_whitespace().next() == Some(page));
            line.is_some_and(|line| line.split_whitespace().any(|word| word == name))
        };
        if !page.is_some_and(on_list) {
            problems.push(format!("{name}: {page:?}"));
        }
    }
    report(
        "Each alert has a runbook_url, and runbooks.txt has that page with the alert's name.",
        &problems,
    );
}

/// The table of docs/OBSERVABILITY.md.
fn table() -> String {
    let mut text = String::from("| metric | labels | kind | says |\n|---|---|---|---|\n");
    for Description { name, kind, labels, help, sampled } in metrics().descriptions() {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let star = if *sampled { " \\*" } else { "" };
        let labels = labels.join(", ");
        writeln!(text, "| `{name}`{star} | {labels} | {kind} | {help}. |").expect("a string");
    }
    text
}

#[test]
fn the_docs_have_every_metric() {
    let file = root().join("docs/OBSERVABILITY.md");
    let page = text(&file);
    let (before, rest) = page.split_once("| metric |").expect("a table");
    let after = rest.split_once("\n\n").map_or("", |(_, after)| after);
    let wanted = format!("{before}{}\n{after}", table());
    if std::env::var_os(BLESS).is_some() {
        fs::write(&file, wanted).expect("a written page");
        return;
    }
    assert_eq!(page, wanted, "docs/OBSERVABILITY.md has another table; {BLESS}=1 writes this one");
}

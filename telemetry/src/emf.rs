//! Figures as log lines that CloudWatch counts (Embedded Metric Format), for where nobody scrapes.
//!
//! Each combination of labels is a metric of its own there and is paid for, so this is a choice: what
//! alarms and autoscaling need. Names are those at `/metrics`. A counter is told as what was added
//! since the last line.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;

use chrono::Utc;
use serde_json::{Map, Value, json};

use crate::metrics;

/// Where CloudWatch keeps them.
const NAMESPACE: &str = "Holdfast";

/// A figure and the labels by which it is told apart; others are summed up.
type Choice = (&'static str, &'static [&'static str]);

/// What is told.
const CHOICES: &[Choice] = &[
    ("holdfast_jobs_ready", &["queue"]),
    ("holdfast_jobs_oldest_ready_age_seconds", &["queue"]),
    ("holdfast_workers_alive", &["queue"]),
    ("holdfast_open_transfers", &["state"]),
    ("holdfast_oldest_runnable_age_seconds", &[]),
    ("holdfast_outbox_rows", &[]),
    ("holdfast_outbox_oldest_age_seconds", &[]),
    ("holdfast_dead_letters_open", &["class"]),
    ("holdfast_held_minor", &["currency"]),
    ("holdfast_ledger_drift_minor", &["currency"]),
    ("holdfast_ledger_rules_broken", &[]),
    ("holdfast_sqs_messages", &["queue", "state"]),
    ("holdfast_http_requests_total", &["status_class"]),
    ("holdfast_transfers_ended_total", &["status"]),
    ("holdfast_saga_steps_total", &["outcome"]),
    ("holdfast_saga_retries_total", &[]),
    ("holdfast_relay_events_total", &["outcome"]),
    ("holdfast_consumer_messages_total", &["consumer", "outcome"]),
    ("holdfast_provider_calls_total", &["asked", "outcome"]),
    ("holdfast_db_pool_connections", &["pool", "state"]),
];

/// Writes the figures of a process.
#[derive(Debug)]
pub struct Emf {
    service: &'static str,
    /// Counters as they were told last.
    told: HashMap<Series, f64>,
}

type Series = (&'static str, Labels);

/// Names and values, in their order.
type Labels = Vec<(String, String)>;

impl Emf {
    /// For a process of this name.
    pub fn new(service: &'static str) -> Self {
        Self { service, told: HashMap::new() }
    }

    /// Writes the figures as they stand now to the standard output.
    pub fn write(&mut self) {
        let lines = self.lines(&metrics::render(), Utc::now().timestamp_millis());
        let mut output = std::io::stdout().lock();
        for line in lines {
            // A reader that went away is no reason to stop the work.
            let _ = writeln!(output, "{line}");
        }
    }

    /// One line for each combination of labels, from the text of `/metrics`.
    fn lines(&mut self, text: &str, at_ms: i64) -> Vec<Value> {
        let mut sums: BTreeMap<Series, f64> = BTreeMap::new();
        for (name, labels, value) in text.lines().filter_map(sample) {
            let Some((name, kept)) = CHOICES.iter().find(|(chosen, _)| *chosen == name) else {
                continue;
            };
            let mut kept: Vec<(String, String)> =
                labels.into_iter().filter(|(label, _)| kept.contains(&label.as_str())).collect();
            if !is_sampled(name) {
                // What each process tells of itself is told apart by what the process is.
                kept.push(("service".to_owned(), self.service.to_owned()));
            }
            *sums.entry((*name, kept)).or_default() += value;
        }
        let mut groups: BTreeMap<Labels, Vec<(&'static str, f64)>> = BTreeMap::new();
        for ((name, labels), value) in sums {
            let added = if name.ends_with("_total") {
                value - self.told.insert((name, labels.clone()), value).unwrap_or_default()
            } else {
                value
            };
            groups.entry(labels).or_default().push((name, added));
        }
        groups.into_iter().map(|(labels, figures)| line(&labels, &figures, at_ms)).collect()
    }
}

fn line(labels: &[(String, String)], figures: &[(&'static str, f64)], at_ms: i64) -> Value {
    let dimensions: Vec<&String> = labels.iter().map(|(label, _)| label).collect();
    let unit = |name: &str| if name.ends_with("_seconds") { "Seconds" } else { "Count" };
    let described: Vec<Value> =
        figures.iter().map(|(name, _)| json!({ "Name": name, "Unit": unit(name) })).collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": at_ms,
            "CloudWatchMetrics": [
                { "Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": described },
            ],
        }),
    );
    for (label, value) in labels {
        line.insert(label.clone(), json!(value));
    }
    for (name, value) in figures {
        line.insert((*name).to_owned(), json!(value));
    }
    Value::Object(line)
}

fn is_sampled(name: &str) -> bool {
    metrics::metrics().descriptions().iter().any(|one| one.name == name && one.sampled)
}

/// Reads `name{label="value",...} number`. None for comments.
fn sample(line: &str) -> Option<(&str, Labels, f64)> {
    if line.starts_with('#') {
        return None;
    }
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.trim_start_matches(',').split_once("=\"")?;
            let (value, after) = quoted(after)?;
            labels.push((label.to_owned(), value));
            rest = after;
        }
        rest = rest.strip_prefix('}')?;
    }
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some((name, labels, value))
}

/// Reads up to the closing quote; returns what is behind it, too.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match letters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# TYPE holdfast_jobs_ready gauge
holdfast_jobs_ready{queue="wallet-saga"} 3.0
holdfast_jobs_oldest_ready_age_seconds{queue="wallet-saga"} 0.25
holdfast_http_requests_total{method="GET",route="/v1/wallets/{wallet_id}",status_class="2xx"} 5
holdfast_http_requests_total{method="POST",route="a \"b\"",status_class="2xx"} 2
holdfast_outbox_rows 7
not_ours 1
# EOF
"#;

    #[test]
    fn figures_with_the_same_labels_are_one_line() {
        let lines = Emf::new("holdfast-api").lines(TEXT, 1_700_000_000_000);
        let line = lines.iter().find(|line| line["queue"] == "wallet-saga").unwrap();
        assert_eq!(line["holdfast_jobs_ready"], 3.0);
        assert_eq!(line["holdfast_jobs_oldest_ready_age_seconds"], 0.25);
        let metadata = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(metadata["Namespace"], "Holdfast");
        assert_eq!(metadata["Dimensions"], json!([["queue"]]));
        assert_eq!(metadata["Metrics"].as_array().unwrap().len(), 2);
        assert_eq!(line["_aws"]["Timestamp"], 1_700_000_000_000_i64);
        let outbox = lines.iter().find(|line| !line["holdfast_outbox_rows"].is_null()).unwrap();
        assert_eq!(outbox["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[]]));
    }

    #[test]
    fn a_counter_is_summed_up_and_told_as_what_was_added() {
        let mut emf = Emf::new("holdfast-api");
        let requests = |lines: &[Value]| {
            let line = lines.iter().find(|line| line["status_class"] == "2xx").unwrap();
            assert_eq!(line["service"], "holdfast-api");
            line["holdfast_http_requests_total"].as_f64().unwrap()
        };
        assert!((requests(&emf.lines(TEXT, 0)) - 7.0).abs() < 0.1);
        assert!((requests(&emf.lines(&TEXT.replace("} 5", "} 9"), 0)) - 4.0).abs() < 0.1);
    }

    #[test]
    fn every_choice_is_a_metric_with_these_labels() {
        for (name, labels) in CHOICES {
            let all = metrics::metrics().descriptions();
            let one = all.iter().find(|one| one.name == *name).unwrap_or_else(|| panic!("{name}"));
            assert!(labels.iter().all(|label| one.labels.contains(label)), "{name}");
        }
    }
}

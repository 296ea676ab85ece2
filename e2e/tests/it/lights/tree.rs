//! A trace as text, and the one that the docs show.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::collector::Span;
use crate::tidy::tree::root;

/// Set: what was seen is written into the docs instead of compared with them.
const BLESS: &str = "HOLDFAST_BLESS";
/// Around the trace in the docs.
const FENCES: [&str; 2] = ["```text trace\n", "```\n"];

/// One line a span: when it began after the first one and how long it took, both in milliseconds,
/// where it lies below others, and which process it is of.
pub fn draw(spans: &[Span]) -> String {
    let first = spans.iter().map(|span| span.begin).min().unwrap_or_default();
    let known = |id: &str| spans.iter().any(|span| span.id == id);
    let mut text = String::new();
    let roots: Vec<&Span> = spans.iter().filter(|span| !known(&span.parent)).collect();
    for span in roots {
        line(&mut text, spans, span, first, &mut String::new(), "");
    }
    text
}

fn line(text: &mut String, all: &[Span], span: &Span, first: u64, before: &mut String, tee: &str) {
    let ms = |from: u64, to: u64| {
        let tenths = to.saturating_sub(from) / 100_000;
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    let (at, took) = (ms(first, span.begin), ms(span.begin, span.end));
    let name = format!("{before}{tee}{}{}", span.name, if span.failed { " (failed)" } else { "" });
    writeln!(text, "{at:>7} {took:>7}  {name:<34}{}", span.service).expect("a string");
    let mut below: Vec<&Span> = all.iter().filter(|one| one.parent == span.id).collect();
    below.sort_by_key(|one| (one.begin, one.end, one.name.clone()));
    let length = before.len();
    match tee {
        "" => {}
        "└─ " => before.push_str("   "),
        _ => before.push_str("│  "),
    }
    let last = below.len().saturating_sub(1);
    for (place, one) in below.into_iter().enumerate() {
        line(text, all, one, first, before, if place == last { "└─ " } else { "├─ " });
    }
    before.truncate(length);
}

/// What does not change from one run to the next: all but the times.
fn shape(text: &str) -> Vec<String> {
    let without_times = |line: &str| line.chars().skip(17).collect::<String>();
    text.lines().map(without_times).collect()
}

/// The docs show a trace that was really seen.
pub fn compare_with_the_docs(drawn: &str) {
    let file = root().join("docs/OBSERVABILITY.md");
    let page = read(&file);
    let [open, close] = FENCES;
    let (before, rest) = page.split_once(open).expect("a trace in the docs");
    let (shown, after) = rest.split_once(close).expect("the end of the trace");
    if std::env::var_os(BLESS).is_some() {
        fs::write(&file, format!("{before}{open}{drawn}{close}{after}")).expect("a written page");
        return;
    }
    assert_eq!(
        shape(shown),
        shape(drawn),
        "docs/OBSERVABILITY.md shows another trace than this; {BLESS}=1 writes it there:\n{drawn}"
    );
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).expect("a page")
}

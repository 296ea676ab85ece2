//! The proof that no money was lost or made.

use serde::Deserialize;

use crate::cell::{Cell, Tone};
use crate::document::{Block, Document};
use crate::view::{Body, Target, View, choice};

/// The ledger check.
pub const CHECK: View = View {
    name: "ledger",
    aliases: &["check"],
    about: "the ledger check: debits equal credits, held money equals open holds",
    path: "/ledger/check",
    filters: &[choice("mode", "quick, or full, which reads everything", &["quick", "full"])],
    body: Body::Page { read: |raw| Ok(page(&serde_json::from_str(raw.get())?)), by_id: false },
    acts: &[],
};

#[derive(Deserialize)]
struct Report {
    mode: String,
    checked_at: chrono::DateTime<chrono::Utc>,
    ok: bool,
    totals: Vec<Total>,
    rules: Vec<String>,
    violations: Vec<Violation>,
}

#[derive(Deserialize)]
struct Total {
    currency: String,
    wallet_count: i64,
    debits_posted: String,
    credits_posted: String,
    held: String,
}

#[derive(Deserialize)]
struct Violation {
    rule: String,
    id: String,
    detail: String,
}

fn page(report: &Report) -> Document {
    let (word, tone) =
        if report.ok { ("every rule holds", Tone::Good) } else { ("RULES ARE BROKEN", Tone::Bad) };
    let totals = report.totals.iter().map(|total| {
        let money = |text: &str| Cell::sum(text, &total.currency);
        let cells = vec![
            Cell::text(&total.currency),
            Cell::count(total.wallet_count),
            money(&total.debits_posted),
            money(&total.credits_posted),
            money(&total.held),
        ];
        (cells, None)
    });
    let broken = report.violations.iter().map(|violation| {
        let cells = vec![
            Cell::toned(&violation.rule, Tone::Bad),
            Cell::id(&violation.id),
            Cell::text(&violation.detail),
        ];
        (cells, Some(Target::one("transfer", &violation.id)))
    });
    let rules = report.rules.iter().map(|rule| {
        let holds = !report.violations.iter().any(|violation| violation.rule == *rule);
        let (word, tone) = if holds { ("holds", Tone::Good) } else { ("broken", Tone::Bad) };
        (vec![Cell::text(rule), Cell::toned(word, tone)], None)
    });
    Document::new("ledger check")
        .block(Block::Note(word.to_owned(), tone))
        .fields([("mode", Cell::text(&report.mode)), ("as of", Cell::At(report.checked_at))])
        .table("what is wrong", &["rule", "id", "found"], broken)
        .table("sums", &["currency", "wallets", "debits", "credits", "held"], totals)
        .table("rules", &["rule", ""], rules)
}

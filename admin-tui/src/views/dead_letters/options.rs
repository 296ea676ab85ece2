//! What can be done about one dead letter, and what would come of each.

use serde_json::value::RawValue;
use wire::{ActOption, DeadLetter, DeadLetterOptions};

use crate::act::Act;
use crate::cell::{Cell, Tone};
use crate::document::Document;
use crate::stake::Stake;
use crate::view::{Body, View};

/// All of it on one page.
pub const OPTIONS: View = View {
    name: "dead-letter-options",
    aliases: &["options"],
    about: "what can be done about one dead letter, with the balances that each would leave",
    path: "/dead-letters/{id}/options",
    filters: &[],
    body: Body::Page { read: |raw| Ok(page(&serde_json::from_str(raw.get())?)), by_id: true },
    acts: super::LIST.acts,
};

fn page(options: &DeadLetterOptions) -> Document {
    let letter = &options.dead_letter;
    let document = Document::new(format!("what can be done about {}", letter.id)).fields([
        ("cause", Cell::toned(&letter.fingerprint, Tone::Bad)),
        ("amount", Cell::money(letter.amount_minor, &letter.currency)),
        ("held meanwhile", Cell::money(letter.held_minor, &letter.currency)),
        ("as of", Cell::At(options.at)),
    ]);
    let document = document.table(
        "acts",
        &["act", "would end as", "code", "role", "why not"],
        options.acts.iter().map(|act| (act_cells(act), None)),
    );
    options.acts.iter().fold(document, |document, act| balances(document, letter, act))
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

/// The wallets before and after an act.
fn balances(document: Document, letter: &DeadLetter, act: &ActOption) -> Document {
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
    let heading = format!("balances after {}", act.act);
    document.table(&heading, &["wallet", "balance", "before", "after"], rows)
}

/// What one act would do: the outcome and the money first, then the balances after it and no
/// other, then whose it is.
pub(super) fn stake(raw: &RawValue, act: &Act) -> Result<Stake, serde_json::Error> {
    let options: DeadLetterOptions = serde_json::from_str(raw.get())?;
    let letter = &options.dead_letter;
    // To agree to an act is to agree to what it would do.
    let word = act.name.strip_prefix("approve-").unwrap_or(act.name).replace('-', "_");
    // To resolve is two acts, one for each outcome.
    let is_meant = |one: &&ActOption| {
        let name = one.act.to_string();
        name == word || name.strip_prefix(&word).is_some_and(|rest| rest.starts_with('_'))
    };
    let meant: Vec<&ActOption> = options.acts.iter().filter(is_meant).collect();
    let mut fields: Vec<_> = meant.iter().flat_map(|one| outcome(one, meant.len() > 1)).collect();
    fields.extend([
        ("count", Cell::count(1)),
        ("amount", Cell::money(letter.amount_minor, &letter.currency)),
        ("held meanwhile", Cell::money(letter.held_minor, &letter.currency)),
    ]);
    let document = Document::default().fields(fields);
    let document = meant.iter().fold(document, |document, one| balances(document, letter, one));
    let document = document.fields([
        ("cause", Cell::toned(&letter.fingerprint, Tone::Bad)),
        ("status", Cell::text(letter.status)),
        ("transfer", Cell::id(letter.transfer_id)),
        ("as of", Cell::At(options.at)),
    ]);
    let possible = meant.is_empty() || meant.iter().any(|one| one.possible);
    let why = meant.iter().find_map(|one| one.refusal.clone());
    let refusal = (!possible).then(|| why.unwrap_or_else(|| "it is not possible".to_owned()));
    Ok(Stake { document, refusal })
}

/// How the transfer would end, and on which way.
fn outcome(act: &ActOption, named: bool) -> Vec<(&'static str, Cell)> {
    let mut fields = Vec::new();
    if named {
        fields.push(("act", Cell::text(act.act)));
    }
    let ends = act.outlook.map_or_else(|| "not possible".to_owned(), |outlook| outlook.to_string());
    let ends = act.code.as_ref().map_or(ends.clone(), |code| format!("{ends}: {code}"));
    let tone = match (act.possible, act.code.is_some()) {
        (true, false) => Tone::Good,
        (true, true) => Tone::Warn,
        (false, _) => Tone::Bad,
    };
    fields.push(("outcome", Cell::toned(ends, tone)));
    if let Some(resume) = &act.resume {
        let undo = |undo: bool| if undo { "undo " } else { "" };
        let steps: Vec<String> = resume
            .executed
            .iter()
            .map(|planned| format!("{}{}", undo(planned.undo), planned.step))
            .collect();
        fields.push(("runs", Cell::text(steps.join(", "))));
    }
    fields
}

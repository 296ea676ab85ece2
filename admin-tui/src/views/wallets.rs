//! Wallets: who has what, what is held, and how it came to be.

use wire::{OperatorWallet, Posting, Wallet};

use crate::cell::{Cell, Tone};
use crate::document::Document;
use crate::view::{Body, Target, View, choice, column, filter, row, wide};

fn status(status: &impl ToString) -> Cell {
    let status = status.to_string();
    let tone = if status == "active" { Tone::Good } else { Tone::Warn };
    Cell::toned(status, tone)
}

/// All wallets.
pub const LIST: View = View {
    name: "wallets",
    aliases: &["w"],
    about: "wallets with their balances",
    path: "/wallets",
    filters: &[
        filter("owner_id", "whose"),
        filter("currency", "ISO 4217 code"),
        choice("status", "active, frozen or closed", &["active", "frozen", "closed"]),
    ],
    body: Body::List {
        columns: &[
            column("id", 36, 0),
            wide("owner", 10, 30, 2),
            wide("label", 8, 24, 4),
            column("status", 8, 1),
            wide("ledger", 18, 28, 3),
            wide("available", 18, 28, 0),
            wide("held", 16, 28, 2),
        ],
        read: |raw| {
            row(
                raw,
                |wallet: &Wallet| wallet.id.to_string(),
                |wallet| {
                    let money = |minor: i64| Cell::money(minor, wallet.currency);
                    vec![
                        Cell::id(wallet.id),
                        Cell::text(&wallet.owner_id),
                        Cell::maybe(wallet.label.as_ref()),
                        status(&wallet.status),
                        money(wallet.balance.ledger_minor.0),
                        money(wallet.balance.available_minor.0),
                        money(wallet.balance.held_minor.0),
                    ]
                },
            )
        },
        opens: Some(|row| Some(Target::one("wallet", &row.id))),
    },
    acts: &[],
};

/// One wallet.
pub const ONE: View = View {
    name: "wallet",
    aliases: &["wa"],
    about: "one wallet with its balance, its holds, and its balance at an instant (at=...)",
    path: "/wallets/{id}",
    filters: &[filter("at", "its balance at this time too (RFC 3339)")],
    body: Body::Page { read: |raw| Ok(page(&serde_json::from_str(raw.get())?)), by_id: true },
    acts: &[],
};

fn page(found: &OperatorWallet) -> Document {
    let wallet = &found.wallet;
    let money = |minor: i64| Cell::money(minor, wallet.currency);
    let mut document = Document::new(format!("wallet {}", wallet.id)).fields([
        ("kind", Cell::text(found.kind)),
        ("role", Cell::maybe(found.role)),
        ("owner", Cell::text(&wallet.owner_id)),
        ("label", Cell::maybe(wallet.label.as_ref())),
        ("status", status(&wallet.status)),
        ("ledger balance", money(wallet.balance.ledger_minor.0)),
        ("available", money(wallet.balance.available_minor.0)),
        ("held", money(wallet.balance.held_minor.0)),
        ("floor", found.floor_minor.map_or(Cell::None, |floor| money(floor.0))),
        ("opened", Cell::At(wallet.created_at)),
        ("posted to last", found.last_posted_at.map_or(Cell::None, Cell::At)),
    ]);
    if let Some(then) = &found.then {
        document = document.fields([
            ("at the instant", Cell::At(then.as_of)),
            ("ledger balance then", money(then.ledger_minor.0)),
        ]);
    }
    let statement = [(
        vec![Cell::count(found.posting_count), Cell::toned("newest first", Tone::Link)],
        Some(Target::one("statement", wallet.id)),
    )];
    let transfers = [(
        vec![Cell::toned("both ways", Tone::Link)],
        Some(Target::of("transfers").with("wallet_id", wallet.id)),
    )];
    let heading = if found.more_holds { "holds, the oldest of them" } else { "holds" };
    document
        .table("statement", &["postings", "opens"], statement)
        .table("transfers", &["opens"], transfers)
        .table(heading, &["transfer", "held", "since", "next step", "parked because"], holds(found))
}

fn holds(found: &OperatorWallet) -> Vec<(Vec<Cell>, Option<Target>)> {
    let row = |hold: &wire::OpenHold| {
        let undo = if hold.undo { "undo " } else { "" };
        let cells = vec![
            Cell::id(hold.transfer_id),
            Cell::money(hold.held_minor.0, found.wallet.currency),
            Cell::Age(hold.accepted_at),
            Cell::text(format!("{undo}{}", hold.step)),
            hold.parked_reason.map_or(Cell::None, |reason| Cell::toned(reason, Tone::Bad)),
        ];
        (cells, Some(Target::one("transfer", hold.transfer_id)))
    };
    found.holds.iter().map(row).collect()
}

/// Its postings, each with the balance after it.
pub const STATEMENT: View = View {
    name: "statement",
    aliases: &["postings"],
    about: "the postings of a wallet, each with the balance after it",
    path: "/wallets/{id}/postings",
    filters: &[],
    body: Body::List {
        columns: &[
            column("seq", 9, 1),
            column("posted", 19, 0),
            column("side", 6, 3),
            wide("amount", 16, 28, 0),
            wide("balance after", 18, 28, 0),
            column("transfer", 36, 2),
        ],
        read: |raw| {
            row(
                raw,
                |posting: &Posting| posting.transfer_id.to_string(),
                |posting| {
                    vec![
                        Cell::count(posting.wallet_seq),
                        Cell::At(posting.posted_at),
                        Cell::text(posting.side),
                        Cell::money(posting.amount_minor.0, posting.currency),
                        Cell::money(posting.balance_after_minor.0, posting.currency),
                        Cell::id(posting.transfer_id),
                    ]
                },
            )
        },
        opens: Some(|row| Some(Target::one("transfer", &row.id))),
    },
    acts: &[],
};

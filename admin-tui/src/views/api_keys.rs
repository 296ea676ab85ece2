//! API keys of machines: who has one, what it may do, whether it is used.

use wire::ApiKey;

use crate::act::{Act, Method, Risk, nothing};
use crate::cell::{Cell, Tone};
use crate::document::Document;
use crate::view::{Body, Target, View, column, row, wide};

/// All of them.
pub const LIST: View = View {
    name: "api-keys",
    aliases: &["keys"],
    about: "API keys of machines, newest first",
    path: "/api-keys",
    filters: &[],
    body: Body::List {
        columns: &[
            column("id", 36, 3),
            wide("name", 12, 30, 0),
            column("good", 7, 0),
            wide("scopes", 14, 60, 1),
            wide("owner", 8, 24, 2),
            column("used", 8, 0),
            column("ends", 19, 1),
        ],
        read: |raw| {
            row(
                raw,
                |key: &ApiKey| key.id.to_string(),
                |key| {
                    vec![
                        Cell::id(key.id),
                        Cell::text(&key.name),
                        state(key),
                        Cell::text(scopes(key)),
                        owner(key),
                        Cell::age(key.last_used_at),
                        Cell::At(key.expires_at),
                    ]
                },
            )
        },
        opens: Some(|row| Some(Target::one("api-key", &row.id))),
    },
    acts: &[&REVOKE],
};

/// One of them.
pub const ONE: View = View {
    name: "api-key",
    aliases: &[],
    about: "one API key: what it may do, who made it, when it was used",
    path: "/api-keys/{id}",
    filters: &[],
    body: Body::Page { read: |raw| Ok(page(&serde_json::from_str(raw.get())?)), by_id: true },
    acts: LIST.acts,
};

fn page(key: &ApiKey) -> Document {
    Document::new(format!("API key {}", key.name)).fields([
        ("id", Cell::id(key.id)),
        ("good", state(key)),
        ("scopes", Cell::text(scopes(key))),
        ("owner", owner(key)),
        ("last used", key.last_used_at.map_or(Cell::None, Cell::At)),
        ("ends", Cell::At(key.expires_at)),
        ("made", Cell::At(key.created_at)),
        ("made by", Cell::text(&key.created_by)),
        ("because", Cell::text(&key.reason)),
        ("revoked", key.revoked_at.map_or(Cell::None, Cell::At)),
        ("revoked by", Cell::maybe(key.revoked_by.as_ref())),
    ])
}

fn state(key: &ApiKey) -> Cell {
    match (key.good, key.revoked_at) {
        (true, _) => Cell::toned("yes", Tone::Good),
        (false, Some(_)) => Cell::toned("revoked", Tone::Faint),
        (false, None) => Cell::toned("expired", Tone::Faint),
    }
}

fn scopes(key: &ApiKey) -> String {
    key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

/// A key without an owner acts for all of them, which is worth a look.
fn owner(key: &ApiKey) -> Cell {
    key.owner_id.as_ref().map_or_else(|| Cell::toned("all", Tone::Warn), Cell::text)
}

const REVOKE: Act = Act {
    name: "revoke",
    key: 'Z',
    about: "Ends the key for good, in all processes within seconds.",
    method: Method::Post,
    path: "/api-keys/{id}/revoke",
    facts: None,
    inputs: &[],
    body: nothing,
    leads_to: None,
    needs_reason: true,
    risk: Risk::Lasting,
    refusal: |key| (key["good"] == false).then(|| "it is not good any more".to_owned()),
};

//! A whole document.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use wire::{Problem, ProblemCode};

use super::operation::{Operation, problem_response};
use super::problems::{self, OF_NO_OPERATION};
use super::shape::{Schemas, Shape};

/// What is said of a document.
pub(super) struct Head {
    title: &'static str,
    description: &'static str,
    /// Tag and description, in the order of the page.
    tags: &'static [(&'static str, &'static str)],
}

pub(super) const PUBLIC: Head = Head {
    title: "Holdfast",
    description: "Wallets and transfers that never drop money.\n\n\
        Amounts are whole minor units (cents); times are RFC 3339 in UTC. Every error is a problem \
        document (RFC 9457) with a stable `code`. Lists give pages: send `next_cursor` as `cursor` to go \
        on. A request that moves money carries an `Idempotency-Key`, so that it can be sent again whatever \
        became of the answer. A path that is not here answers `route_not_found`; a method that a path does \
        not have answers `method_not_allowed`.\n\n\
        New fields in answers, new words in enumerations of answers and new problem codes are no breaking \
        change: skip what you do not know.",
    tags: &[
        ("wallets", "A wallet counts one currency for one owner."),
        ("transfers", "Money that moves, and the commands that move it."),
        ("providers", "What payout providers tell by themselves."),
        ("health", "For orchestrators and load balancers."),
    ],
};

pub(super) const ADMIN: Head = Head {
    title: "Holdfast for operators",
    description: "What operators see and do, on an address of its own.\n\n\
        Every operation needs the token of an operator. Every change needs a reason, decides under the lock \
        of what it changes, and is in the audit with it.",
    tags: &[
        ("overview", "How Holdfast stands, on one page."),
        ("transfers", "Transfers as operators find, stop and start them."),
        ("wallets", "Wallets, ours too."),
        ("limits", "What wallets and owners may send."),
        ("dead letters", "Sagas that gave up, and what can be done about each."),
        ("redrive plans", "Many dead letters at once: forecast, frozen, applied by hash."),
        ("access", "API keys of machines."),
        ("queues", "Queues, jobs, workers and switches."),
        ("sqs", "SQS queues and their dead messages."),
        ("audit", "Who did what and why; and the proof that no money was lost."),
        ("health", "For orchestrators."),
    ],
};

/// The document of these operations.
pub(super) fn build(head: &Head, operations: &[Operation]) -> Value {
    let mut schemas = Schemas::new();
    Shape::of::<Problem>().collect(&mut schemas);
    let mut paths = Map::new();
    let mut responses = Map::new();
    let mut add = |status: u16, codes: &BTreeSet<ProblemCode>| {
        let name = problems::response_name(status, codes);
        responses.entry(name).or_insert_with(|| problem_response(status, codes));
    };
    for operation in operations {
        operation.collect(&mut schemas);
        operation.all_problems().iter().for_each(|(status, codes)| add(*status, codes));
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = operation.write();
    }
    for code in OF_NO_OPERATION {
        add(code.status(), &BTreeSet::from([*code]));
    }
    let tag =
        |(name, description): &(&str, &str)| json!({ "name": name, "description": description });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": head.title, "description": head.description, "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": head.tags.iter().map(tag).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas, "responses": responses, "securitySchemes": problems::security_schemes(),
        },
    })
}

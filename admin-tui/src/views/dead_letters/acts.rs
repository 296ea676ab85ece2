//! What can be done to dead letters: to one, or to all of a cause.

use serde_json::{Map, Value, json};

use super::options;
use crate::act::{Act, Facts, Input, Method, Risk, fits, nothing};
use crate::stake::unless;

/// What the list of incidents calls the dead-letter queue of the database.
pub(in crate::views) const DATABASE: &str = "database";

/// The filter of a plan, from the id of a group: the cause, and the currency if there is one.
fn of_group(id: &str) -> Map<String, Value> {
    let (fingerprint, currency) =
        id.rsplit_once(' ').map_or((id, None), |(cause, currency)| (cause, Some(currency)));
    let mut filter = Map::new();
    filter.insert("fingerprint".to_owned(), json!(fingerprint));
    if let Some(currency) = currency {
        filter.insert("currency".to_owned(), json!(currency));
    }
    filter
}

/// The filter of a plan, from the id of an incident: the cause in all currencies.
fn of_incident(id: &str) -> Value {
    let cause = id.strip_suffix(DATABASE).map_or(id, str::trim_end);
    json!({"fingerprint": cause})
}

pub(super) const PLAN_GROUP: Act = Act {
    name: "redrive-group",
    key: 'R',
    about: "Makes a redrive plan of this cause: frozen, with a forecast for each. Nothing is sent before it is applied.",
    method: Method::Post,
    path: "/redrive-plans",
    facts: None,
    inputs: &[],
    body: |id| json!({"way": "redrive", "filter": of_group(id)}),
    leads_to: Some("plan"),
    needs_reason: false,
    risk: Risk::Harmless,
    refusal: fits,
};

pub(super) const TURN_GROUP: Act = Act {
    name: "compensate-group",
    key: 'C',
    about: "Makes a plan that turns this cause back: holds are returned, transfers fail. Nothing happens before it is applied.",
    body: |id| json!({"way": "compensate", "filter": of_group(id)}),
    ..PLAN_GROUP
};

pub(in crate::views) const PLAN_INCIDENT: Act = Act {
    body: |id| json!({"way": "redrive", "filter": of_incident(id)}),
    refusal: is_message,
    ..PLAN_GROUP
};

pub(in crate::views) const TURN_INCIDENT: Act = Act {
    body: |id| json!({"way": "compensate", "filter": of_incident(id)}),
    refusal: is_message,
    ..TURN_GROUP
};

fn is_message(incident: &Value) -> Option<String> {
    let queue = incident["queue"].as_str()?;
    Some(format!(
        "these are messages in {queue}: its line in the view sqs-queues (8) sends them back"
    ))
}

pub(super) const REDRIVE: Act = Act {
    name: "redrive",
    key: 'R',
    about: "Sends the transfer on from the step where it stuck.",
    method: Method::Post,
    path: "/dead-letters/{id}/redrive",
    facts: Some(Facts { view: "dead-letter-options", read: options::stake }),
    inputs: &[],
    body: nothing,
    leads_to: None,
    needs_reason: true,
    risk: Risk::Harmless,
    refusal: |letter| unless(letter, &["/status", "/dead_letter/status"], &["open"]),
};

pub(super) const COMPENSATE: Act = Act {
    name: "compensate",
    key: 'C',
    about: "Turns the transfer back now: the hold is returned and it fails.",
    path: "/dead-letters/{id}/compensate",
    risk: Risk::Lasting,
    ..REDRIVE
};

pub(super) const RETRY_COMPENSATION: Act = Act {
    name: "retry-compensation",
    key: 'T',
    about: "Tries an undo that failed again.",
    path: "/dead-letters/{id}/retry-compensation",
    ..REDRIVE
};

pub(super) const DISCARD: Act = Act {
    name: "discard",
    key: 'D',
    about: "Gives the transfer up: the hold is returned, nothing else is run, it fails for good.",
    path: "/dead-letters/{id}/discard",
    risk: Risk::Lasting,
    ..REDRIVE
};

pub(super) const RESOLVE: Act = Act {
    name: "resolve",
    key: 'E',
    about: "Ends the transfer by evidence of what happened outside.",
    path: "/dead-letters/{id}/resolve",
    inputs: &[
        Input {
            name: "outcome",
            about: "settled or failed",
            default: None,
            number: false,
            from_facts: false,
        },
        Input {
            name: "evidence",
            about: "what proves it, such as a booking reference",
            default: None,
            number: false,
            from_facts: false,
        },
    ],
    risk: Risk::Lasting,
    ..REDRIVE
};

pub(super) const FORCE: Act = Act {
    name: "force-forward",
    key: 'F',
    about: "Counts the step behind the pivot as done and goes on.",
    path: "/dead-letters/{id}/force-forward",
    risk: Risk::Lasting,
    ..REDRIVE
};

pub(super) const APPROVE_FORCE: Act = Act {
    name: "approve-force-forward",
    key: 'V',
    about: "Agrees that somebody else forces it forward, where an amount like this takes two.",
    path: "/dead-letters/{id}/approve-force-forward",
    ..REDRIVE
};

pub(super) const APPROVE_RESOLVE: Act = Act {
    name: "approve-resolve",
    key: 'W',
    about: "Agrees that somebody else resolves it so, where an amount like this takes two.",
    path: "/dead-letters/{id}/approve-resolve",
    inputs: &[Input {
        name: "outcome",
        about: "settled or failed",
        default: None,
        number: false,
        from_facts: false,
    }],
    ..REDRIVE
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_of_the_cause_that_is_named_and_never_of_all() {
        let filter = |act: &Act, id: &str| (act.body)(id)["filter"].clone();
        let cause = json!({"fingerprint": "screen/transient/x"});
        assert_eq!(filter(&PLAN_GROUP, "screen/transient/x"), cause);
        assert_eq!(
            filter(&TURN_GROUP, "screen/transient/x EUR"),
            json!({"fingerprint": "screen/transient/x", "currency": "EUR"})
        );
        assert_eq!(filter(&PLAN_INCIDENT, "screen/transient/x database"), cause);
        assert_eq!(filter(&TURN_INCIDENT, "screen/transient/x"), cause);
    }

    #[test]
    fn messages_of_sqs_are_no_dead_letters() {
        let refusal = PLAN_INCIDENT.refusal;
        assert_eq!(refusal(&json!({"queue": null})), None);
        assert!(
            refusal(&json!({"queue": "wallet-audit-dlq"})).unwrap().contains("wallet-audit-dlq")
        );
    }
}

//! The problems that follow from how an operation is called, and how responses with them are named.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wire::ProblemCode;
use wire::ProblemCode::{
    BodyTooLarge, BodyUnreadable, CommandRefused, Forbidden, HeadersTooLarge, InternalError,
    InvalidBody, InvalidHeader, InvalidParameter, Maintenance, MalformedJson, MethodNotAllowed,
    OperatorNotAllowed, OperatorUnknown, Overloaded, RateLimited, RouteNotFound, Unauthenticated,
    Unavailable, UnsupportedMediaType, UriTooLong,
};

use super::operation::Access;

/// What the door says, whoever asks for what.
const DOOR: &[ProblemCode] = &[InvalidHeader, UriTooLong, HeadersTooLarge, InternalError];
/// What whoever is not exempt from limits may hear, and whatever needs the database.
const WORK: &[ProblemCode] = &[InvalidParameter, RateLimited, Overloaded, Unavailable];
/// What is wrong with a body before anybody has looked at what it means.
const BODY: &[ProblemCode] =
    &[MalformedJson, BodyUnreadable, UnsupportedMediaType, BodyTooLarge, InvalidBody];

/// Problems of no operation: there is none at this path, or of this method.
pub(super) const OF_NO_OPERATION: &[ProblemCode] = &[RouteNotFound, MethodNotAllowed];

/// What an operation may answer because of how it is called.
pub(super) fn common(access: Access, writes: bool, has_body: bool) -> BTreeSet<ProblemCode> {
    let mut codes: BTreeSet<ProblemCode> = DOOR.iter().copied().collect();
    if access == Access::Health {
        return codes;
    }
    codes.extend(WORK);
    if has_body {
        codes.extend(BODY);
    }
    if writes {
        codes.insert(CommandRefused);
    }
    match access {
        Access::Health => {}
        Access::Client(_) => {
            codes.extend([Unauthenticated, Forbidden]);
            codes.extend(writes.then_some(Maintenance));
        }
        Access::Provider => codes.extend(writes.then_some(Maintenance)),
        // A token of the issuer without a role is not allowed to look, either.
        Access::Viewer | Access::Changer => codes.extend([OperatorUnknown, OperatorNotAllowed]),
    }
    codes
}

/// What it takes to call an operation.
pub(super) fn security(access: Access) -> Value {
    match access {
        Access::Health | Access::Provider => json!([]),
        Access::Client(scope) => json!([{ "token": [scope] }]),
        Access::Viewer | Access::Changer => json!([{ "operator": [] }]),
    }
}

/// The schemes that [`security`] names.
pub(super) fn security_schemes() -> Value {
    json!({
        "token": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A token of the issuer, or an API key, with the scope that stands with the operation.",
        },
        "operator": {
            "type": "http", "scheme": "bearer",
            "description": "The token of an operator, who has a name and a role: ours, or one of the issuer.",
        },
    })
}

/// Headers of the answers with a status: name, meaning, whether always.
pub(super) fn headers(status: u16) -> &'static [(&'static str, &'static str, bool)] {
    match status {
        401 => &[("WWW-Authenticate", "What to prove oneself with.", true)],
        429 => &[("Retry-After", "Seconds until there is room for the request.", true)],
        503 => &[("Retry-After", "Seconds after which to send the same request again.", false)],
        _ => &[],
    }
}

/// One name for each set of problems: many operations have the same.
pub(super) fn response_name(status: u16, codes: &BTreeSet<ProblemCode>) -> String {
    let words: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    format!("{status}.{}", words.join("-"))
}

//! How the door says no.

use domain::access::{Scope, Scopes};
use wire::ProblemCode;

use crate::error::ApiError;

/// The issuer is asked again by then.
const RETRY_AFTER_ISSUER_S: u32 = 10;

impl ApiError {
    /// Nothing was sent that could tell who asks.
    pub(crate) fn no_credentials() -> Self {
        let detail = "must be `Bearer` and a token or an API key, sent once";
        Self::field(ProblemCode::Unauthenticated, "Authorization", detail).challenge("Bearer")
    }

    /// What was sent does not open the door. The reason is for whoever sent it, and holds nothing of what was sent.
    pub(crate) fn invalid_token(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        let quoted = reason.replace(['"', '\\'], "'");
        let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{quoted}\"");
        Self::new(ProblemCode::Unauthenticated, reason).challenge(challenge)
    }

    /// The caller is known, and may not.
    pub(crate) fn missing_scope(needed: Scope, has: Scopes) -> Self {
        let has = if has.is_empty() { "none".to_owned() } else { has.to_string() };
        let detail = format!("This needs the scope {needed}; the token or key has: {has}.");
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{needed}\"");
        Self::new(ProblemCode::Forbidden, detail).challenge(challenge)
    }

    /// Wallets are opened by their owner, or by whoever acts for all of them.
    pub(crate) fn not_the_owner() -> Self {
        let detail = "A wallet of another owner is opened only with the scope wallet:admin, or with an API key that \
                      is bound to no owner.";
        Self::new(ProblemCode::Forbidden, detail)
    }

    /// The caller sees the transfer, but the money is not theirs to move.
    pub(crate) fn not_the_source() -> Self {
        let detail = "Only the owner of the wallet that the money comes from may do this.";
        Self::new(ProblemCode::Forbidden, detail)
    }

    /// Nobody can tell whether the token is good.
    pub(crate) fn issuer_away() -> Self {
        let detail = "The issuer of tokens has not answered yet, so no token can be checked. Send \
                      the same request again.";
        Self::new(ProblemCode::Unavailable, detail).retry_after(RETRY_AFTER_ISSUER_S)
    }

    /// Nobody is known by what was sent to the operators' address.
    pub(crate) fn operator_unknown() -> Self {
        let detail = "must be `Bearer` and the token of an operator";
        Self::field(ProblemCode::OperatorUnknown, "Authorization", detail)
    }

    /// A token of the issuer that gives no role.
    pub(crate) fn no_role() -> Self {
        let detail = "The token gives no role here; it needs viewer, operator or approver.";
        Self::new(ProblemCode::OperatorNotAllowed, detail)
    }
}

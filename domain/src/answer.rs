//! What comes from outside for the step at hand, and what a saga waits for.

use serde::{Deserialize, Serialize};

use crate::money::MinorUnits;
use crate::text::words;

words! {
    /// What has to come from outside before a saga goes on.
    Awaited {
        /// The answer to a call that is to be made.
        Call = "call",
        /// The word of the provider that a payout was made; in time it is asked for.
        Confirmation = "confirmation",
        /// The client's word to take the money that is held.
        Capture = "capture",
        /// The word of an operator on what a screening left open.
        Review = "review",
    }
}

/// What came from outside for the step at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    /// Screening: go on.
    Allowed,
    /// Screening: no.
    Denied {
        /// For programs.
        code: String,
        /// For people.
        detail: String,
    },
    /// Screening: a person is to look.
    Review {
        /// For people.
        detail: String,
    },
    /// The provider has taken a payout.
    Accepted {
        /// The provider's own id of it; none when it gives none.
        provider_reference: Option<String>,
    },
    /// The payout is still under way.
    Pending,
    /// The payout was made.
    Paid {
        /// The provider's own id of it; none when it gives none.
        provider_reference: Option<String>,
    },
    /// The payout was not made and will not be.
    Declined {
        /// For programs.
        code: String,
        /// For people.
        detail: String,
    },
    /// The provider has never seen the payout's key.
    NotFound,
    /// The request surely did not reach the provider.
    NotSent {
        /// For people.
        detail: String,
    },
    /// The request may or may not have reached the provider.
    Unknown {
        /// For people.
        detail: String,
    },
    /// The client takes what is held, or a part of it.
    Capture {
        /// How much, in minor units.
        amount_minor: MinorUnits,
    },
    /// The client gives back what is held.
    Void {
        /// In the client's words.
        detail: String,
    },
    /// The time of the hold is over.
    Expired,
    /// An operator looked: go on.
    ReviewAllowed,
    /// An operator looked: no.
    ReviewDenied {
        /// In the operator's words.
        detail: String,
    },
}

//! What sagas wait for outside the database, and what comes from there.
//!
//! An open row has room for one answer. Whoever brings one, a call, a provider's notice, a
//! client, an operator or the clock, writes it there on the condition that the row still waits
//! for it; so of several at once one has its way. The lane that runs the step next reads it.

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, FailureClass};
use crate::money::MinorUnits;
use crate::text::words;

words! {
    /// What an open row waits for, besides its time.
    Awaited {
        /// A call to somebody outside is to be made, or is under way. The row is due when the
        /// next one may be made.
        Call = "call",
        /// The provider's word that it has paid. When the row is due, the provider is asked.
        Confirmation = "confirmation",
        /// Capture or void by the client. When the row is due, the hold is out of time.
        Capture = "capture",
        /// An operator's verdict about a transfer that the screening service is not sure of.
        Review = "review",
    }
}

words! {
    /// What an operator finds of a transfer that the screening service is not sure of.
    Verdict {
        /// Nothing speaks against it: the transfer goes on.
        Allow = "allow",
        /// No: what was held is given back, and the transfer ends as rejected.
        Deny = "deny",
    }
}

/// What has come from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    /// Screening: nothing speaks against it.
    Allowed,
    /// Screening: no.
    Denied {
        /// Stable code of the service.
        code: String,
        /// One sentence.
        detail: String,
    },
    /// Screening: a person has to look at it.
    Review {
        /// Why.
        detail: String,
    },
    /// An operator allows it.
    ReviewAllowed,
    /// An operator does not allow it.
    ReviewDenied {
        /// Why.
        detail: String,
    },
    /// The provider has taken the payout on.
    Accepted {
        /// The provider's own id of it.
        provider_reference: Option<String>,
    },
    /// The provider is still at it.
    Pending,
    /// The provider has paid.
    Paid {
        /// The provider's own id of it.
        provider_reference: Option<String>,
    },
    /// The provider does not pay, for good.
    Declined {
        /// Stable code of the provider.
        code: String,
        /// One sentence.
        detail: String,
    },
    /// The provider has never seen the payout.
    NotFound,
    /// The call surely did not reach anybody.
    NotSent {
        /// Why.
        detail: String,
    },
    /// The call may have had its effect, or not.
    Unknown {
        /// What was seen.
        detail: String,
    },
    /// The client takes this much of the hold; the rest is given back.
    Capture {
        /// In minor units; at most what is held.
        amount_minor: MinorUnits,
    },
    /// The client gives the hold back.
    Void {
        /// Why.
        detail: String,
    },
    /// The hold is out of time.
    Expired,
}

impl Answer {
    /// What an answer means beside what the provider has told by itself meanwhile, which says more. But a payout that is
    /// declined to us and told to be paid is neither: the money of one that was paid must not be given back, so the
    /// provider is asked again.
    #[must_use]
    pub fn beside(self, told: Self) -> Self {
        match (self, told) {
            (Self::Declined { code, .. }, Self::Paid { .. }) => Self::Unknown {
                detail: format!("The provider has told that it is paid, and declines it: {code}."),
            },
            (heard @ (Self::Declined { .. } | Self::Paid { .. }), _) => heard,
            (_, told) => told,
        }
    }

    /// What it means for asking a screening service; none when the step is to wait for a review.
    pub fn of_screening(&self) -> Option<Result<(), Failure>> {
        let failed = |class, code, detail: &str| Some(Err(Failure::new(class, code, detail)));
        match self {
            Self::Allowed | Self::ReviewAllowed => Some(Ok(())),
            Self::Denied { detail, .. } => {
                failed(FailureClass::Rejected, "screening_denied", detail)
            }
            Self::ReviewDenied { detail } => {
                failed(FailureClass::Rejected, "screening_denied_by_operator", detail)
            }
            Self::Review { .. } => None,
            // To ask again changes nothing, so it does not matter whether it was heard.
            Self::NotSent { detail } | Self::Unknown { detail } => {
                failed(FailureClass::Transient, "screening_away", detail)
            }
            other => failed(FailureClass::Transient, "screening_not_understood", other.name()),
        }
    }

    /// What it means for handing in a payout.
    pub fn of_submission(&self) -> Result<(), Failure> {
        let failed = |class, code, detail: &str| Err(Failure::new(class, code, detail));
        match self {
            Self::Accepted { .. } | Self::Pending | Self::Paid { .. } => Ok(()),
            Self::Declined { detail, .. } => {
                failed(FailureClass::Permanent, "payout_declined", detail)
            }
            Self::NotSent { detail } => failed(FailureClass::Transient, "provider_away", detail),
            Self::NotFound => {
                let detail = "The provider does not know the payout.";
                failed(FailureClass::Transient, "payout_not_found", detail)
            }
            Self::Unknown { detail } => {
                failed(FailureClass::Unknown, "payout_outcome_unknown", detail)
            }
            other => failed(FailureClass::Unknown, "payout_not_understood", other.name()),
        }
    }

    /// What it means for a payout that was handed in; none when there is no news.
    pub fn of_confirmation(&self) -> Option<Result<(), Failure>> {
        let failed = |class, code, detail: &str| Some(Err(Failure::new(class, code, detail)));
        match self {
            Self::Paid { .. } => Some(Ok(())),
            Self::Declined { detail, .. } => {
                failed(FailureClass::Permanent, "payout_declined", detail)
            }
            Self::NotFound => {
                let detail = "The provider no longer knows the payout that it had accepted.";
                failed(FailureClass::Unknown, "payout_lost", detail)
            }
            _ => None,
        }
    }

    /// What it means for a hold that waits to be captured; none when it is no answer to that.
    pub fn of_hold(&self) -> Option<Result<MinorUnits, Failure>> {
        let turned = |class, code, detail: &str| Some(Err(Failure::new(class, code, detail)));
        match self {
            Self::Capture { amount_minor } => Some(Ok(*amount_minor)),
            Self::Void { detail } => turned(FailureClass::Voided, "voided", detail),
            Self::Expired => {
                turned(FailureClass::Expired, "hold_expired", "The hold was out of time.")
            }
            _ => None,
        }
    }

    /// The provider's own id of the payout, if the answer has it.
    pub fn provider_reference(&self) -> Option<&str> {
        match self {
            Self::Accepted { provider_reference } | Self::Paid { provider_reference } => {
                provider_reference.as_deref()
            }
            _ => None,
        }
    }

    /// Its kind, as it is stored.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied { .. } => "denied",
            Self::Review { .. } => "review",
            Self::ReviewAllowed => "review_allowed",
            Self::ReviewDenied { .. } => "review_denied",
            Self::Accepted { .. } => "accepted",
            Self::Pending => "pending",
            Self::Paid { .. } => "paid",
            Self::Declined { .. } => "declined",
            Self::NotFound => "not_found",
            Self::NotSent { .. } => "not_sent",
            Self::Unknown { .. } => "unknown",
            Self::Capture { .. } => "capture",
            Self::Void { .. } => "void",
            Self::Expired => "expired",
        }
    }
}

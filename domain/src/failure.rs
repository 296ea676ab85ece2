//! How a step goes wrong, and what that means for the saga.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::saga::Step;
use crate::text::words;

words! {
    /// The ways to fail, and the two ways to end by decision, which turn a saga back as a
    /// failure does. The saga looks at nothing else to decide what is next.
    FailureClass {
        /// A rule said no. The request was understood; trying again changes nothing.
        Rejected = "rejected",
        /// May pass later: a time-out, a dependency away.
        Transient = "transient",
        /// Never will, and no rule of ours said no.
        Permanent = "permanent",
        /// It may or may not have happened. Never compensated blindly.
        Unknown = "unknown",
        /// The client gave the hold back.
        Voided = "voided",
        /// The hold was out of time.
        Expired = "expired",
    }
}

/// One failure of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What it means for the saga.
    pub class: FailureClass,
    /// Stable lower snake_case code, for programs.
    pub code: String,
    /// One sentence, for people.
    pub detail: String,
}

impl Failure {
    /// A failure of `class` with a stable `code` and a sentence.
    pub fn new(class: FailureClass, code: &str, detail: impl Into<String>) -> Self {
        Self { class, code: code.to_owned(), detail: detail.into() }
    }

    /// Whether the same step may succeed later.
    pub fn is_transient(&self) -> bool {
        self.class == FailureClass::Transient
    }

    /// What makes two failures the same: step, class and code, but not the sentence.
    pub fn fingerprint(&self, step: Step) -> CauseFingerprint {
        CauseFingerprint(format!("{step}/{}/{}", self.class, self.code))
    }
}

/// Groups dead letters by their cause, as `step/class/code`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CauseFingerprint(pub String);

impl fmt::Display for CauseFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

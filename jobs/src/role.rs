//! What a process does: all of it by default, or the roles that it is given.

use std::str::FromStr;

/// One kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Advances transfers, and keeps the house.
    Sagas,
    /// Sends events to the queues.
    Relay,
    /// Receives events for the audit trail.
    Audit,
    /// Receives events for the business figures.
    Metrics,
    /// Carries out what operators decide: redrive plans, and acts on the queues.
    Desk,
    /// Asks others for payouts and screenings.
    Calls,
}

/// Every role, with its name.
const ROLES: &[(Role, &str)] = &[
    (Role::Sagas, "sagas"),
    (Role::Relay, "relay"),
    (Role::Audit, "audit"),
    (Role::Metrics, "metrics"),
    (Role::Desk, "desk"),
    (Role::Calls, "calls"),
];

impl Role {
    /// All roles.
    pub fn all() -> Vec<Self> {
        ROLES.iter().map(|(role, _)| *role).collect()
    }

    /// Reads a list such as `sagas,relay`. The error is the rest of a sentence.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        text.split(',').map(|name| name.trim().parse()).collect()
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        ROLES.iter().find(|(role, _)| *role == self).map_or("", |(_, name)| name)
    }

    /// Whether it is of no use without SQS.
    pub fn needs_sqs(self) -> bool {
        !matches!(self, Self::Sagas | Self::Desk | Self::Calls)
    }

    /// Whether it has something to do with SQS, where there is SQS.
    pub(crate) fn uses_sqs(self) -> bool {
        !matches!(self, Self::Sagas | Self::Calls)
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        ROLES.iter().find(|(_, name)| *name == text).map(|(role, _)| *role).ok_or_else(|| {
            let names: Vec<&str> = ROLES.iter().map(|(_, name)| *name).collect();
            format!("names '{text}', which is no role; the roles are {}", names.join(", "))
        })
    }
}

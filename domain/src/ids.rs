//! One type for each kind of id, so that a wallet's id cannot stand where a
//! transfer's is meant. All are uuid v7 made by the server, except system
//! wallets' (see [`crate::wallet::system_wallet_id`]).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id! {
    /// An API key of a machine; a part of what it sends, and no secret.
    ApiKeyId
}
id! {
    /// What an operator wants done to a queue.
    CommandId
}
id! {
    /// A dead letter: one saga that gave up and waits for a person.
    DeadLetterId
}
id! {
    /// A journal entry.
    EntryId
}
id! {
    /// An event, as consumers see it; they drop duplicates by it.
    EventId
}
id! {
    /// A limit on what a wallet or an owner sends.
    LimitId
}
id! {
    /// A redrive plan.
    PlanId
}
id! {
    /// A transfer; also the id of its saga.
    TransferId
}
id! {
    /// A wallet.
    WalletId
}

/// Bits of a uuid v7 behind its time: version, variant, counter and chance.
const REST: u128 = (1 << 80) - 1;
/// The last millisecond that 48 bits can tell.
const LAST_MS: u64 = (1 << 48) - 1;

/// A uuid v7 made anew, with the millisecond of `at` in place of that in which it was made.
///
/// The rest stays, and is unique without the time: 74 bits of a counter that begins by chance.
pub(crate) fn of_millisecond(new: Uuid, at: DateTime<Utc>) -> Uuid {
    let ms = u64::try_from(at.timestamp_millis()).unwrap_or(0).min(LAST_MS);
    Uuid::from_u128((u128::from(ms) << 80) | (new.as_u128() & REST))
}

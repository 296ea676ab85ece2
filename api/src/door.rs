//! The door: what a request has to pass before anybody reads what it wants.
//!
//! `accept` takes connections: so many at a time, with TLS where a certificate is configured, and a
//! time by which each must have sent its headers and taken its answer. `guard` looks at each request:
//! its size, how often its address and its credential ask, and whether there is room for one more.
//! `Door::admit_owner` is for whoever has found out whose credential it is. All counts are those of this
//! process.
//!
//! Invariant: what the door refuses has had no effect, and whoever has not been refused yet is never
//! made to wait for whoever has.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use tokio::sync::Semaphore;

mod accept;
mod address;
mod config;
mod files;
mod guard;
mod headers;
mod rate;
mod refused;
mod seats;
mod shares;
mod tls;
mod turn;
mod watched;

use crate::error::ApiError;
pub(crate) use accept::{Listener, serve};
pub use address::Networks;
pub use config::{DoorConfig, Rate, TlsFiles};
pub(crate) use config::{Origins, RateText};
pub(crate) use guard::{Side, guard};
pub(crate) use headers::cors;
use rate::Allowances;
use refused::Refused;
pub(crate) use shares::{InHand, Share, Shares};
pub(crate) use tls::Certificate;
pub use tls::TlsError;

/// What all requests of a process pass.
pub(crate) struct Door {
    addresses: Option<Allowances>,
    keys: Option<Allowances>,
    owners: Option<Allowances>,
    /// One permit for each request in hand: operators are let in when customers have filled their room.
    customers: Semaphore,
    operators: Semaphore,
    /// Of the customers' room.
    shares: Shares,
    /// Whose word about the client's address is taken.
    proxies: Networks,
    /// So that nobody can choose names that share an allowance.
    hashing: RandomState,
    refused: Refused,
}

impl Door {
    /// Starts the task that forgets who has not asked for a while, and asks the system for as many open
    /// files as there may be.
    pub(crate) fn new(config: &DoorConfig) -> Self {
        files::raise_limit(config.connections_max);
        let of = |rate: Option<Rate>| rate.map(Allowances::start);
        Self {
            addresses: of(config.rate_address),
            keys: of(config.rate_key),
            owners: of(config.rate_owner),
            customers: Semaphore::new(config.requests_max),
            operators: Semaphore::new(config.requests_max),
            shares: Shares::of(config.requests_max),
            proxies: config.trusted_proxies.clone(),
            hashing: RandomState::new(),
            refused: Refused::default(),
        }
    }

    /// A place for a request of this caller, who has shown who they are. Says no when they have as many in hand
    /// as one may: a request that waits for its outcome, or for its own body, is cheap to send and long in hand.
    pub(crate) fn admit_caller(&self, caller: &str) -> Result<Share, ApiError> {
        self.shares.take(caller).ok_or_else(|| {
            self.refused.count("caller");
            ApiError::too_many_in_hand()
        })
    }

    /// Says no when this owner's keys together ask too often. For whoever knows the owner of a request,
    /// before it has any effect.
    pub(crate) fn admit_owner(&self, owner_id: &str) -> Result<(), ApiError> {
        self.admit(self.owners.as_ref(), self.hashing.hash_one(owner_id), "owner")
    }

    /// Says no when this credential is used too often. It is not believed yet: whoever sends many
    /// different ones is stopped by the limit of the address.
    fn admit_key(&self, credential: &[u8]) -> Result<(), ApiError> {
        self.admit(self.keys.as_ref(), self.hashing.hash_one(credential), "key")
    }

    fn admit_address(&self, address: IpAddr) -> Result<(), ApiError> {
        self.admit(self.addresses.as_ref(), self.hashing.hash_one(address), "address")
    }

    fn admit(
        &self,
        allowances: Option<&Allowances>,
        who: u64,
        what: &'static str,
    ) -> Result<(), ApiError> {
        let Some(allowances) = allowances else { return Ok(()) };
        allowances.take(who).map_err(|seconds| {
            self.refused.count(what);
            ApiError::rate_limited(what, seconds)
        })
    }
}

//! Everything that is asked of others over the network: payouts and screenings.
//!
//! What counts is to know what an answer does not say. [`Answer::NotSent`] is only for
//! requests of which surely nothing has reached the other side; whatever may have, and of which
//! no answer can be read, is [`Answer::Unknown`] and is asked about by its key. Nothing here
//! waits while it has a connection to the database.
//!
//! The way of a call: `worker` takes it with a lease, `ask` passes it through the provider's
//! `guard` (places and circuit breaker) to an adapter, which knows the protocol that
//! `docs/PROVIDERS.md` describes, over `http`, which knows what a broken connection means.

use chrono::{DateTime, Utc};
use domain::answer::Answer;
use domain::ids::{TransferId, WalletId};
use domain::money::{Amount, Currency};
use futures::future::BoxFuture;
use serde_json::Value;
use store::calls::Call;

mod ask;
mod breaker;
mod config;
mod guard;
mod http;
mod payouts;
mod screening;
mod text;
mod watched;
mod worker;

pub use config::{OutsideConfig, ProviderConfig, Token};
pub use http::OutsideError;
pub use payouts::HttpPayouts;
pub use screening::HttpScreener;

pub(crate) use worker::{Calls, drain};

/// A payout to make.
#[derive(Debug, Clone, PartialEq)]
pub struct PayoutOrder {
    /// The transfer; also the key by which the provider knows the payout again.
    pub id: TransferId,
    /// Where the money comes from.
    pub source: WalletId,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// The client's own text; none when none was given.
    pub reference: Option<String>,
    /// Who receives it: a JSON object.
    pub beneficiary: Value,
}

/// A transfer to be looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The transfer.
    pub id: TransferId,
    /// Where the money comes from.
    pub source: WalletId,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// The client's own text; none when none was given.
    pub reference: Option<String>,
    /// Who receives a payout; none for other transfers.
    pub beneficiary: Option<Value>,
    /// When it is asked.
    pub asked_at: DateTime<Utc>,
}

/// Who makes payouts.
pub trait PayoutProvider: Send + Sync {
    /// Asks for a payout. Asked again with the same id, the provider makes no second one.
    ///
    /// Answers: `Accepted`, `Paid`, `Declined`, `NotSent`, `Unknown`.
    fn submit<'a>(&'a self, order: &'a PayoutOrder) -> BoxFuture<'a, Answer>;

    /// Asks what became of a payout.
    ///
    /// Answers: `Accepted` while it is under way, `Paid`, `Declined`, `NotFound`, `NotSent`,
    /// `Unknown`.
    fn probe(&self, id: TransferId) -> BoxFuture<'_, Answer>;
}

/// Who says whether a transfer may go on.
pub trait Screener: Send + Sync {
    /// Asks. To ask twice is harmless.
    ///
    /// Answers: `Allowed`, `Denied`, `Review`, `NotSent`, `Unknown`.
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answer>;
}

/// Where a call stands, for the tests that kill the process there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallPoint {
    /// The lease is committed, nothing was sent.
    BeforeCall,
    /// The answer is there, nothing of it is written down.
    AfterCall,
}

/// Told when a call passes a [`CallPoint`].
pub trait CallProbe: Send + Sync {
    /// `call` as it was taken.
    fn reached(&self, point: CallPoint, call: &Call);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCallProbe;

impl CallProbe for NoCallProbe {
    fn reached(&self, _: CallPoint, _: &Call) {}
}

//! A transfer's fields and wallets, checked in the same way however the command came.

use domain::idempotency::IdempotencyKey;
use domain::ids::{TransferId, WalletId};
use domain::money::{Amount, Currency};
use domain::transfer::{TransferKind, check_ends};
use serde_json::Value;
use store::facts::WalletFacts;
use store::intake::NewTransfer;
use uuid::Uuid;
use wire::{CreateTransfer, FieldError, ProblemCode};

use super::terms::{self, Hold};
use crate::auth::Caller;
use crate::check::Checks;
use crate::error::ApiError;
use crate::extract::Trace;
use crate::state::App;

/// A transfer whose fields are right. Whether its wallets are is not known yet.
#[derive(Debug)]
pub(super) struct Checked {
    source: WalletId,
    destination: WalletId,
    amount: Amount,
    currency: Currency,
    reference: Option<String>,
    metadata: Option<Value>,
    hold: Hold,
}

impl Checked {
    /// Finds all that is wrong with the fields.
    pub(super) fn of(body: CreateTransfer) -> Result<Self, ApiError> {
        let (source, destination) = (body.source_wallet_id, body.destination_wallet_id);
        let mut checks = Checks::default();
        if let Err(error) = check_ends(source, destination) {
            checks.wrong(ProblemCode::SameWallet, "destination_wallet_id", error.to_string());
        }
        let amount = checks.amount("amount_minor", body.amount_minor);
        let currency = checks.currency("currency", &body.currency);
        checks.optional_text("reference", body.reference.as_deref());
        let metadata = checks.metadata("metadata", body.metadata);
        let hold = terms::hold(&mut checks, body.capture, body.hold_seconds);
        checks.finish()?;
        let (Some(amount), Some(currency)) = (amount, currency) else {
            return Err(ApiError::internal("the checks passed without an amount or a currency"));
        };
        let reference = body.reference;
        Ok(Self { source, destination, amount, currency, reference, metadata, hold })
    }

    /// Its wallets, each with the field that names it.
    pub(super) fn ends(&self) -> [(&'static str, WalletId); 2] {
        [("source_wallet_id", self.source), ("destination_wallet_id", self.destination)]
    }

    /// The currency that both wallets must count.
    pub(super) fn currency(&self) -> Currency {
        self.currency
    }

    /// The command, with the id that its transfer will have.
    pub(super) fn command(
        self,
        app: &App,
        caller: String,
        key: IdempotencyKey,
        trace: &Trace,
    ) -> NewTransfer {
        NewTransfer {
            id: TransferId(Uuid::now_v7()),
            kind: TransferKind::Transfer,
            caller,
            key,
            source: Some(self.source),
            destination: self.destination,
            amount: self.amount,
            currency: self.currency,
            reference: self.reference,
            metadata: self.metadata,
            correlation_id: trace.correlation_id.clone(),
            traceparent: trace.traceparent.clone(),
            terms: app.terms_of(TransferKind::Transfer, self.hold.terms()),
            terms_asked: self.hold.asked(),
        }
    }
}

/// Forgets the first of the wallets, where the money comes from, if it is not the sender's: it is then refused in the
/// same words as one that nobody knows.
pub(super) fn hide_source<const N: usize>(sender: &Caller, facts: &mut [Option<WalletFacts>; N]) {
    if let Some(source) = facts.first_mut() {
        *source = source.filter(|facts| sender.owns(facts));
    }
}

/// Says no to wallets that nobody knows or that count another currency. `facts` are those of
/// customers' wallets, in the same order.
///
/// A key that was used before with the same body passes here, too, because these
/// facts never change; so the replay is never hidden behind another answer.
pub(super) fn judge_wallets<const N: usize>(
    wallets: [(&str, WalletId); N],
    facts: [Option<WalletFacts>; N],
    currency: Currency,
) -> Result<(), ApiError> {
    let mut unknown = Vec::new();
    let mut mismatched = Vec::new();
    for ((field, _), fact) in wallets.iter().zip(facts) {
        match fact {
            None => unknown.push(FieldError::new(*field, "no wallet has this id")),
            Some(fact) if fact.currency != currency => {
                let detail = format!("the wallet counts {}, not {currency}", fact.currency);
                mismatched.push(FieldError::new(*field, detail));
            }
            Some(_) => {}
        }
    }
    if !unknown.is_empty() {
        return Err(ApiError::fields(ProblemCode::WalletNotFound, unknown));
    }
    if !mismatched.is_empty() {
        return Err(ApiError::fields(ProblemCode::CurrencyMismatch, mismatched));
    }
    Ok(())
}

//! A transfer: what a customer asks, and the rules that may say no.

use crate::failure::{Failure, FailureClass};
use crate::ids::WalletId;
use crate::money::Amount;
use crate::text::words;
use crate::wallet::{HotWallet, Side, WalletStatus};

words! {
    /// What sort of transfer it is.
    TransferKind {
        /// From one customer's wallet to another's.
        Transfer = "transfer",
        /// Money in, from the system cash wallet.
        Deposit = "deposit",
        /// Money out, to an account elsewhere, through a provider.
        Payout = "payout",
        /// Takes back what a settled transfer or deposit has moved, or part of it.
        Reversal = "reversal",
    }
}

impl TransferKind {
    /// Whether what it takes from a customer's wallet counts against limits.
    pub const fn is_limited(self) -> bool {
        match self {
            Self::Transfer | Self::Payout => true,
            // A deposit is paid by us. A reversal only gives back what was received, and whoever
            // must give back must not be kept from it.
            Self::Deposit | Self::Reversal => false,
        }
    }
}

words! {
    /// What a client sees of a transfer.
    TransferStatus {
        /// Written down; nothing has moved. The saga moves it on.
        Accepted = "accepted",
        /// A hold reserves the amount. The saga moves it on.
        Held = "held",
        /// Final: the money has moved.
        Settled = "settled",
        /// Final: a rule said no before anything moved.
        Rejected = "rejected",
        /// Final: failed for good, and compensated.
        Failed = "failed",
        /// Not final: waits for a person; has an open dead letter.
        Stuck = "stuck",
        /// Final: the hold was given back by decision.
        Voided = "voided",
        /// Final: the hold was given back by time.
        Expired = "expired",
    }
}

impl TransferStatus {
    /// Whether it never changes again.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Settled | Self::Rejected | Self::Failed | Self::Voided | Self::Expired)
    }
}

words! {
    /// A rule said no. The order of the variants is the order of the checks.
    Rejection {
        /// The source wallet is not there.
        SourceUnknown = "source_unknown",
        /// The destination wallet is not there.
        DestinationUnknown = "destination_unknown",
        /// A wallet counts another currency.
        CurrencyMismatch = "currency_mismatch",
        /// The available balance would fall below the floor.
        InsufficientFunds = "insufficient_funds",
        /// A counter of a wallet would leave the range of 64 bits.
        CounterOverflow = "counter_overflow",
        /// The source is closed.
        SourceClosed = "source_closed",
        /// The source is frozen.
        SourceFrozen = "source_frozen",
        /// The destination is closed.
        DestinationClosed = "destination_closed",
        /// A limit of the source or of its owner does not allow it. The failure's sentence says
        /// which; see [`crate::limit::LimitExceeded`].
        LimitExceeded = "limit_exceeded",
        /// All reversals of a transfer together would take back more than it has moved.
        ReversalTooLarge = "reversal_too_large",
    }
}

impl Rejection {
    /// Whether the same request may pass later, as a new transfer.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::InsufficientFunds | Self::SourceFrozen | Self::LimitExceeded)
    }

    /// One sentence for people.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::SourceUnknown => "The source wallet does not exist.",
            Self::DestinationUnknown => "The destination wallet does not exist.",
            Self::CurrencyMismatch => "A wallet counts another currency than the transfer's.",
            Self::InsufficientFunds => "The available balance of the source wallet is too small.",
            Self::CounterOverflow => "A wallet cannot count that much more.",
            Self::SourceClosed => "The source wallet is closed.",
            Self::SourceFrozen => "The source wallet is frozen and may not send.",
            Self::DestinationClosed => "The destination wallet is closed.",
            Self::LimitExceeded => "A limit of the source wallet or of its owner is exceeded.",
            Self::ReversalTooLarge => {
                "It would take back more than the transfer has moved and other reversals have left."
            }
        }
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::new(FailureClass::Rejected, rejection.as_str(), rejection.detail())
    }
}

/// May the amount be reserved? The checks of the step that places the hold.
pub fn check_hold(
    source: Option<&HotWallet>,
    destination: Option<&HotWallet>,
    amount: Amount,
    currency: crate::money::Currency,
) -> Result<(), Rejection> {
    let source = source.ok_or(Rejection::SourceUnknown)?;
    let destination = destination.ok_or(Rejection::DestinationUnknown)?;
    if source.currency != currency || destination.currency != currency {
        return Err(Rejection::CurrencyMismatch);
    }
    let available = source.balances.available(source.normal_side);
    let left = available.and_then(|available| match source.normal_side {
        Side::Credit => available.minus(amount.minor()),
        Side::Debit => Ok(available),
    });
    if left.map_or(true, |left| left < source.floor) {
        return Err(Rejection::InsufficientFunds);
    }
    let overflow = |_| Rejection::CounterOverflow;
    let pending = source.balances.debits_pending.plus(amount.minor()).map_err(overflow)?;
    source.balances.debits_posted.plus(pending).map_err(overflow)?;
    destination.balances.credits_posted.plus(amount.minor()).map_err(overflow)?;
    Ok(())
}

/// May these two wallets do business? The checks of the screening step.
pub fn check_screen(source: &HotWallet, destination: &HotWallet) -> Result<(), Rejection> {
    match source.status {
        WalletStatus::Closed => return Err(Rejection::SourceClosed),
        WalletStatus::Frozen => return Err(Rejection::SourceFrozen),
        WalletStatus::Active => {}
    }
    if destination.status == WalletStatus::Closed {
        return Err(Rejection::DestinationClosed);
    }
    Ok(())
}

/// Source and destination are one wallet: nothing would move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must not be the source wallet")]
pub struct SameWallet;

/// The two ends of a customer's transfer; never the same wallet.
pub fn check_ends(source: WalletId, destination: WalletId) -> Result<(), SameWallet> {
    if source == destination { Err(SameWallet) } else { Ok(()) }
}

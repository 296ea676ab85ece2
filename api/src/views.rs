//! From what the store reads to what is sent.

use chrono::{DateTime, Utc};
use domain::ids::TransferId;
use domain::transfer::TransferStatus;
use store::intake::NewTransfer;

pub(crate) fn wallet(wallet: store::wallets::Wallet) -> wire::Wallet {
    wire::Wallet {
        id: wallet.id,
        owner_id: wallet.owner_id,
        currency: wallet.currency,
        status: wallet.status,
        label: wallet.label,
        metadata: wallet.metadata,
        balance: wire::Balance {
            ledger_minor: wallet.balance.ledger,
            available_minor: wallet.balance.available,
            held_minor: wallet.balance.held,
        },
        created_at: wallet.created_at,
    }
}

pub(crate) fn posting(line: &store::statements::Line) -> wire::Posting {
    wire::Posting {
        wallet_seq: line.wallet_seq,
        posted_at: line.posted_at,
        entry_id: line.entry,
        transfer_id: line.transfer,
        side: line.side,
        amount_minor: line.amount,
        currency: line.currency,
        balance_after_minor: line.balance_after,
    }
}

/// A transfer without its timeline, as in lists.
pub(crate) fn transfer(transfer: store::transfers::Transfer) -> wire::Transfer {
    let untouched = transfer.status == TransferStatus::Accepted;
    let (hold, payout) = transfer.terms.map(|terms| (terms.hold, terms.payout)).unwrap_or_default();
    wire::Transfer {
        hold,
        payout,
        id: transfer.id,
        kind: transfer.kind,
        status: transfer.status,
        source_wallet_id: transfer.source,
        destination_wallet_id: transfer.destination,
        amount_minor: transfer.amount,
        currency: transfer.currency,
        reference: transfer.reference,
        metadata: transfer.metadata,
        failure: transfer.failure.map(Into::into),
        resolution: transfer.resolution,
        entry_id: transfer.entry,
        reverses_id: transfer.reverses,
        retries_id: transfer.retries,
        correlation_id: transfer.correlation_id,
        created_at: accepted_at(transfer.id),
        updated_at: (!untouched).then_some(transfer.updated_at),
        steps: None,
    }
}

pub(crate) fn step(step: store::transfers::Step) -> wire::Step {
    let store::transfers::Step { line, at } = step;
    wire::Step {
        seq: line.seq,
        step: line.step,
        undo: line.undo,
        attempt: line.attempt,
        outcome: line.failure.as_ref().map(|failure| failure.class).into(),
        failure: line.failure.map(Into::into),
        at,
    }
}

/// Takes out why a transfer failed, in its steps, too. Returns whether there was anything.
pub(crate) fn leave_out_why(transfer: &mut wire::Transfer) -> bool {
    let steps = transfer.steps.iter_mut().flatten();
    // All of them, not only up to the first.
    let left_out = steps.filter_map(|step| step.failure.take()).count();
    transfer.failure.take().is_some() || left_out > 0
}

/// A transfer that was written down a moment ago, without asking the database.
pub(crate) fn fresh_transfer(new: NewTransfer) -> wire::Transfer {
    let terms = new.terms.map(|terms| *terms).unwrap_or_default();
    wire::Transfer {
        hold: terms.hold,
        payout: terms.payout,
        id: new.id,
        kind: new.kind,
        status: TransferStatus::Accepted,
        source_wallet_id: new.source,
        destination_wallet_id: new.destination,
        amount_minor: new.amount.minor(),
        currency: new.currency,
        reference: new.reference,
        metadata: new.metadata,
        failure: None,
        resolution: None,
        entry_id: None,
        reverses_id: terms.reverses.map(|original| original.transfer_id),
        retries_id: None,
        correlation_id: new.correlation_id,
        created_at: accepted_at(new.id),
        updated_at: None,
        steps: Some(Vec::new()),
    }
}

/// When a transfer was accepted: its id is made then and holds the time. The first
/// answer has not asked the database, and all later ones must say the same.
pub(crate) fn accepted_at(id: TransferId) -> DateTime<Utc> {
    let time = id.0.get_timestamp().and_then(|timestamp| {
        let (seconds, nanos) = timestamp.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
    });
    time.unwrap_or_default()
}

//! The steps of the transfer saga: what each does to the book, with its undo
//! next to it. Each is harmless when run twice, and says why.

use super::{Book, BrokenInvariant, Fault, OpenTransfer, PostedEntry, Rules};
use crate::failure::{Failure, FailureClass};
use crate::ids::WalletId;
use crate::journal::{JournalEntry, Posting};
use crate::money::MinorUnits;
use crate::saga::Step;
use crate::transfer::{Rejection, check_hold, check_screen};
use crate::wallet::{Side, SystemRole, system_wallet_id};

type Outcome = Result<Result<(), Failure>, BrokenInvariant>;

impl OpenTransfer {
    /// The source: as stored, or the lane's own shard of the system wallet that
    /// this kind of transfer takes its money from.
    pub fn source_in(&self, shard: u8) -> WalletId {
        match (self.source, self.kind) {
            (Some(source), _) => source,
            (None, _) => system_wallet_id(SystemRole::Cash, self.currency, shard),
        }
    }

    fn broken(&self, what: &'static str) -> BrokenInvariant {
        BrokenInvariant::Ledger { transfer: self.id, what }
    }
}

impl Rules<'_> {
    /// Runs a step, or with `undo` its compensation; the inner result is the step's own.
    pub(super) fn perform(
        &self,
        step: Step,
        undo: bool,
        transfer: &mut OpenTransfer,
        book: &mut Book,
        entry: &mut Option<PostedEntry>,
    ) -> Outcome {
        let fault = self.faults.before(transfer, step, undo);
        let times = match fault {
            Some(Fault::Fail(failure)) => return Ok(Err(failure)),
            Some(Fault::Repeat) => 2,
            None => 1,
        };
        for _ in 0..times {
            let outcome = match (step, undo) {
                (Step::PlaceHold, false) => self.place_hold(transfer, book),
                (Step::PlaceHold, true) => {
                    let voided = void_hold(transfer, book);
                    give_back(transfer, book);
                    voided
                }
                (Step::Screen, false) => self.screen(transfer, book),
                (Step::PostEntry, false) => self.post_entry(transfer, book, entry),
                (Step::ScreenOutside, false) => Ok(transfer.screened_outside()),
                (Step::AwaitCapture, false) => Ok(transfer.captured()),
                (Step::SubmitPayout, false) => Ok(transfer.submitted(self.now)),
                (Step::ConfirmPayout, false) => Ok(transfer.confirmed(self)),
                // The screening counts against limits. That is given back with the hold, where
                // every way back ends; else they change nothing before the pivot is committed.
                (_, true) => Ok(Ok(())),
            };
            if let Err(failure) = outcome? {
                transfer.use_up(step);
                return Ok(Err(failure));
            }
        }
        transfer.use_up(step);
        Ok(Ok(()))
    }

    /// Reserves the amount in the source wallet. Twice: the second run sees the
    /// hold and does nothing.
    pub(super) fn place_hold(&self, transfer: &mut OpenTransfer, book: &mut Book) -> Outcome {
        if transfer.hold > MinorUnits::ZERO {
            return Ok(Ok(()));
        }
        let source = transfer.source_in(self.shard);
        let (from, to) = (book.wallet(source), book.wallet(transfer.destination));
        if let Err(rejection) = check_hold(from, to, transfer.amount, transfer.currency) {
            return Ok(Err(rejection.into()));
        }
        let amount = transfer.amount.minor();
        if let Some(original) = transfer.reverses()
            && !book.may_take_back(original, amount)
        {
            return Ok(Err(Rejection::ReversalTooLarge.into()));
        }
        let wallet = book.wallet_mut(source).ok_or_else(|| transfer.broken("source not locked"))?;
        let pending = wallet.balances.debits_pending.plus(amount);
        wallet.balances.debits_pending =
            pending.map_err(|_| transfer.broken("pending debits overflow after the check"))?;
        transfer.source = Some(source);
        transfer.hold = amount;
        if let Some(original) = transfer.reverses() {
            book.take_back(original.transfer_id, amount);
        }
        Ok(Ok(()))
    }

    /// Asks whether these wallets may do business, then whether limits allow it, and counts it
    /// against them. Twice: the second run sees the day on which it is counted.
    fn screen(&self, transfer: &mut OpenTransfer, book: &mut Book) -> Outcome {
        if let Err(failure) = self.look(transfer, book)? {
            return Ok(Err(failure));
        }
        if transfer.limit_day.is_some() || !transfer.kind.is_limited() {
            return Ok(Ok(()));
        }
        let (source, amount) = (transfer.source_in(self.shard), transfer.amount.minor());
        match book.limits_mut().take(source, amount) {
            Ok(day) => transfer.limit_day = day,
            Err(exceeded) => return Ok(Err(exceeded.into())),
        }
        Ok(Ok(()))
    }

    /// The part of the screening that the pivot asks again. Changes nothing.
    fn look(&self, transfer: &OpenTransfer, book: &Book) -> Outcome {
        let source = book.wallet(transfer.source_in(self.shard));
        let source = source.ok_or_else(|| transfer.broken("source not locked"))?;
        let destination = book.wallet(transfer.destination);
        let destination = destination.ok_or_else(|| transfer.broken("destination not locked"))?;
        Ok(check_screen(source, destination).map_err(Failure::from))
    }

    /// Posts the entry and captures the hold. Twice: the second run sees the
    /// entry and does nothing; across transactions the open row is gone by then.
    pub(super) fn post_entry(
        &self,
        transfer: &mut OpenTransfer,
        book: &mut Book,
        entry: &mut Option<PostedEntry>,
    ) -> Outcome {
        if entry.is_some() {
            return Ok(Ok(()));
        }
        let source = transfer.source.ok_or_else(|| transfer.broken("no source at the pivot"))?;
        if transfer.hold != transfer.amount.minor() {
            return Err(transfer.broken("the hold at the pivot is not the amount"));
        }
        // A wallet may have been frozen or closed since it was screened. What has left the
        // house already is posted all the same.
        if !transfer.route().is_after_pivot(Step::PostEntry)
            && let Err(failure) = self.look(transfer, book)?
        {
            return Ok(Err(failure));
        }
        let posting = |wallet, side| Posting {
            wallet,
            side,
            amount: transfer.moves(),
            currency: transfer.currency,
        };
        let postings =
            vec![posting(source, Side::Debit), posting(transfer.destination, Side::Credit)];
        let balanced = JournalEntry::new(postings);
        let balanced = balanced.map_err(|_| transfer.broken("the entry does not balance"))?;
        let Ok(posted) = book.post((self.new_id)(), transfer.id, &balanced, self.now) else {
            // Credits are not reserved by the hold, so this can still be found here.
            let code = Rejection::CounterOverflow;
            return Ok(Err(Failure::new(FailureClass::Permanent, code.as_str(), code.detail())));
        };
        *entry = Some(posted);
        release(transfer, book)?;
        give_back_rest(transfer, book);
        Ok(Ok(()))
    }
}

/// Limits count what has moved, not what was held: the rest is free again. Run once, with the entry.
fn give_back_rest(transfer: &OpenTransfer, book: &mut Book) {
    let rest = MinorUnits(transfer.amount.minor().0.saturating_sub(transfer.moves().0));
    if let (Some(day), Some(source)) = (transfer.limit_day, transfer.source)
        && rest > MinorUnits::ZERO
    {
        book.limits_mut().give_back_part(source, day, rest);
    }
}

/// Undo of [`Step::Screen`]: takes the transfer out of what limits have counted. Twice: the
/// second run finds no day and does nothing.
pub(super) fn give_back(transfer: &mut OpenTransfer, book: &mut Book) {
    if let (Some(day), Some(source)) = (transfer.limit_day.take(), transfer.source) {
        book.limits_mut().give_back(source, day, transfer.amount.minor());
    }
}

/// Undo of [`Step::PlaceHold`]: gives the reservation back. Twice: the second
/// run finds no hold and does nothing.
pub(super) fn void_hold(transfer: &mut OpenTransfer, book: &mut Book) -> Outcome {
    if transfer.hold > MinorUnits::ZERO {
        let held = transfer.hold;
        release(transfer, book)?;
        if let Some(original) = transfer.reverses() {
            book.give_back(original.transfer_id, held);
        }
    }
    Ok(Ok(()))
}

/// Gives the reservation of what was settled outside back. A reversal has taken money back all the same, so that goes on
/// counting, and is counted now where there was no hold.
pub(super) fn spend_hold(transfer: &mut OpenTransfer, book: &mut Book) -> Outcome {
    if transfer.hold > MinorUnits::ZERO {
        release(transfer, book)?;
    } else if let Some(original) = transfer.reverses().cloned() {
        let amount = transfer.amount.minor();
        if !book.may_take_back(&original, amount) {
            return Ok(Err(Rejection::ReversalTooLarge.into()));
        }
        book.take_back(original.transfer_id, amount);
    }
    Ok(Ok(()))
}

/// Takes the hold off the source's pending debits.
fn release(transfer: &mut OpenTransfer, book: &mut Book) -> Result<(), BrokenInvariant> {
    let source = transfer.source.ok_or_else(|| transfer.broken("a hold without a source"))?;
    let wallet = book.wallet_mut(source).ok_or_else(|| transfer.broken("source not locked"))?;
    match wallet.balances.debits_pending.minus(transfer.hold) {
        Ok(pending) if pending >= MinorUnits::ZERO => wallet.balances.debits_pending = pending,
        _ => return Err(transfer.broken("the hold is larger than the wallet's pending debits")),
    }
    transfer.hold = MinorUnits::ZERO;
    Ok(())
}

//! What a person's decision does to a parked transfer.

use super::{Advanced, Book, BrokenInvariant, OpenTransfer, Rules, note, steps};
use crate::failure::{Failure, FailureClass};
use crate::saga::{Event, Resolution, State, Step, StuckReason};
use crate::transfer::TransferKind;

impl OpenTransfer {
    /// A parked transfer as the saga's rules see it. For what people decide they ask
    /// neither with which failure it stuck nor why, but for one thing: whether its money may
    /// have left. The open row knows that, whatever it stuck with in the end.
    pub fn as_stuck(&self) -> State {
        let reason = if self.step.may_have_left(self.call_count) {
            StuckReason::OutcomeUnknown
        } else {
            StuckReason::ParkedByOperator
        };
        State::Stuck {
            step: self.step,
            reason,
            failure: Failure::new(FailureClass::Permanent, "parked", "It waits for a person."),
            undo_of: self.undo_of.clone(),
        }
    }
}

impl Rules<'_> {
    /// Ends a parked transfer by decision: the hold is given back, and nothing else of
    /// the saga is run. Twice: the second run finds no hold.
    ///
    /// A payout that was paid outside has left the house: it is posted, which captures its hold. One that has none yet
    /// places it now, and is refused when the wallet has not so much.
    pub fn resolve(
        &self,
        mut transfer: OpenTransfer,
        resolution: Resolution,
        book: &mut Book,
    ) -> Result<Advanced, BrokenInvariant> {
        let stuck = transfer.as_stuck();
        let (state, action) = self.next(stuck, Event::Resolved(resolution), &transfer)?;
        let mut log = Vec::with_capacity(1);
        let mut entry = None;
        let paid =
            transfer.kind == TransferKind::Payout && resolution == Resolution::SettledOutside;
        let (step, undo, outcome) = if paid {
            let outcome = match self.place_hold(&mut transfer, book)? {
                Ok(()) => self.post_entry(&mut transfer, book, &mut entry)?,
                refused => refused,
            };
            (Step::PostEntry, false, outcome)
        } else if resolution == Resolution::SettledOutside {
            (Step::PlaceHold, true, steps::spend_hold(&mut transfer, book)?)
        } else {
            (Step::PlaceHold, true, steps::void_hold(&mut transfer, book)?)
        };
        if let Err(failure) = outcome {
            let failed = BrokenInvariant::Refused { transfer: transfer.id, code: failure.code };
            return Err(failed);
        }
        if resolution.failure().is_some() {
            // What was settled outside has been sent, so limits go on counting it.
            steps::give_back(&mut transfer, book);
        }
        note(&mut log, &mut transfer, step, undo, &state, None);
        transfer.undo_of = None;
        Ok(self.conclude(state, &action, transfer, book, log, entry))
    }

    /// Counts the step where a transfer stuck after its pivot as done. Touches no
    /// wallet's money; the next step is run by a lane.
    pub fn force_forward(
        &self,
        mut transfer: OpenTransfer,
        book: &mut Book,
    ) -> Result<Advanced, BrokenInvariant> {
        let (step, stuck) = (transfer.step, transfer.as_stuck());
        let mut log = Vec::with_capacity(1);
        note(&mut log, &mut transfer, step, false, &stuck, None);
        let (state, action) = self.next(stuck, Event::ForcedForward, &transfer)?;
        Ok(self.conclude(state, &action, transfer, book, log, None))
    }
}

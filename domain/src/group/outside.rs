//! The steps that others decide: what an answer from outside does to a transfer.
//!
//! None of them touches a wallet. Each reads the answer that the open row holds; without one
//! the step is not run at all (see `patience`). Reading is harmless when done twice; the answer
//! is used up when the step is over.

use chrono::{DateTime, Utc};

use super::patience::later;
use super::{OpenTransfer, Rules};
use crate::answer::Answer;
use crate::failure::{Failure, FailureClass};
use crate::money::MinorUnits;
use crate::saga::{Route, Step};
use crate::terms::{PayoutTerms, ReversalTerms};
use crate::transfer::TransferKind;

type Outcome = Result<(), Failure>;

impl OpenTransfer {
    /// The steps that it takes.
    pub fn route(&self) -> Route {
        Route::of(self.kind, self.terms.as_deref())
    }

    /// What it moves when it settles: the amount, or what was captured of it.
    pub fn moves(&self) -> MinorUnits {
        let hold = self.terms.as_ref().and_then(|terms| terms.hold.as_ref());
        let captured = hold.and_then(|hold| hold.captured_minor);
        captured.unwrap_or_else(|| self.amount.minor())
    }

    /// What it takes back, if it is a reversal.
    pub(super) fn reverses(&self) -> Option<&ReversalTerms> {
        let terms = self.terms.as_ref().filter(|_| self.kind == TransferKind::Reversal);
        terms.and_then(|terms| terms.reverses.as_ref())
    }

    fn payout_mut(&mut self) -> Option<&mut PayoutTerms> {
        self.terms.as_mut().and_then(|terms| terms.payout.as_mut())
    }

    /// Reads what the screening service, or an operator in its place, has said.
    pub(super) fn screened_outside(&mut self) -> Outcome {
        self.answer.as_ref().and_then(Answer::of_screening).unwrap_or_else(not_there)
    }

    /// Reads what the client has decided about the hold.
    pub(super) fn captured(&mut self) -> Outcome {
        let amount = self.amount.minor();
        let decided = self.answer.as_ref().and_then(Answer::of_hold);
        let Some(hold) = self.terms.as_mut().and_then(|terms| terms.hold.as_mut()) else {
            return not_there();
        };
        match decided {
            Some(Ok(minor)) if minor > MinorUnits::ZERO && minor <= amount => {
                hold.captured_minor = Some(minor);
                Ok(())
            }
            Some(Ok(_)) => {
                let detail = "What is captured is not between nothing and what is held.";
                Err(Failure::new(FailureClass::Permanent, "capture_out_of_range", detail))
            }
            Some(Err(turned)) => Err(turned),
            // Sent back to this step by a person after it was captured.
            None if hold.captured_minor.is_some() => Ok(()),
            None => not_there(),
        }
    }

    /// Reads what the provider has said when the payout was handed in.
    pub(super) fn submitted(&mut self, now: DateTime<Utc>) -> Outcome {
        self.answer.as_ref().map_or_else(not_there, Answer::of_submission)?;
        self.note_reference();
        if let Some(payout) = self.payout_mut() {
            payout.submitted_at = Some(now);
        }
        Ok(())
    }

    /// Reads whether the provider has paid.
    pub(super) fn confirmed(&mut self, rules: &Rules<'_>) -> Outcome {
        match self.answer.as_ref().and_then(Answer::of_confirmation) {
            Some(outcome) => {
                self.note_reference();
                outcome
            }
            None => self.overdue(rules).map_or_else(not_there, Err),
        }
    }

    fn note_reference(&mut self) {
        let reference = self.answer.as_ref().and_then(Answer::provider_reference);
        if let Some(reference) = reference.map(str::to_owned)
            && let Some(payout) = self.payout_mut()
        {
            payout.provider_reference = Some(reference);
        }
    }

    /// The step is over, and with it the answer; but a payout that is paid at once needs no
    /// other confirmation.
    pub(super) fn use_up(&mut self, step: Step) {
        let paid = matches!(self.answer, Some(Answer::Paid { .. }));
        match step {
            Step::PlaceHold | Step::Screen | Step::PostEntry => {}
            Step::SubmitPayout if paid => {}
            Step::ScreenOutside | Step::AwaitCapture | Step::SubmitPayout | Step::ConfirmPayout => {
                self.answer = None;
            }
        }
    }

    /// The failure of a payout that nobody has confirmed for too long.
    pub(super) fn overdue(&self, rules: &Rules<'_>) -> Option<Failure> {
        let payout = self.terms.as_ref().and_then(|terms| terms.payout.as_ref());
        let submitted_at = payout.and_then(|payout| payout.submitted_at)?;
        let late = rules.now > later(submitted_at, rules.patience.confirmation_max);
        let detail = "The provider has neither confirmed nor declined it for too long.";
        late.then(|| Failure::new(FailureClass::Unknown, "confirmation_overdue", detail))
    }
}

/// A step was run without an answer: only by a fault that is injected.
fn not_there() -> Outcome {
    let detail = "The step was run before anything had come from outside.";
    Err(Failure::new(FailureClass::Transient, "no_answer", detail))
}

//! Which steps a saga takes.

use super::Step;
use crate::terms::Terms;
use crate::transfer::TransferKind;

/// What decides about a saga's steps. Two sagas with equal routes take the same steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Route {
    /// What sort of transfer.
    pub kind: TransferKind,
    /// Whether a screening service is asked.
    pub screen_outside: bool,
    /// Whether the hold stays until somebody captures or voids it.
    pub manual_capture: bool,
}

impl Route {
    /// The shortest way of this kind.
    pub const fn plain(kind: TransferKind) -> Self {
        Self { kind, screen_outside: false, manual_capture: false }
    }

    /// The way of a transfer of this kind on these terms.
    pub fn of(kind: TransferKind, terms: Option<&Terms>) -> Self {
        let plain = Self::plain(kind);
        terms.map_or(plain, |terms| Self {
            screen_outside: terms.screen_outside,
            manual_capture: terms.hold.is_some(),
            ..plain
        })
    }

    /// Whether the step is on the way. A new step has its row here, and nothing else decides
    /// who takes it.
    pub const fn takes(self, step: Step) -> bool {
        match step {
            Step::PlaceHold | Step::Screen | Step::PostEntry => true,
            Step::ScreenOutside => self.screen_outside,
            Step::AwaitCapture => self.manual_capture,
            Step::SubmitPayout | Step::ConfirmPayout => matches!(self.kind, TransferKind::Payout),
        }
    }

    /// The step after which this saga only goes forward.
    pub const fn pivot(self) -> Step {
        match self.kind {
            TransferKind::Payout => Step::ConfirmPayout,
            TransferKind::Transfer | TransferKind::Deposit | TransferKind::Reversal => {
                Step::PostEntry
            }
        }
    }

    /// Whether the saga has passed its pivot when this step runs.
    pub fn is_after_pivot(self, step: Step) -> bool {
        step > self.pivot()
    }

    /// Its steps, the first one first.
    pub fn steps(self) -> impl DoubleEndedIterator<Item = Step> {
        Step::ALL.iter().copied().filter(move |&step| self.takes(step))
    }

    /// The step after this one.
    pub fn next(self, step: Step) -> Option<Step> {
        self.steps().find(|&one| one > step)
    }

    /// The step before this one.
    pub fn previous(self, step: Step) -> Option<Step> {
        self.steps().rfind(|&one| one < step)
    }

    /// The steps before this one, the first one first.
    pub fn done_before(self, step: Step) -> Vec<Step> {
        self.steps().take_while(|&one| one < step).collect()
    }
}

/// The nearest step with a compensation, from this one backwards, itself included.
pub(super) const fn undo_from(step: Option<Step>) -> Option<Step> {
    match step {
        Some(_) => Some(Step::PlaceHold),
        None => None,
    }
}

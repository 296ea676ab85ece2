//! When a transfer has to wait for somebody outside, for whom, and how long.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{OpenTransfer, Progress, Rules};
use crate::answer::{Answer, Awaited};
use crate::saga::{Action, Step};

/// How long to wait for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// A provider that has said nothing for this long is asked.
    pub confirm_every: Duration,
    /// A payout that is not confirmed after this long waits for a person.
    pub confirmation_max: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { confirm_every: Duration::from_secs(30), confirmation_max: Duration::from_hours(24) }
    }
}

/// So long after this; never, when it is past the last instant that can be told.
pub(super) fn later(at: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    let wait = TimeDelta::from_std(wait).ok();
    wait.and_then(|wait| at.checked_add_signed(wait)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl Rules<'_> {
    /// What the transfer waits for before this step; none when the step can be run.
    pub(super) fn awaits(&self, transfer: &OpenTransfer, step: Step) -> Option<Progress> {
        let answer = transfer.answer.as_ref();
        let (what, until) = match step {
            Step::ScreenOutside => match answer {
                None => (Awaited::Call, self.now),
                Some(Answer::Review { .. }) => (Awaited::Review, self.now),
                Some(_) => return None,
            },
            Step::AwaitCapture => {
                let hold = transfer.terms.as_ref().and_then(|terms| terms.hold.as_ref())?;
                if answer.is_some() || hold.captured_minor.is_some() {
                    return None;
                }
                (Awaited::Capture, hold.expires_at)
            }
            Step::SubmitPayout if answer.is_none() => (Awaited::Call, self.now),
            Step::ConfirmPayout => {
                let news = answer.and_then(Answer::of_confirmation).is_some();
                let late = transfer.overdue(self).is_some();
                if news || (answer.is_some() && late) {
                    return None;
                }
                match answer {
                    // It has failed before, or should have by now: nobody is expected to say
                    // anything unasked.
                    None if late || transfer.attempt > 0 => (Awaited::Call, self.now),
                    // Also after an answer without news, or the provider would be asked without end.
                    _ => (Awaited::Confirmation, later(self.now, self.patience.confirm_every)),
                }
            }
            Step::SubmitPayout | Step::PlaceHold | Step::Screen | Step::PostEntry => return None,
        };
        Some(Progress::Awaits { what, until })
    }

    /// Why a transfer that could go on does not: a switch, or somebody outside.
    pub(super) fn rest(&self, transfer: &OpenTransfer, action: &Action) -> Progress {
        if let Some(switch) = self.pause(transfer, action) {
            return Progress::Paused(switch);
        }
        let awaits = match action {
            Action::Run(step) => self.awaits(transfer, *step),
            _ => None,
        };
        awaits.unwrap_or(Progress::Ready)
    }
}

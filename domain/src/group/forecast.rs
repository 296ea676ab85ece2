//! What would become of a transfer if it were sent back to work now.
//!
//! Computed by the rules themselves on a book that nobody writes back, so a forecast
//! is as right as the book is fresh. A set is forecast on one book, in id order: each
//! transfer then sees what those before it would leave, as in a lane.

use super::{Advanced, Book, Boundaries, LogLine, OpenTransfer, Progress, Rules};
use crate::dead_letter::DeskAct;
use crate::failure::Failure;
use crate::money::MinorUnits;
use crate::text::words;
use crate::transfer::TransferStatus;

words! {
    /// How a transfer would end.
    Outlook {
        /// The money would move.
        WouldSettle = "would_settle",
        /// A rule would say no; what was held is given back.
        WouldBeRejected = "would_be_rejected",
        /// It would end as failed; what was held is given back.
        WouldFail = "would_fail",
        /// It would come to no end at once: it waits for a retry, or for something outside.
        WouldWait = "would_wait",
        /// It would be stuck again, or stay so because the act is not possible.
        WouldStickAgain = "would_stick_again",
        /// There is nothing to send back. Said by whoever finds no open row.
        ClosedAlready = "closed_already",
    }
}

/// The outcome of one transfer, as the rules see it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// How it would end.
    pub outlook: Outlook,
    /// Code of what would go wrong; none when it would settle or has no failure to tell.
    pub code: Option<String>,
    /// What a client would see.
    pub status: TransferStatus,
    /// What its hold would reserve afterwards; 0 when there would be none.
    pub hold: MinorUnits,
    /// What would be run: the lines that the step log would get.
    pub log: Vec<LogLine>,
}

/// Sends a parked transfer back to work in thought: on from where it stands, or with
/// `turn_back` as compensation for that cause. The book is left as the transfer would
/// leave it; one that would be stopped by a broken invariant leaves no trace in it.
///
/// Retries are not waited for and boundaries do not stop it, so the answer is the same
/// in every mode. Failures that no rule foresees (a crash, an outage) are not in it.
pub fn forecast(
    rules: &Rules<'_>,
    mut transfer: OpenTransfer,
    turn_back: Option<Failure>,
    book: &mut Book,
) -> Forecast {
    // A person's decision gives a transfer all its tries again.
    transfer.attempt = 0;
    if let Some(cause) = turn_back {
        let next =
            DeskAct::Compensate.decide(transfer.as_stuck(), cause, transfer.route(), transfer.id);
        let (step, undo_of) = match next.map(|(state, _)| state.goes_on_at()) {
            Ok(Some(place)) => place,
            Ok(None) => return stays(&transfer, "broken_invariant"),
            Err(refusal) => return stays(&transfer, refusal.as_str()),
        };
        transfer.step = step;
        transfer.undo_of = undo_of;
    }
    let ends = [transfer.source_in(rules.shard), transfer.destination];
    let before = ends.map(|id| book.wallet(id).cloned());
    let [source, _] = ends;
    let used = book.limits().noted(source);
    let whole = Rules { boundaries: Boundaries::Fused, ..*rules };
    if let Ok(advanced) = whole.advance(transfer.clone(), book) {
        return Forecast::of(advanced);
    }
    for wallet in before.into_iter().flatten() {
        if let Some(now) = book.wallet_mut(wallet.id) {
            *now = wallet;
        }
    }
    book.limits_mut().restore(used);
    stays(&transfer, "broken_invariant")
}

impl Forecast {
    /// An outcome that the rules have come to, told as a forecast.
    pub fn of(advanced: Advanced) -> Self {
        let Advanced { transfer, progress, status, failure, log, .. } = advanced;
        let (outlook, failure) = match (progress, status) {
            (Progress::Paused(switch), _) => {
                let (outlook, code) = (Outlook::WouldWait, Some(switch.waiting_for()));
                return Self { outlook, code, status, hold: transfer.hold, log };
            }
            (Progress::Final, TransferStatus::Settled) => (Outlook::WouldSettle, None),
            (Progress::Final, TransferStatus::Rejected) => (Outlook::WouldBeRejected, failure),
            (Progress::Final, _) => (Outlook::WouldFail, failure),
            (Progress::Stuck { failure, .. }, _) => (Outlook::WouldStickAgain, Some(failure)),
            (Progress::Awaits { what, .. }, _) => {
                let (outlook, code) = (Outlook::WouldWait, Some(what.as_str().to_owned()));
                return Self { outlook, code, status, hold: transfer.hold, log };
            }
            (Progress::Ready | Progress::Waiting(_), _) => {
                let last = log.last().and_then(|line| line.failure.clone());
                (Outlook::WouldWait, last)
            }
        };
        let code = failure.map(|failure| failure.code);
        Self { outlook, code, status, hold: transfer.hold, log }
    }
}

/// It would stay stuck where it is.
fn stays(transfer: &OpenTransfer, code: &str) -> Forecast {
    Forecast {
        outlook: Outlook::WouldStickAgain,
        code: Some(code.to_owned()),
        status: TransferStatus::Stuck,
        hold: transfer.hold,
        log: Vec::new(),
    }
}

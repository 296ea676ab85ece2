//! What breaks when: a pure function of an id and of the time since the begin.
//!
//! The same transfer always meets the same cause, so whoever sends it back to work learns whether the cause is mended.

use std::time::Duration;

use domain::failure::{Failure, FailureClass};
use domain::ids::{EventId, TransferId};
use domain::saga::Step;
use jobs::Consumer;

/// Something that is broken for a turn, well for a turn, and so on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cause {
    /// What dead letters are grouped by.
    code: &'static str,
    breaks: Breaks,
    /// How far into its first turn, a broken one, it is at the begin. Staggered, so that some causes are always broken.
    ahead_s: u64,
}

/// What it does while it is broken.
#[derive(Debug, PartialEq, Eq)]
enum Breaks {
    /// Fails a step.
    Step(Step, FailureClass),
    /// Fails the undo of the hold, and always the screening before it: without that nothing would be undone.
    Undo,
    /// Makes a consumer drop messages.
    Consumer(Consumer),
}

/// Seconds of a turn. Long enough to fill a group of dead letters, short enough to wait for its end.
const TURN_S: u64 = 40;
/// The same for consumers, whose messages need half a minute to the dead-letter queue.
const CONSUMER_TURN_S: u64 = 80;

/// Those that transfers meet, in the order of their lots.
static STEP_CAUSES: [Cause; 8] = {
    use FailureClass::{Transient, Unknown};
    use Step::{PlaceHold, PostEntry, Screen};
    [
        cause("screening_timeout", Breaks::Step(Screen, Transient), 0),
        cause("hold_release_refused", Breaks::Undo, 10),
        cause("screening_answer_lost", Breaks::Step(Screen, Unknown), 20),
        cause("limit_service_away", Breaks::Step(PlaceHold, Transient), 30),
        cause("sanctions_list_unavailable", Breaks::Step(Screen, Transient), 40),
        cause("posting_lock_lost", Breaks::Step(PostEntry, Transient), 50),
        cause("risk_model_not_loaded", Breaks::Step(Screen, Transient), 60),
        cause("hold_ledger_busy", Breaks::Step(PlaceHold, Transient), 70),
    ]
};

/// Those that messages meet, in the order of their lots.
static CONSUMER_CAUSES: [Cause; 2] = [
    cause("audit_trail_unwritable", Breaks::Consumer(Consumer::Audit), 0),
    cause("figures_unwritable", Breaks::Consumer(Consumer::Metrics), CONSUMER_TURN_S),
];

const fn cause(code: &'static str, breaks: Breaks, ahead_s: u64) -> Cause {
    Cause { code, breaks, ahead_s }
}

impl Cause {
    fn is_broken(&self, elapsed: Duration) -> bool {
        let turn_s = match self.breaks {
            Breaks::Consumer(_) => CONSUMER_TURN_S,
            Breaks::Step(..) | Breaks::Undo => TURN_S,
        };
        let turn = elapsed.as_secs().saturating_add(self.ahead_s) / turn_s;
        turn.is_multiple_of(2)
    }
}

/// The codes of what is broken now.
pub(super) fn broken(elapsed: Duration) -> Vec<&'static str> {
    let all = STEP_CAUSES.iter().chain(&CONSUMER_CAUSES);
    all.filter(|cause| cause.is_broken(elapsed)).map(|cause| cause.code).collect()
}

/// Of a thousand transfers as many meet each cause.
const CAUSE_PERMILLE: u128 = 6;
/// And as many one failure that never passes and is no cause for a dead letter.
const PERMANENT_PERMILLE: u128 = 6;
/// And as many one that passes.
const PASSES_PERMILLE: u128 = 10;
/// Tries that fail before it passes.
const FAILED_TRIES: u32 = 2;
/// Of a thousand messages as many meet the cause of their consumer.
const MESSAGE_PERMILLE: u128 = 10;

/// What goes wrong for a transfer on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mishap {
    Cause(&'static Cause),
    Permanent,
    Passes,
}

/// The last bits of a uuid v7 are random, so they choose evenly, and the same transfer always alike.
fn mishap(transfer: TransferId) -> Option<Mishap> {
    let lot = transfer.0.as_u128() % 1000;
    let causes = usize::try_from(lot / CAUSE_PERMILLE).ok().and_then(|at| STEP_CAUSES.get(at));
    let beyond = lot.checked_sub(CAUSE_PERMILLE * STEP_CAUSES.len() as u128);
    match (causes, beyond) {
        (Some(cause), _) => Some(Mishap::Cause(cause)),
        (None, Some(0..PERMANENT_PERMILLE)) => Some(Mishap::Permanent),
        (None, Some(lot)) if lot - PERMANENT_PERMILLE < PASSES_PERMILLE => Some(Mishap::Passes),
        (None, _) => None,
    }
}

/// Whether something goes wrong for this transfer sooner or later: its latency says nothing about the system.
pub(crate) fn is_chosen(transfer: TransferId) -> bool {
    mishap(transfer).is_some()
}

/// How a step or its undo fails after `attempt` tries, at this time; none when it does not.
pub(super) fn failure(
    transfer: TransferId,
    (step, undo): (Step, bool),
    attempt: u32,
    elapsed: Duration,
) -> Option<Failure> {
    let (class, code) = match mishap(transfer)? {
        Mishap::Cause(cause) => match cause.breaks {
            Breaks::Step(at, class) if (at, false) == (step, undo) && cause.is_broken(elapsed) => {
                (class, cause.code)
            }
            Breaks::Undo if (Step::PlaceHold, true) == (step, undo) && cause.is_broken(elapsed) => {
                (FailureClass::Permanent, cause.code)
            }
            Breaks::Undo if (Step::Screen, false) == (step, undo) => {
                (FailureClass::Permanent, "payment_recalled")
            }
            _ => return None,
        },
        Mishap::Permanent if (Step::Screen, false) == (step, undo) => {
            (FailureClass::Permanent, "beneficiary_unreachable")
        }
        Mishap::Passes if (Step::Screen, false) == (step, undo) && attempt < FAILED_TRIES => {
            (FailureClass::Transient, "screening_slow")
        }
        Mishap::Permanent | Mishap::Passes => return None,
    };
    let words = code.replace('_', " ");
    Some(Failure::new(class, code, format!("Made up by the simulator: {words}.")))
}

/// Whether this consumer fails to handle the event, at this time.
pub(super) fn drops(consumer: Consumer, event: EventId, elapsed: Duration) -> bool {
    let lot = event.0.as_u128() % 1000 / MESSAGE_PERMILLE;
    let cause = usize::try_from(lot).ok().and_then(|at| CONSUMER_CAUSES.get(at));
    cause
        .is_some_and(|cause| cause.breaks == Breaks::Consumer(consumer) && cause.is_broken(elapsed))
}

#[cfg(test)]
mod tests;

//! A redrive plan as a pure decision: how it stands -> what to do next.
//!
//! ```text
//!   draft --apply--> running --(all items at their end)--> done
//!                     |  ^ |
//!              pause, |  | +--(bad outcomes, new cause)--> halted
//!                     v  |                                  |
//!                   paused +--------------resume------------+
//!                     |                                     |
//!                     +---------stop---> stopped <---stop---+
//! ```
//!
//! While it runs, the first items go alone, as canaries. When all of them have come to
//! their end, and well, the rest follows at the rate that the operator gave. Items
//! that were sent are followed to their end whatever becomes of the plan.

use std::time::Duration;

use crate::group::Outlook;
use crate::text::words;

words! {
    /// How a plan stands.
    PlanStatus {
        /// Frozen and forecast; nothing has been touched.
        Draft = "draft",
        /// Items are being sent.
        Running = "running",
        /// An operator stopped the sending for a while.
        Paused = "paused",
        /// It stopped by itself, and says why.
        Halted = "halted",
        /// An operator ended it; what was not sent stays dead.
        Stopped = "stopped",
        /// Every item was sent or passed over, and has come to its end.
        Done = "done",
    }
}

words! {
    /// What an operator does to a plan.
    PlanAct {
        /// Begin.
        Apply = "apply",
        /// Send no more for now.
        Pause = "pause",
        /// Go on, with canaries first.
        Resume = "resume",
        /// Send no more, ever.
        Stop = "stop",
    }
}

impl PlanStatus {
    /// The status after an act; none when the act does not fit.
    pub const fn after(self, act: PlanAct) -> Option<Self> {
        match (self, act) {
            (Self::Draft, PlanAct::Apply) | (Self::Paused | Self::Halted, PlanAct::Resume) => {
                Some(Self::Running)
            }
            (Self::Running, PlanAct::Pause) => Some(Self::Paused),
            (Self::Running | Self::Paused | Self::Halted, PlanAct::Stop) => Some(Self::Stopped),
            _ => None,
        }
    }
}

words! {
    /// How one item of a plan stands.
    ItemStatus {
        /// Not touched yet.
        Planned = "planned",
        /// Passed over: it was not any more what the plan had shown.
        Skipped = "skipped",
        /// Back at work.
        Dispatched = "dispatched",
        /// Its transfer is settled.
        Settled = "settled",
        /// Its transfer was rejected by a rule.
        Rejected = "rejected",
        /// Its transfer failed and was compensated.
        Failed = "failed",
        /// Its transfer is stuck again, with a new dead letter.
        DeadAgain = "dead_again",
    }
}

impl ItemStatus {
    /// Whether this end counts against the plan: worse than what was forecast.
    pub const fn is_bad(self, outlook: Outlook) -> bool {
        match self {
            Self::DeadAgain => true,
            Self::Rejected => !matches!(outlook, Outlook::WouldBeRejected),
            Self::Failed => !matches!(outlook, Outlook::WouldFail),
            _ => false,
        }
    }
}

/// Whether an item looks worse now than when the plan was made: it is then passed over,
/// because nobody agreed to that. One that looks better goes.
pub const fn turned_worse(frozen: Outlook, now: Outlook) -> bool {
    badness(now) > badness(frozen)
}

const fn badness(outlook: Outlook) -> u8 {
    match outlook {
        Outlook::WouldSettle | Outlook::WouldWait => 0,
        Outlook::WouldBeRejected | Outlook::WouldFail => 1,
        Outlook::WouldStickAgain | Outlook::ClosedAlready => 2,
    }
}

/// How fast and how carefully a plan is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Items that go first and alone; 0 for none.
    pub canary_count: u32,
    /// Items a second after that.
    pub rate_per_second: u32,
    /// Of a hundred outcomes so many may be bad.
    pub failure_percent_max: u32,
}

/// Which part of a run it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The canaries are on their way.
    Canary,
    /// They were well; this long ago.
    Ramp(Duration),
}

/// How a running plan stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Items of the plan.
    pub items: u32,
    /// Sent so far.
    pub dispatched: u32,
    /// Passed over so far.
    pub skipped: u32,
    /// Sent, and at their end.
    pub ended: u32,
    /// Which part of the run.
    pub phase: Phase,
    /// Sent in this part.
    pub phase_dispatched: u32,
    /// The newest outcomes of this run, at most [`WINDOW`].
    pub recent: u32,
    /// How many of them are bad.
    pub recent_bad: u32,
    /// Whether a sent item died of a cause that the plan did not know.
    pub new_cause: bool,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Send so many of the next items.
    Send(u32),
    /// The canaries were well: begin the ramp.
    StartRamp,
    /// Nothing, until something has changed.
    Wait,
    /// Stop sending, and say why.
    Halt(HaltReason),
    /// All is at its end.
    Finish,
}

words! {
    /// Why a plan halted by itself.
    HaltReason {
        /// More outcomes were bad than the operator allows.
        TooManyBad = "too_many_bad",
        /// An item died of a cause that was not in the plan.
        NewCause = "new_cause",
    }
}

/// Outcomes that are looked at: an outage after thousands of good ones still shows.
pub const WINDOW: u32 = 200;
/// Fewer outcomes than this say nothing, unless all that were sent have ended.
const SAMPLE_MIN: u32 = 20;
/// How often the sender looks: it sends the share of one look at once.
pub const TICK: Duration = Duration::from_millis(200);
/// Most items of one transaction.
const SEND_MAX: u32 = 1_024;
/// Items that may be under way: two seconds of the rate, but not fewer than these. When
/// what is behind gets slow, outcomes come late and so fewer are sent.
const UNDER_WAY_MIN: u32 = 64;

impl Pace {
    /// Decides the next move of a running plan.
    pub fn next(&self, standing: &Standing) -> Move {
        let under_way = standing.dispatched.saturating_sub(standing.ended);
        if standing.new_cause {
            return Move::Halt(HaltReason::NewCause);
        }
        let enough = standing.recent >= SAMPLE_MIN || under_way == 0;
        if enough && self.is_too_bad(standing) {
            return Move::Halt(HaltReason::TooManyBad);
        }
        let sent = standing.dispatched.saturating_add(standing.skipped);
        let left = standing.items.saturating_sub(sent);
        if left == 0 {
            return if under_way == 0 { Move::Finish } else { Move::Wait };
        }
        let may = match standing.phase {
            Phase::Canary => {
                let canaries = self.canary_count.saturating_sub(standing.phase_dispatched);
                if canaries == 0 && under_way == 0 {
                    return Move::StartRamp;
                }
                canaries
            }
            Phase::Ramp(elapsed) => self.allowed(elapsed, standing.phase_dispatched, under_way),
        };
        match may.min(left).min(SEND_MAX) {
            0 => Move::Wait,
            count => Move::Send(count),
        }
    }

    fn is_too_bad(&self, standing: &Standing) -> bool {
        let bad = standing.recent_bad.saturating_mul(100);
        bad > self.failure_percent_max.saturating_mul(standing.recent)
    }

    /// What the rate allows by now, less what was sent, and no more than may be under way. Time in which nothing could be
    /// sent is not caught up with: what has just recovered is not flooded.
    fn allowed(&self, elapsed: Duration, sent: u32, under_way: u32) -> u32 {
        let ahead = elapsed.saturating_add(TICK).as_millis();
        let by_now = u128::from(self.rate_per_second).saturating_mul(ahead).div_euclid(1_000);
        let by_now = u32::try_from(by_now).unwrap_or(u32::MAX).max(1);
        let under_way_max = self.rate_per_second.saturating_mul(2).max(UNDER_WAY_MIN);
        let credit = by_now.saturating_sub(sent).min(self.rate_per_second.max(1));
        credit.min(under_way_max.saturating_sub(under_way))
    }
}

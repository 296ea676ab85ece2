//! Many transfers advanced over one set of locked wallets.
//!
//! A group is what one database transaction does. The runner locks the wallets,
//! hands them over as a [`Book`], advances each transfer in id order, and writes
//! what the book and the transfers say has changed. Judging in order against the
//! running balances makes the verdicts exact: the same as one transfer at a time,
//! where a rejected one takes nothing.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::answer::{Answer, Awaited};
use crate::event::{Envelope, EventType, TransferData};
use crate::failure::{Failure, FailureClass};
use crate::ids::{EventId, TransferId, WalletId};
use crate::money::{Amount, Currency, MinorUnits};
use crate::retry::RetrySchedule;
use crate::saga::{Action, Event, IllegalTransition, Resolution, State, Step, StuckReason};
use crate::switch::{Switch, SwitchSet};
use crate::terms::Terms;
use crate::transfer::{TransferKind, TransferStatus};

mod book;
mod faults;
mod forecast;
mod outside;
mod patience;
mod people;
mod steps;
pub use book::{Book, PostedEntry, PostedLine, WalletChange};
pub use faults::{Fault, Faults, NoFaults};
pub use forecast::{Forecast, Outlook, forecast};
pub use patience::Patience;

/// How far one transaction goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Boundaries {
    /// As far as the saga goes without leaving the database.
    #[default]
    Fused,
    /// One step a transaction.
    EveryStep,
}

/// A transfer whose saga is not at its end, as its open row holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTransfer {
    /// The transfer.
    pub id: TransferId,
    /// Its kind.
    pub kind: TransferKind,
    /// Null until the first step for kinds whose source is a system wallet: the
    /// lane then chooses its own shard.
    pub source: Option<WalletId>,
    /// Where the money goes.
    pub destination: WalletId,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// The step to run next, or whose undo is next.
    pub step: Step,
    /// Tries of that step already used; 0 before the first.
    pub attempt: u32,
    /// What made the saga turn back; null while it goes forward.
    pub undo_of: Option<Failure>,
    /// What its hold reserves now; 0 when there is none.
    pub hold: MinorUnits,
    /// The day on which limits count it; null before it is screened, and when none concerned it.
    pub limit_day: Option<NaiveDate>,
    /// Lines written to its step log so far.
    pub log_seq: u16,
    /// What it has beyond a plain transfer; none for a plain one.
    pub terms: Option<Box<Terms>>,
    /// What has come from outside for its step; read once.
    pub answer: Option<Answer>,
    /// Calls of its step that may have gone out.
    pub call_count: u32,
}

/// One line of the step log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Position in the log, from 1.
    pub seq: u16,
    /// The step.
    pub step: Step,
    /// Whether its undo ran, not the step itself.
    pub undo: bool,
    /// Which try it was.
    pub attempt: u32,
    /// Null when it succeeded.
    pub failure: Option<Failure>,
}

/// How a transfer stands after the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// At a durable boundary, ready to go on at once.
    Ready,
    /// Waits for a retry.
    Waiting(std::time::Duration),
    /// Before a step that waits for somebody outside.
    Awaits {
        /// For what.
        what: Awaited,
        /// When the time for it is up, or the next try is due.
        until: DateTime<Utc>,
    },
    /// At a durable boundary that this switch keeps it at. No attempt of the next step is spent.
    Paused(Switch),
    /// At its end.
    Final,
    /// Parked for a person.
    Stuck {
        /// Why.
        reason: StuckReason,
        /// The last failure.
        failure: Failure,
    },
}

/// What one transaction did to one transfer.
#[derive(Debug, Clone)]
pub struct Advanced {
    /// The transfer afterwards.
    pub transfer: OpenTransfer,
    /// How it stands.
    pub progress: Progress,
    /// What a client sees now.
    pub status: TransferStatus,
    /// What made it end badly, if it did.
    pub failure: Option<Failure>,
    /// Its new log lines.
    pub log: Vec<LogLine>,
    /// The entry it posted, if it did.
    pub entry: Option<PostedEntry>,
    /// What the world is told.
    pub event: Option<Envelope<TransferData>>,
}

/// The group cannot go on: the stored state contradicts itself. Nothing of it may be committed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenInvariant {
    /// The saga met an event that its state does not know.
    #[error("transfer {transfer}")]
    Transition {
        /// Whose saga.
        transfer: TransferId,
        /// What was wrong.
        #[source]
        source: IllegalTransition,
    },
    /// A step found something that cannot be.
    #[error("transfer {transfer}: {what}")]
    Ledger {
        /// Whose step.
        transfer: TransferId,
        /// What was found.
        what: &'static str,
    },
    /// A decision that must not fail was refused by a rule.
    #[error("transfer {transfer}: {code}")]
    Refused {
        /// Whose decision.
        transfer: TransferId,
        /// Code of the rule.
        code: String,
    },
}

/// What does not change within one group.
pub struct Rules<'a> {
    /// When to retry.
    pub schedule: &'a RetrySchedule,
    /// How long to wait for others.
    pub patience: Patience,
    /// How far to go.
    pub boundaries: Boundaries,
    /// The shard of the system wallets that this lane posts to.
    pub shard: u8,
    /// Failures to inject; [`NoFaults`] outside tests.
    pub faults: &'a dyn Faults,
    /// What operators have paused.
    pub switches: SwitchSet,
    /// The database's clock, read after the wallets were locked.
    pub now: DateTime<Utc>,
    /// Makes a new uuid v7.
    pub new_id: &'a (dyn Fn() -> Uuid + Sync),
}

impl Rules<'_> {
    /// Advances one transfer as far as it goes in this transaction.
    pub fn advance(
        &self,
        mut transfer: OpenTransfer,
        book: &mut Book,
    ) -> Result<Advanced, BrokenInvariant> {
        let mut log = Vec::with_capacity(3);
        let mut entry = None;
        let loaded = State::Waiting {
            step: transfer.step,
            attempt: transfer.attempt,
            undo_of: transfer.undo_of.take(),
        };
        let (mut state, mut action) = self.next(loaded, Event::Due, &transfer)?;
        // Bounded: each turn runs one step or one undo, and the saga has few of either.
        while self.pause(&transfer, &action).is_none() {
            let event = match action {
                Action::Run(step) if self.awaits(&transfer, step).is_some() => break,
                Action::Run(step) => {
                    let outcome = self.perform(step, false, &mut transfer, book, &mut entry)?;
                    note(&mut log, &mut transfer, step, false, &state, outcome.clone().err());
                    outcome.map_or_else(Event::Failed, |()| Event::Succeeded)
                }
                Action::Undo(step) => {
                    let outcome = self.perform(step, true, &mut transfer, book, &mut entry)?;
                    note(&mut log, &mut transfer, step, true, &state, outcome.clone().err());
                    outcome
                        .map_or_else(Event::CompensationFailed, |()| Event::CompensationSucceeded)
                }
                Action::Wait(_) | Action::Finish | Action::OpenDeadLetter => break,
            };
            (state, action) = self.next(state, event, &transfer)?;
            let more = matches!(action, Action::Run(_) | Action::Undo(_));
            if more && self.boundaries == Boundaries::EveryStep {
                break;
            }
        }
        Ok(self.conclude(state, &action, transfer, book, log, entry))
    }

    /// Parks a transfer that the runner cannot go on with. Touches no wallet's money.
    pub fn halt(
        &self,
        mut transfer: OpenTransfer,
        reason: StuckReason,
        failure: Failure,
        book: &mut Book,
    ) -> Result<Advanced, BrokenInvariant> {
        let (step, attempt) = (transfer.step, transfer.attempt);
        let undo_of = transfer.undo_of.take();
        let mut log = Vec::with_capacity(1);
        let loaded = State::Waiting { step, attempt, undo_of: undo_of.clone() };
        note(&mut log, &mut transfer, step, undo_of.is_some(), &loaded, Some(failure.clone()));
        let (state, action) = self.next(loaded, Event::Halted(reason, failure), &transfer)?;
        Ok(self.conclude(state, &action, transfer, book, log, None))
    }

    fn next(
        &self,
        state: State,
        event: Event,
        transfer: &OpenTransfer,
    ) -> Result<(State, Action), BrokenInvariant> {
        state
            .next(event, transfer.route(), transfer.id, self.schedule)
            .map_err(|source| BrokenInvariant::Transition { transfer: transfer.id, source })
    }

    /// The switch that forbids this action now.
    fn pause(&self, transfer: &OpenTransfer, action: &Action) -> Option<Switch> {
        let (step, undo) = match action {
            // There is nothing to run yet: it waits for the client, as it would without the switch.
            Action::Run(Step::AwaitCapture) if transfer.answer.is_none() => return None,
            Action::Run(step) => (*step, false),
            Action::Undo(step) => (*step, true),
            Action::Wait(_) | Action::Finish | Action::OpenDeadLetter => return None,
        };
        self.switches.pausing(transfer.kind, step, undo)
    }

    /// Turns the saga's state into what is to be stored and told.
    fn conclude(
        &self,
        state: State,
        action: &Action,
        mut transfer: OpenTransfer,
        book: &mut Book,
        log: Vec<LogLine>,
        entry: Option<PostedEntry>,
    ) -> Advanced {
        let wait = match action {
            Action::Wait(delay) => Progress::Waiting(*delay),
            _ => self.rest(&transfer, action),
        };
        let resolution = match state {
            State::Abandoned(resolution) => Some(resolution),
            _ => None,
        };
        let began_at = transfer.step;
        let held = if transfer.hold > MinorUnits::ZERO {
            TransferStatus::Held
        } else {
            TransferStatus::Accepted
        };
        let (progress, status, failure) = match state {
            State::Running { step, attempt } => {
                transfer.step = step;
                transfer.attempt = attempt.saturating_sub(1);
                (wait, held, None)
            }
            State::Waiting { step, attempt, undo_of } => {
                transfer.step = step;
                transfer.attempt = attempt;
                transfer.undo_of = undo_of;
                (wait, held, None)
            }
            State::Compensating { step, attempt, failure } => {
                transfer.step = step;
                transfer.attempt = attempt.saturating_sub(1);
                transfer.undo_of = Some(failure);
                (wait, held, None)
            }
            State::Completed => (Progress::Final, TransferStatus::Settled, None),
            State::Abandoned(resolution) => match resolution.failure() {
                None => (Progress::Final, TransferStatus::Settled, None),
                failure => (Progress::Final, TransferStatus::Failed, failure),
            },
            State::Compensated { failure } => {
                let status = match failure.class {
                    FailureClass::Rejected => TransferStatus::Rejected,
                    FailureClass::Voided => TransferStatus::Voided,
                    FailureClass::Expired => TransferStatus::Expired,
                    FailureClass::Transient | FailureClass::Permanent | FailureClass::Unknown => {
                        TransferStatus::Failed
                    }
                };
                (Progress::Final, status, Some(failure))
            }
            State::Stuck { step, reason, failure, undo_of } => {
                transfer.step = step;
                transfer.attempt = 0;
                transfer.undo_of = undo_of;
                let told = Some(failure.clone());
                (Progress::Stuck { reason, failure }, TransferStatus::Stuck, told)
            }
        };
        if transfer.step != began_at {
            transfer.call_count = 0;
        }
        let at = entry.as_ref().map_or(self.now, |entry| entry.posted_at);
        let newly_held =
            matches!(progress, Progress::Awaits { what: Awaited::Capture, .. }) && !log.is_empty();
        let event =
            self.event(&transfer, status, newly_held, (failure.clone(), resolution), at, book);
        // One that is not used by now was no answer to what is waited for next. A parked transfer
        // keeps it: whoever was told that it was taken is not to learn later that it was lost.
        if matches!(progress, Progress::Awaits { .. } | Progress::Waiting(_)) {
            transfer.answer = None;
        }
        Advanced { transfer, progress, status, failure, log, entry, event }
    }

    fn event(
        &self,
        transfer: &OpenTransfer,
        status: TransferStatus,
        newly_held: bool,
        (failure, resolution): (Option<Failure>, Option<Resolution>),
        occurred_at: DateTime<Utc>,
        book: &mut Book,
    ) -> Option<Envelope<TransferData>> {
        let event_type = match status {
            TransferStatus::Settled => EventType::TransferSettled,
            TransferStatus::Rejected => EventType::TransferRejected,
            TransferStatus::Failed => EventType::TransferFailed,
            TransferStatus::Stuck => EventType::TransferStuck,
            TransferStatus::Voided => EventType::TransferVoided,
            TransferStatus::Expired => EventType::TransferExpired,
            TransferStatus::Held if newly_held => EventType::TransferHeld,
            TransferStatus::Held | TransferStatus::Accepted => return None,
        };
        // Only a settled transfer is news to the one who would have received.
        let told = match status {
            TransferStatus::Settled => [transfer.source, Some(transfer.destination)],
            _ => [transfer.source, None],
        };
        Some(Envelope {
            event_id: EventId((self.new_id)()),
            event_type,
            occurred_at,
            wallet_seqs: told.into_iter().flatten().filter_map(|id| book.next_event(id)).collect(),
            data: TransferData {
                transfer_id: transfer.id,
                kind: transfer.kind,
                source_wallet_id: transfer.source,
                destination_wallet_id: transfer.destination,
                amount_minor: transfer.moves(),
                currency: transfer.currency,
                failure,
                resolution,
            },
        })
    }
}

/// Adds a line to the step log.
fn note(
    log: &mut Vec<LogLine>,
    transfer: &mut OpenTransfer,
    step: Step,
    undo: bool,
    state: &State,
    failure: Option<Failure>,
) {
    let attempt = match state {
        State::Running { attempt, .. }
        | State::Compensating { attempt, .. }
        | State::Waiting { attempt, .. } => *attempt,
        _ => 1,
    };
    transfer.log_seq = transfer.log_seq.saturating_add(1);
    log.push(LogLine { seq: transfer.log_seq, step, undo, attempt: attempt.max(1), failure });
}

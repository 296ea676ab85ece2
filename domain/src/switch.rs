//! Switches: what an operator can stop and start again without a deployment.
//!
//! Every switch that can exist is known here. A switch that nobody ever touched has its
//! default: pauses and maintenance are off, flags are on.

use crate::job::Queue;
use crate::saga::Step;
use crate::text::words;
use crate::transfer::TransferKind;

words! {
    /// What sort of switch it is.
    SwitchKind {
        /// No new money is moved and no wallet is changed; reads go on. It has no subject.
        Maintenance = "maintenance",
        /// Transfers of a kind stay where they are.
        PauseSaga = "pause_saga",
        /// Transfers stay before a step. Undos go on.
        PauseStep = "pause_step",
        /// Nothing new is taken from a queue.
        PauseQueue = "pause_queue",
        /// A part of the service that can be left out.
        Flag = "flag",
    }
}

words! {
    /// A part of the service that can be left out.
    Flag {
        /// `Prefer: wait` is honoured. Off, the answer is 202 at once: the load of those who
        /// wait is shed.
        PreferWait = "prefer_wait",
    }
}

/// One switch: a kind and its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Switch {
    /// See [`SwitchKind::Maintenance`].
    Maintenance,
    /// See [`SwitchKind::PauseSaga`].
    PauseSaga(TransferKind),
    /// See [`SwitchKind::PauseStep`].
    PauseStep(Step),
    /// See [`SwitchKind::PauseQueue`].
    PauseQueue(Queue),
    /// See [`SwitchKind::Flag`].
    Flag(Flag),
}

/// There is no switch of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no switch '{name}'")]
pub struct UnknownSwitch {
    /// What was asked for, as `kind:subject`.
    pub name: String,
}

impl Switch {
    /// Every switch there is, kind by kind.
    pub fn all() -> impl Iterator<Item = Self> {
        let sagas = TransferKind::ALL.iter().map(|&kind| Self::PauseSaga(kind));
        let steps = Step::ALL.iter().map(|&step| Self::PauseStep(step));
        let queues = Queue::ALL.iter().map(|&queue| Self::PauseQueue(queue));
        let flags = Flag::ALL.iter().map(|&flag| Self::Flag(flag));
        [Self::Maintenance].into_iter().chain(sagas).chain(steps).chain(queues).chain(flags)
    }

    /// The switch with these words.
    pub fn find(kind: &str, subject: &str) -> Result<Self, UnknownSwitch> {
        let named = |one: &Self| one.kind().as_str() == kind && one.subject() == subject;
        Self::all().find(named).ok_or_else(|| UnknownSwitch { name: format!("{kind}:{subject}") })
    }

    /// Its kind.
    pub const fn kind(self) -> SwitchKind {
        match self {
            Self::Maintenance => SwitchKind::Maintenance,
            Self::PauseSaga(_) => SwitchKind::PauseSaga,
            Self::PauseStep(_) => SwitchKind::PauseStep,
            Self::PauseQueue(_) => SwitchKind::PauseQueue,
            Self::Flag(_) => SwitchKind::Flag,
        }
    }

    /// What of its kind it is about; empty for maintenance.
    pub const fn subject(self) -> &'static str {
        match self {
            Self::Maintenance => "",
            Self::PauseSaga(kind) => kind.as_str(),
            Self::PauseStep(step) => step.as_str(),
            Self::PauseQueue(queue) => queue.as_str(),
            Self::Flag(flag) => flag.as_str(),
        }
    }

    /// How it stands when nobody has touched it.
    pub const fn on_by_default(self) -> bool {
        matches!(self, Self::Flag(_))
    }

    /// What a transfer that it holds up waits for, as the open row says it.
    pub fn waiting_for(self) -> String {
        format!("switch:{self}")
    }

    /// Its place in a [`SwitchSet`].
    fn bit(self) -> u64 {
        let place = Self::all().position(|one| one == self);
        let place = place.and_then(|place| u32::try_from(place).ok());
        place.and_then(|place| 1_u64.checked_shl(place)).unwrap_or(0)
    }
}

/// `kind:subject`.
impl std::fmt::Display for Switch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.kind(), self.subject())
    }
}

/// How all switches stand at one moment. One word of memory, so that hot paths can ask
/// at every turn; almost always nothing differs from its default, and then the answer is
/// one comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SwitchSet {
    /// The switches that differ from their defaults.
    flipped: u64,
}

impl SwitchSet {
    /// The same set with this switch turned.
    #[must_use]
    pub fn with(mut self, switch: Switch, on: bool) -> Self {
        if on == switch.on_by_default() {
            self.flipped &= !switch.bit();
        } else {
            self.flipped |= switch.bit();
        }
        self
    }

    /// Whether the switch is on.
    pub fn is_on(self, switch: Switch) -> bool {
        let flipped = self.flipped != 0 && self.flipped & switch.bit() != 0;
        flipped != switch.on_by_default()
    }

    /// What keeps a transfer of this kind from running this step, or its undo. What was
    /// done can be undone while a step is paused, but not while its whole kind is.
    pub fn pausing(self, kind: TransferKind, step: Step, undo: bool) -> Option<Switch> {
        if self.flipped == 0 {
            return None;
        }
        let step = (!undo).then_some(Switch::PauseStep(step));
        [Some(Switch::PauseSaga(kind)), step].into_iter().flatten().find(|&one| self.is_on(one))
    }
}

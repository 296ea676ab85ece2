//! The steps of the saga and their order.

use crate::text::words;

words! {
    /// One unit of the saga with one effect and, where needed, one compensation.
    Step {
        /// Reserves the amount. Its undo voids the hold.
        PlaceHold = "place_hold",
        /// Looks at both wallets, and counts it against limits. What it counted goes back with the hold.
        Screen = "screen",
        /// Posts the journal entry and captures the hold: the pivot.
        PostEntry = "post_entry",
    }
}

impl Step {
    /// The step after which a saga only goes forward.
    pub const PIVOT: Self = Self::PostEntry;

    /// Whether the saga has passed its pivot when this step runs.
    pub fn is_after_pivot(self) -> bool {
        std::iter::successors(Self::PIVOT.next(), |step| step.next()).any(|step| step == self)
    }

    /// The step after this one.
    pub const fn next(self) -> Option<Self> {
        match self {
            Self::PlaceHold => Some(Self::Screen),
            Self::Screen => Some(Self::PostEntry),
            Self::PostEntry => None,
        }
    }

    /// The steps before this one, the first one first.
    pub fn done_before(self) -> Vec<Self> {
        let mut done: Vec<Self> =
            std::iter::successors(self.previous(), |step| step.previous()).collect();
        done.reverse();
        done
    }

    /// The nearest step with a compensation, from this one backwards, itself included.
    pub(super) const fn undo_from(step: Option<Self>) -> Option<Self> {
        match step {
            Some(Self::PlaceHold | Self::Screen | Self::PostEntry) => Some(Self::PlaceHold),
            None => None,
        }
    }

    /// The step before this one.
    pub(super) const fn previous(self) -> Option<Self> {
        match self {
            Self::PlaceHold => None,
            Self::Screen => Some(Self::PlaceHold),
            Self::PostEntry => Some(Self::Screen),
        }
    }
}

//! Failures on demand, as the tests of faults need them.

use std::sync::atomic::{AtomicU32, Ordering};

use domain::failure::Failure;
use domain::group::{Fault, Faults, OpenTransfer};
use domain::saga::Step;

/// One place in the saga: a step, or its undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub step: Step,
    pub undo: bool,
}

pub fn doing(step: Step) -> Place {
    Place { step, undo: false }
}

pub fn undoing(step: Step) -> Place {
    Place { step, undo: true }
}

/// Does one thing at each listed place, as often as it says.
pub struct Script(Vec<(Place, Fault, AtomicU32)>);

impl Script {
    pub fn new<const N: usize>(faults: [(Place, Fault, u32); N]) -> Self {
        let faults = faults.into_iter();
        Self(faults.map(|(place, fault, times)| (place, fault, AtomicU32::new(times))).collect())
    }

    /// Fails at `place` each time.
    pub fn always(place: Place, failure: Failure) -> Self {
        Self::new([(place, Fault::Fail(failure), u32::MAX)])
    }

    /// Fails at `place` the first time.
    pub fn once(place: Place, failure: Failure) -> Self {
        Self::new([(place, Fault::Fail(failure), 1)])
    }
}

impl Faults for Script {
    fn before(&self, _: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        let (_, fault, left) = self.0.iter().find(|(place, ..)| *place == Place { step, undo })?;
        let counted = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        counted.is_ok().then(|| fault.clone())
    }
}

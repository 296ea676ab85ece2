use std::sync::Arc;

use domain::failure::{Failure, FailureClass};
use domain::group::{Fault, Faults, OpenTransfer};
use domain::ids::TransferId;
use domain::saga::Step;

use super::fleet::Fleet;

/// Of a thousand transfers this many meet a failure of the screen step that never passes: the dead letters.
const NEVER_PERMILLE: u128 = 2;
/// And this many more meet one that passes.
const PASSES_PERMILLE: u128 = 8;
/// Tries that fail before it passes.
const FAILED_TRIES: u32 = 2;

/// What [`hooks`] does to transfers.
pub(super) const DESCRIPTION: &str = "made-up failures of the screening: 0.8 % pass after retries, 0.2 % never and\n\
    \x20             end as dead letters (in about 30 s)";

/// What goes wrong for a transfer on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mishap {
    Passes,
    Never,
}

/// Hooks that make some transfers of the fleet fail, and no others.
pub(crate) fn hooks(fleet: Arc<Fleet>) -> jobs::Hooks {
    jobs::Hooks { faults: Box::new(LoadFaults { fleet }), ..jobs::Hooks::default() }
}

/// Whether something goes wrong for this transfer on purpose: its latency says nothing about the system.
pub(crate) fn is_chosen(transfer: TransferId) -> bool {
    mishap(transfer).is_some()
}

/// The last bits of a uuid v7 are random, so they choose evenly, and the same transfer always alike.
fn mishap(transfer: TransferId) -> Option<Mishap> {
    let lot = transfer.0.as_u128() % 1000;
    if lot < NEVER_PERMILLE {
        Some(Mishap::Never)
    } else if lot < NEVER_PERMILLE + PASSES_PERMILLE {
        Some(Mishap::Passes)
    } else {
        None
    }
}

struct LoadFaults {
    fleet: Arc<Fleet>,
}

impl Faults for LoadFaults {
    fn before(&self, transfer: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        let ours = transfer.source.is_some_and(|source| self.fleet.has(source));
        if !ours || undo || step != Step::Screen {
            return None;
        }
        match mishap(transfer.id)? {
            Mishap::Passes if transfer.attempt >= FAILED_TRIES => None,
            Mishap::Passes | Mishap::Never => Some(Fault::Fail(Failure::new(
                FailureClass::Transient,
                "screening_unavailable",
                "The screening did not answer (made up by the synthetic load).",
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_one_transfer_in_a_hundred_is_chosen() {
        let ids = (0..100_000).map(|_| TransferId(uuid::Uuid::now_v7()));
        let mishaps: Vec<_> = ids.filter_map(mishap).collect();
        let never = mishaps.iter().filter(|mishap| **mishap == Mishap::Never).count();
        assert!((700..1300).contains(&mishaps.len()), "{}", mishaps.len());
        assert!((100..300).contains(&never), "{never}");
    }
}

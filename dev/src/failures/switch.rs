use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use domain::group::{Fault, Faults, OpenTransfer};
use domain::saga::Step;
use jobs::{Consumer, ConsumerFaults};
use store::inbox::IncomingEvent;

use super::plan;
use crate::load::Fleet;

/// What all failures obey.
#[derive(Default)]
pub(super) struct Switch {
    began: OnceLock<Instant>,
    off: AtomicBool,
}

impl Switch {
    /// From here on things break.
    pub(super) fn begin(&self) {
        self.began.get_or_init(Instant::now);
    }

    /// From here on nothing does.
    pub(super) fn end(&self) {
        self.off.store(true, Ordering::Relaxed);
    }

    /// How long things have been breaking; none while they do not.
    pub(super) fn elapsed(&self) -> Option<Duration> {
        let on = !self.off.load(Ordering::Relaxed);
        self.began.get().filter(|_| on).map(Instant::elapsed)
    }
}

/// Hooks that make transfers of the fleet and messages of consumers fail by the plan.
pub(super) fn hooks(switch: &Arc<Switch>, fleet: Arc<Fleet>) -> jobs::Hooks {
    jobs::Hooks {
        faults: Box::new(OfTransfers { switch: Arc::clone(switch), fleet }),
        consumers: Arc::new(OfConsumers(Arc::clone(switch))),
        ..jobs::Hooks::default()
    }
}

struct OfTransfers {
    switch: Arc<Switch>,
    fleet: Arc<Fleet>,
}

impl Faults for OfTransfers {
    fn before(&self, transfer: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        let elapsed = self.switch.elapsed()?;
        // Neither the demo wallets nor anybody's own.
        let ours = transfer.source.is_some_and(|source| self.fleet.has(source));
        let failure = plan::failure(transfer.id, (step, undo), transfer.attempt, elapsed);
        failure.filter(|_| ours).map(Fault::Fail)
    }
}

struct OfConsumers(Arc<Switch>);

impl ConsumerFaults for OfConsumers {
    fn drops(&self, consumer: Consumer, events: &[IncomingEvent]) -> bool {
        let dropped = |elapsed| events.iter().any(|event| plan::drops(consumer, event.id, elapsed));
        self.0.elapsed().is_some_and(dropped)
    }
}

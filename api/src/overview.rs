//! How Holdfast stands, on one page for operators.
//!
//! A process samples for all consoles together: once a second while somebody has asked in
//! the last ten, and into memory. A request reads nothing but that. So the database pays
//! once, however many look, and nothing when nobody does. All figures come from the
//! database, so that processes agree. See docs/decisions/0020.

use std::sync::Arc;
use std::time::Duration;

use store::pool::Pool;
use tokio::task::JoinHandle;
use tokio::time::timeout;

mod history;
mod known;
mod latency;
mod pace;
mod samplers;
mod shared;
mod view;

pub(crate) use history::POINTS_MAX;
use known::Known;
use pace::{Asked, Pace};
use samplers::{CheckSampler, OpenSampler, PulseSampler};
pub(crate) use shared::SharedRead;

/// After a question samples are taken for so long: a console that lives asks again much sooner.
const ASKED_FOR: Duration = Duration::from_secs(10);
/// Between two samples of what changes all the time.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);
/// Between two checks of the ledger, which read every wallet.
const CHECK_EVERY: Duration = Duration::from_secs(30);
/// How long those who begin to look wait for the first sample.
const WAIT_MAX: Duration = Duration::from_secs(4);

/// The samplers. Dropping this ends their tasks.
pub(crate) struct Overview {
    asked: Arc<Asked>,
    known: Arc<Known>,
    tasks: [JoinHandle<()>; 3],
}

impl Overview {
    /// Starts their tasks on the current runtime; they sleep until somebody asks. `checks` is a
    /// pool without time limits, because a check of many wallets takes long.
    pub(crate) fn start(reads: &Pool, checks: Pool) -> Self {
        let (asked, known) = (Arc::new(Asked::default()), Arc::new(Known::new()));
        let often = Pace { every: SAMPLE_EVERY, asked_for: ASKED_FOR, forgives_one: true };
        let rarely = Pace { every: CHECK_EVERY, asked_for: ASKED_FOR, forgives_one: false };
        let pulse = PulseSampler::new(reads.clone(), known.clone());
        let open = OpenSampler::new(reads.clone(), known.clone());
        let check = CheckSampler::new(checks, known.clone());
        let tasks = [
            tokio::spawn(pace::run(asked.clone(), often, pulse)),
            tokio::spawn(pace::run(asked.clone(), often, open)),
            tokio::spawn(pace::run(asked.clone(), rarely, check)),
        ];
        Self { asked, known, tasks }
    }

    /// The newest sample with `points` seconds of history, at once while somebody looks. None
    /// when the database gives no answer for the first one.
    pub(crate) async fn read(&self, points: u64) -> Option<wire::Overview> {
        let began = self.asked.ask(ASKED_FOR);
        // In vain when the database is away: then an old sample says how old it is.
        let _ = timeout(WAIT_MAX, self.known.known_since(began)).await;
        self.known.view(points)
    }

    /// Ends their tasks.
    pub(crate) fn stop(&self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for Overview {
    fn drop(&mut self) {
        self.stop();
    }
}
